"""Companies have an identity of their own: tickers are names that they take, leave and reuse."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, CompanyOverview, ProblemKind
from signal9_core.domain.prices import Interval
from signal9_core.domain.reports import ReportKind
from signal9_core.errors import InputError, NotFoundError
from signal9_core.events import AssetDataUpdated
from signal9_core.ports import Item
from signal9_core.provider_port import Financials, RawResponse
from signal9_core.raw_archive import FolderFiles, RawArchive
from signal9_core.schemas.companies import AssetAnswer
from signal9_core.settings import Settings
from tests.core.conftest import app_over
from tests.fakes import AttentivePublisher, FakeProvider, SetClock, article, income, series
from tests.recordings import needs_recordings, recorded
from tests.spied import SpiedStore

FACEBOOK = Asset(ticker="FB", name="Facebook Inc", cik="1326801", ipo_date=date(2012, 5, 18))
META = Asset(ticker="META", name="Meta Platforms Inc", cik="1326801", ipo_date=date(2012, 5, 18))
ETF = Asset(ticker="FB", name="ProShares Buffer ETF", cik="1174610", ipo_date=date(2025, 6, 26))
OTHERS = [Asset(ticker=f"X{number}", name=f"Other {number}") for number in range(30)]
OLD_BARS = series("FB", day_20220607="195.65", day_20220608="196.64")
NEW_BARS = series("FB", day_20250626="40.1", day_20250627="40.2")
BOTH = series(
    "FB", day_20220607="195.65", day_20220608="196.64", day_20250626="40.1", day_20250627="40.2"
)


@pytest.fixture
def provider() -> FakeProvider:
    provider = FakeProvider(covering=None, overviews={}, series={}, reports={}, articles=[])
    return listed(provider, 2022, 6, 8, FACEBOOK)


def listed(provider: FakeProvider, year: int, month: int, day: int, *own: Asset) -> FakeProvider:
    """Return the provider on a day on which it lists these and thirty others."""
    provider.at = datetime(year, month, day, 22, tzinfo=UTC)
    provider.listing = [*own, *OTHERS]
    return provider


def bars(app: App, ticker: str) -> Sequence[str]:
    found = app.get_prices.series(ticker, None, None, Interval.DAY, adjusted=False)
    return [str(found.day(at)) for at in range(len(found))]


def facebook(app: App, provider: FakeProvider) -> None:
    """Ingest Facebook with all kinds of data."""
    provider.series, provider.actions = {"FB": OLD_BARS}, {"FB": []}
    provider.overviews = {"FB": CompanyOverview(ticker="FB", name="Facebook Inc", cik="1326801")}
    provider.reports = {"FB": Financials([income("FB", "2021-12-31", "117929000000")])}
    provider.articles = [article("Facebook fell", "2022-06-07T10:00", "FB", sentiment="-0.5")]
    app.ingest()
    app.ingest(tickers=["FB"])


def profile(app: App, ticker: str) -> AssetAnswer:
    return app.get_asset(ticker)


def test_a_company_that_left_the_listing_is_inactive_from_that_day_on(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    app.ingest()
    listed(provider, 2022, 6, 9)
    publisher.heard = []

    answer = app.ingest()

    gone = profile(app, "FB")
    assert (gone.status, gone.delisting_date) == ("inactive", date(2022, 6, 9))
    assert answer.changed["listing"] == 1
    assert [event.tickers for event in publisher.heard if isinstance(event, AssetDataUpdated)] == [
        ("FB",)
    ]
    assert "FB" not in [item.ticker for item in app.list_assets(limit=1000).items]
    assert app.ingest().changed["listing"] == 0


def test_a_company_that_comes_back_is_active_again(app: App, provider: FakeProvider) -> None:
    app.ingest()
    listed(provider, 2022, 6, 9)
    app.ingest()
    listed(provider, 2022, 6, 10, FACEBOOK)

    app.ingest()

    back = profile(app, "FB")
    assert (back.status, back.delisting_date, back.since) == ("active", None, None)


def test_an_older_listing_neither_removes_nor_revives_a_company(
    app: App, provider: FakeProvider
) -> None:
    app.ingest()
    listed(provider, 2022, 6, 10)
    app.ingest()

    listed(provider, 2022, 6, 1, FACEBOOK)
    provider.listing = provider.listing[:-1]
    app.ingest()

    assert profile(app, "FB").status == "inactive"
    assert profile(app, "X29").status == "active"


def companies(spied: SpiedStore) -> dict[tuple[str, ...], Item]:
    """Return what is stored of companies."""
    return {place: item for place, item in spied.contents().items() if place[0] == "Assets"}


@pytest.mark.parametrize("left", [3, 30])
def test_a_listing_that_lost_more_than_a_tenth_is_refused_and_changes_nothing(
    left: int, app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    provider.listing = OTHERS[:]
    app.ingest()
    before = companies(spied)
    provider.listing = [*OTHERS[: 29 - left], META] if left < 30 else []

    answer = app.ingest()

    (failure,) = answer.failed
    assert (failure.data_set, failure.ticker, failure.transient) == ("listing", None, False)
    assert "the listing lacks" in failure.reason
    assert companies(spied) == before

    accepted = app.ingest(accept_losses=True)

    assert not accepted.failed
    assert profile(app, "X29").status == "inactive"


def test_a_listing_of_another_provider_removes_and_renames_nothing(
    app: App, provider: FakeProvider, spied: SpiedStore, clock: SetClock
) -> None:
    facebook(app, provider)
    other = FakeProvider(name="other", covering=None, at=provider.at)
    other.listing = [Asset(ticker="FB"), Asset(ticker="NEW", name="New", cik="1326801")]

    app_over(spied, clock, other).ingest()

    kept = profile(app, "FB")
    assert (kept.status, kept.cik, kept.name) == ("active", "1326801", "Facebook Inc")
    assert (kept.since, kept.renamed_to, kept.problems) == (None, None, ())
    assert profile(app, "X3").status == "active"


@pytest.mark.parametrize("evidence", ["cik", "id"])
def test_a_company_under_a_new_ticker_is_a_rename_that_both_records_name(
    evidence: str, app: App, provider: FakeProvider
) -> None:
    own = {} if evidence == "cik" else {"cik": None, "id": "82e7ab75"}
    listed(provider, 2022, 6, 8, FACEBOOK.model_copy(update=own))
    facebook(app, provider)
    listed(provider, 2022, 6, 9, META.model_copy(update=own))

    app.ingest()

    old, new = profile(app, "FB"), profile(app, "META")
    assert (old.status, old.renamed_to) == ("inactive", "META")
    assert [(former.ticker, former.until) for former in new.former_tickers] == [
        ("FB", date(2022, 6, 9))
    ]
    assert bars(app, "FB") == ["2022-06-07", "2022-06-08"]
    assert bars(app, "META") == []
    assert app.search("FB").items[0].ticker == "META"


def test_one_of_several_tickers_of_a_company_is_not_renamed_by_its_cik(
    app: App, provider: FakeProvider
) -> None:
    shares = [Asset(ticker=ticker, name="Bank", cik="19617") for ticker in ("BK", "BK.A", "BK.B")]
    listed(provider, 2022, 6, 8, *shares[:2])
    app.ingest()
    listed(provider, 2022, 6, 9, shares[0], shares[2])

    app.ingest()

    assert profile(app, "BK.A").renamed_to is None
    assert profile(app, "BK.B").former_tickers == ()


def test_a_rename_is_completed_where_the_old_ticker_left_some_days_before(
    app: App, provider: FakeProvider
) -> None:
    app.ingest()
    listed(provider, 2022, 6, 9)
    app.ingest()
    listed(provider, 2022, 6, 13, META)

    app.ingest()

    assert profile(app, "FB").renamed_to == "META"
    assert profile(app, "META").former_tickers[0].until == date(2022, 6, 9)


@pytest.mark.parametrize("answer", [NEW_BARS, BOTH])
@pytest.mark.parametrize("renamed", [True, False])
@pytest.mark.parametrize(
    "missing", [{}, {"ipo_date": None}, {"cik": None}], ids=["both", "CIK", "listing date"]
)
def test_a_new_owner_of_a_ticker_starts_afresh(
    answer: object, renamed: bool, missing: dict[str, object], app: App, provider: FakeProvider
) -> None:
    facebook(app, provider)
    assert profile(app, "FB").insights.range_52_weeks is not None
    listed(provider, 2022, 6, 9, *([META] if renamed else []))
    app.ingest()
    listed(provider, 2025, 6, 26, ETF.model_copy(update=missing), *([META] if renamed else []))

    app.ingest()
    provider.series = {"FB": answer}  # type: ignore[dict-item]
    provider.overviews = {}

    new = profile(app, "FB")
    assert (new.name, new.status, new.since) == (ETF.name, "active", date(2025, 6, 26))
    assert (new.freshness, new.sector, new.insights.range_52_weeks) == ({}, None, None)
    (former,) = new.former_owners
    assert (former.name, former.cik, former.until) == ("Facebook Inc", "1326801", date(2022, 6, 9))
    assert former.renamed_to == ("META" if renamed else None)
    assert bars(app, "FB") == []
    assert app.list_news(ticker="FB").items == []
    assert app.get_financials("FB", report=ReportKind.INCOME_STATEMENT).items == []

    listed(provider, 2025, 6, 27, ETF.model_copy(update=missing), *([META] if renamed else []))
    app.ingest()
    app.ingest(tickers=["FB"])

    assert bars(app, "FB") == ["2025-06-26", "2025-06-27"]
    assert app.list_news(ticker="FB").items == []
    assert app.get_financials("FB", report=ReportKind.INCOME_STATEMENT).items == []
    new = profile(app, "FB")
    assert {name: fresh.count for name, fresh in new.freshness.items()} == {"prices": 2}
    assert new.insights.range_52_weeks is not None
    assert new.insights.range_52_weeks.high < 100
    stored = app.prices.between("FB")
    assert stored.day(0) == date(2022, 6, 7)  # the former owner's bars are still there


def test_a_swap_between_two_listings_is_a_rename_and_a_new_owner(
    app: App, provider: FakeProvider
) -> None:
    facebook(app, provider)
    listed(provider, 2025, 6, 27, ETF, META)

    app.ingest()

    assert profile(app, "FB").former_owners[0].renamed_to == "META"
    assert profile(app, "META").former_tickers[0].ticker == "FB"


def test_an_id_of_the_same_provider_tells_two_companies_of_one_name_apart(
    app: App, provider: FakeProvider
) -> None:
    old, new = (
        Asset.model_validate({"ticker": "IR", "name": "Ingersoll Rand Inc.", "id": number})
        for number in ("bb314c47", "b33b4a2e")
    )
    listed(provider, 2020, 2, 28, old)
    app.ingest()
    listed(provider, 2020, 3, 2, new)

    app.ingest()

    assert profile(app, "IR").since == date(2020, 3, 2)


def test_an_ingest_after_a_company_left_stores_nothing_of_later_days(
    app: App, provider: FakeProvider
) -> None:
    facebook(app, provider)
    listed(provider, 2022, 6, 9)
    app.ingest()
    provider.series = {"FB": BOTH}
    provider.overviews = {"FB": CompanyOverview(ticker="FB", name="ProShares Buffer ETF")}

    app.ingest(tickers=["FB"])

    assert bars(app, "FB") == ["2022-06-07", "2022-06-08"]
    assert profile(app, "FB").name == "Facebook Inc"


def undecided(app: App, provider: FakeProvider) -> Asset:
    """Leave it open who has a ticker: all that is known is another name."""
    facebook(app, provider)
    other = Asset(ticker="FB", name="ProShares Buffer ETF")
    listed(provider, 2025, 6, 27, other)
    provider.series = {"FB": BOTH}
    app.ingest()
    return other


def test_what_cannot_be_decided_is_a_problem_and_nothing_is_added(
    app: App, provider: FakeProvider
) -> None:
    undecided(app, provider)

    result = app.ingest(tickers=["FB"])

    assert [(failure.ticker, failure.transient) for failure in result.failed] == [("FB", False)] * 4
    assert "signal9 identity FB" in result.failed[0].reason
    assert bars(app, "FB") == ["2022-06-07", "2022-06-08"]
    (problem,) = app.get_status().problems
    assert (problem.ticker, problem.kind, problem.since) == (
        "FB", ProblemKind.IDENTITY, date(2025, 6, 27)
    )  # fmt: skip
    assert "Facebook Inc is listed as ProShares Buffer ETF" in problem.reason
    assert app.ingest().changed["listing"] == 0


def test_a_problem_of_identity_ends_with_a_decision_for_the_same_company(
    app: App, provider: FakeProvider
) -> None:
    undecided(app, provider)

    answer = app.decide_owner("fb", same=True)

    assert (answer.name, answer.problems) == ("ProShares Buffer ETF", ())
    app.ingest()
    app.ingest(tickers=["FB"])
    assert len(bars(app, "FB")) == 4
    assert app.get_status().problems == []
    listed(provider, 2025, 6, 28, Asset(ticker="FB", name="Facebook Inc"))
    app.ingest()
    assert app.get_status().problems == []


def test_a_problem_of_identity_ends_with_a_decision_for_a_new_company(
    app: App, provider: FakeProvider
) -> None:
    other = undecided(app, provider)

    answer = app.decide_owner("FB", same=False)

    assert (answer.name, answer.since) == ("ProShares Buffer ETF", date(2025, 6, 27))
    app.ingest()
    app.ingest(tickers=["FB"])
    assert bars(app, "FB") == ["2025-06-27"]
    assert app.get_status().problems == []
    assert other.name == profile(app, "FB").name


def test_only_what_is_undecided_can_be_decided(app: App) -> None:
    app.ingest()

    with pytest.raises(InputError, match="nothing is undecided"):
        app.decide_owner("FB", same=True)
    with pytest.raises(NotFoundError):
        app.decide_owner("NONE", same=True)


@pytest.mark.parametrize(
    "now",
    [
        {"cik": "1174610", "name": "Facebook Inc"},
        {"cik": "1174610", "id": "82e7ab75"},
        {"id": "another"},
    ],
    ids=["one name, two CIKs", "one id, two CIKs", "one CIK, two ids"],
)
def test_contradictory_evidence_decides_nothing(
    now: dict[str, object], app: App, provider: FakeProvider
) -> None:
    listed(provider, 2022, 6, 8, FACEBOOK.model_copy(update={"id": "82e7ab75"}))
    facebook(app, provider)
    listed(provider, 2022, 6, 9, FACEBOOK.model_copy(update=now))

    app.ingest()

    assert [problem.ticker for problem in app.get_status().problems] == ["FB"]


def test_a_new_name_of_the_same_company_is_no_problem(app: App, provider: FakeProvider) -> None:
    facebook(app, provider)
    for number, asset in enumerate(
        (
            FACEBOOK.model_copy(update={"name": "Meta Platforms"}),
            Asset(ticker="FB", name="Metaverse", ipo_date=date(2012, 5, 18)),
            Asset(ticker="FB", ipo_date=date(2012, 6, 1)),
        )
    ):
        listed(provider, 2022, 6, 9 + number, asset)
        app.ingest()

        assert app.get_status().problems == []
        assert profile(app, "FB").since is None


def test_a_description_of_another_company_is_a_problem(app: App, provider: FakeProvider) -> None:
    facebook(app, provider)
    provider.overviews = {"FB": CompanyOverview(ticker="FB", name="ProShares", cik="1174610")}
    provider.series = {"FB": BOTH}

    result = app.ingest(tickers=["FB"])

    assert len(result.failed) == 4
    assert bars(app, "FB") == ["2022-06-07", "2022-06-08"]
    app.ingest()
    assert [problem.ticker for problem in app.get_status().problems] == ["FB"]
    app.decide_owner("FB", same=True)
    assert not app.ingest(tickers=["FB"]).failed


def test_a_listing_reads_no_company_by_itself(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    provider.listing = [Asset(ticker=f"T{number}", name=f"N {number}") for number in range(2000)]
    app.ingest()
    del provider.listing[:100]
    spied.calls = 0

    app.ingest()

    assert profile(app, "T99").status == "inactive"
    assert spied.calls < 150


def test_the_owner_of_a_ticker_changes_while_its_data_are_ingested(
    app: App, provider: FakeProvider, spied: SpiedStore
) -> None:
    facebook(app, provider)
    listed(provider, 2022, 6, 9)
    app.ingest()
    listed(provider, 2025, 6, 27, ETF)
    provider.series = {"FB": BOTH}

    def history(ticker: str, since: date | None = None) -> object:
        app.ingest()
        return FakeProvider.history(provider, ticker, since)

    provider.history = history  # type: ignore[method-assign,assignment]
    app.ingest(tickers=["FB"])

    new = profile(app, "FB")
    assert new.since == date(2025, 6, 26)
    assert new.freshness == {}


def listing_body(*rows: str) -> bytes:
    others = [f"X{number},Other {number},NYSE,Stock,2001-01-02,null,Active" for number in range(30)]
    header = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"
    return "\n".join([header, *rows, *others, ""]).encode()


def test_a_replay_of_an_archive_shows_how_companies_came_and_left(app: App, tmp_path: Path) -> None:
    archive = RawArchive(FolderFiles(tmp_path))
    for day, rows in (
        (date(2022, 6, 8), ["FB,Facebook Inc,NASDAQ,Stock,2012-05-18,null,Active"]),
        (date(2022, 6, 9), []),
        (date(2025, 6, 27), ["FB,ProShares Buffer ETF,BATS,ETF,2025-06-26,null,Active"]),
        (date(2025, 6, 30), ["FB,ProShares Buffer ETF,BATS,ETF,2025-06-26,null,Active"]),
    ):
        received = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        body = listing_body(*rows)
        archive.keep(RawResponse("alphavantage", "LISTING_STATUS", None, {}, body, received))

    app.replay(tmp_path)

    new = profile(app, "FB")
    assert (new.status, new.since, new.name) == ("active", date(2025, 6, 26), ETF.name)
    assert [(owner.name, owner.until) for owner in new.former_owners] == [
        ("Facebook Inc", date(2022, 6, 9))
    ]


def test_a_replay_of_single_files_removes_no_company(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "alphavantage" / "LISTING_STATUS"
    folder.mkdir(parents=True)
    for name, rows in (("active_2022-06-08", ["FB,Facebook Inc,NASDAQ,Stock,null,null,Active"]),
                       ("part_2023-06-08", [])):  # fmt: skip
        (folder / f"{name}.csv").write_bytes(listing_body(*rows))

    app.replay(tmp_path)

    assert profile(app, "FB").status == "active"


@needs_recordings
def test_a_real_listing_shows_that_the_ticker_of_facebook_has_a_new_owner(
    spied: SpiedStore, tmp_path: Path
) -> None:
    ((_, body),) = recorded("alphavantage", "LISTING_STATUS", "active_*")
    received = datetime(2026, 5, 17, 12, tzinfo=UTC)
    RawArchive(FolderFiles(tmp_path)).keep(
        RawResponse("alphavantage", "LISTING_STATUS", None, {}, body, received)
    )
    with App(Settings(), store=spied) as app:
        app.ingest()
        app.replay(tmp_path)

        fund = app.get_asset("FB")
        assert (fund.since, fund.freshness) == (date(2025, 6, 26), {})
        assert fund.former_owners[0].renamed_to == "META"
        assert bars(app, "FB") == []
        assert app.get_asset("IBM").since is None
        assert app.get_asset("GOOG").since == date(2014, 3, 27)
