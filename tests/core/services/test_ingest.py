"""An ingest stores and announces what is new, and reports what failed; news name companies."""

from datetime import date, timedelta

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, CompanyOverview, DataSet, Freshness
from signal9_core.domain.reports import EarningsCalendarEntry, Period, ReportKind
from signal9_core.errors import (
    PayloadError,
    ProviderUnavailableError,
    QuotaExhaustedError,
    RateLimitError,
)
from signal9_core.events import (
    AssetDataUpdated,
    EarningsScheduled,
    FinancialDataIngested,
    FinancialDataRestated,
    IngestionFailed,
    NewsIngested,
    PricesUpdated,
    RestatedPeriod,
)
from signal9_core.provider_port import Financials
from tests.fakes import NOW, REPORTS, AttentivePublisher, FakeProvider, article, income, series
from tests.spied import SpiedStore


def freshness(app: App, ticker: str) -> dict[DataSet, Freshness]:
    profile = app.assets.get(ticker)
    assert profile is not None
    return profile.freshness


def scheduled(ticker: str, day: date) -> EarningsCalendarEntry:
    return EarningsCalendarEntry(
        ticker=ticker, report_date=day, fiscal_date_ending=date(2023, 12, 31)
    )


def test_everything_is_stored_announced_and_accounted_for(
    app: App, publisher: AttentivePublisher, provider: FakeProvider
) -> None:
    provider.entries = [scheduled("AAPL", date(2024, 2, 1)), scheduled("MSFT", date(2024, 1, 30))]

    answer = app.ingest()

    counts = {"listing": 4, "calendar": 2, "overview": 2, "prices": 5, "financials": 4}
    assert answer.changed == {**counts, "news": 3}
    assert answer.stored == {**counts, "news": 4}
    assert not answer.failed
    assert (answer.provider, answer.notice) == ("fake", "Made up.")
    assert app.is_ingested()
    kinds = {(type(event), getattr(event, "ticker", None)) for event in publisher.heard}
    assert {(PricesUpdated, "BRK.B"), (FinancialDataIngested, "AAPL")} <= kinds
    assert AssetDataUpdated(at=NOW, tickers=("BRK.B",), data_set="overview") in publisher.heard
    report_date = date(2024, 1, 30)
    assert EarningsScheduled(at=NOW, ticker="MSFT", report_date=report_date) in publisher.heard


def test_the_same_responses_again_change_and_announce_nothing(
    app: App, provider: FakeProvider, publisher: AttentivePublisher, spied: SpiedStore
) -> None:
    unknown = {"ticker": "AAPL", "nothing": None, "nested": {"deep": [None, {"no": None}]}}
    provider.overviews["AAPL"] = CompanyOverview.model_validate(unknown)
    provider.listing[0] = Asset.model_validate(unknown)
    provider.entries = [scheduled("AAPL", date(2024, 2, 1))]
    provider.at = NOW.replace(microsecond=123_456)
    app.ingest()
    before, publisher.heard, spied.writes = spied.contents(), [], 0

    answer = app.ingest()

    assert spied.writes == 0
    assert spied.contents() == before
    assert publisher.heard == []
    assert set(answer.changed.values()) == {0}
    assert answer.stored["prices"] == 5


def test_only_what_changed_is_announced(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.entries = [scheduled("AAPL", date(2024, 2, 1)), scheduled("MSFT", date(2024, 1, 30))]
    app.ingest()
    publisher.heard = []
    provider.series["AAPL"] = series("AAPL", day_20240103="184.26", day_20240104="181.91")
    reports = [*REPORTS["AAPL"].statements, income("AAPL", "2023-09-30", "383285000001")]
    provider.reports["AAPL"] = Financials(reports, REPORTS["AAPL"].earnings)
    provider.articles.append(article("Microsoft buys", "2024-01-07T08:00", "MSFT", sentiment="0.3"))
    provider.entries[0] = scheduled("AAPL", date(2024, 2, 2))

    answer = app.ingest()

    assert answer.changed == {
        "listing": 0, "calendar": 1, "overview": 0, "prices": 2, "financials": 1, "news": 1,
    }  # fmt: skip
    of_ingest = EarningsScheduled, PricesUpdated, FinancialDataRestated, NewsIngested
    moment = provider.articles[-1].published_at
    assert [event for event in publisher.heard if isinstance(event, of_ingest)] == [
        EarningsScheduled(at=NOW, ticker="AAPL", report_date=date(2024, 2, 2)),
        PricesUpdated(
            at=NOW, ticker="AAPL", first=date(2024, 1, 3), last=date(2024, 1, 4), count=2
        ),
        FinancialDataRestated(
            at=NOW,
            ticker="AAPL",
            reports=(ReportKind.INCOME_STATEMENT,),
            periods=(
                RestatedPeriod(
                    report=ReportKind.INCOME_STATEMENT,
                    period=Period.ANNUAL,
                    fiscal_date_ending=date(2023, 9, 30),
                ),
            ),
        ),
        NewsIngested(at=NOW, ticker="MSFT", first=moment, last=moment, count=1),
    ]


def test_freshness_tells_how_far_the_data_reach(app: App, provider: FakeProvider) -> None:
    app.ingest()

    fresh = freshness(app, "AAPL")
    assert {name: (each.as_of, each.count) for name, each in fresh.items()} == {
        DataSet.OVERVIEW: (date(2024, 1, 8), 1),
        DataSet.PRICES: (date(2024, 1, 3), 4),
        DataSet.FINANCIALS: (date(2023, 9, 30), 4),
        DataSet.NEWS: (date(2024, 1, 8), 2),
    }
    assert {(each.source, each.fetched_at) for each in fresh.values()} == {("fake", NOW)}
    assert set(freshness(app, "MSFT")) == {DataSet.NEWS}

    provider.series["AAPL"] = series("AAPL", day_20231227="193.15")
    provider.reports["AAPL"] = Financials([income("AAPL", "2021-09-25", "1")])
    app.ingest()

    fresh = freshness(app, "AAPL")
    assert {
        (name, fresh[name].as_of, fresh[name].count)
        for name in (DataSet.PRICES, DataSet.FINANCIALS)
    } == {
        (DataSet.PRICES, date(2024, 1, 3), 5),
        (DataSet.FINANCIALS, date(2023, 9, 30), 5),
    }


@pytest.mark.parametrize("method", ["overview", "prices", "financials", "news"])
def test_a_data_set_that_fails_is_reported_and_does_not_stop_the_others(
    method: str, app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.failing[f"{method} AAPL"] = RateLimitError("enough for today")

    answer = app.ingest()

    (failure,) = answer.failed
    assert (failure.ticker, failure.data_set, failure.reason, failure.transient) == (
        "AAPL", method, "enough for today", True,
    )  # fmt: skip
    assert [event for event in publisher.heard if isinstance(event, IngestionFailed)] == [
        IngestionFailed(
            at=NOW,
            ticker="AAPL",
            data_set=DataSet(method),
            reason="enough for today",
            transient=True,
        )
    ]
    assert set(freshness(app, "AAPL")) == set(DataSet) - {DataSet(method)}
    assert not app.is_ingested()


@pytest.mark.parametrize(("method", "data_set"), [("assets", "listing"), ("calendar", "calendar")])
def test_a_list_that_fails_is_reported_and_does_not_stop_the_companies(
    method: str, data_set: str, app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.failing[method] = PayloadError("not a list")

    answer = app.ingest()

    assert [(failure.ticker, failure.data_set) for failure in answer.failed] == [(None, data_set)]
    assert answer.stored["prices"] == 5
    assert [event.data_set for event in publisher.heard if isinstance(event, IngestionFailed)] == [
        data_set
    ]
    assert not app.is_ingested()


def test_what_failed_is_completed_by_the_next_run(app: App, provider: FakeProvider) -> None:
    provider.failing["prices"] = ProviderUnavailableError("down")
    app.ingest()
    provider.failing.clear()

    assert app.ingest().changed["prices"] == 5
    assert app.is_ingested()


def test_articles_that_came_with_another_company_are_counted(
    app: App, provider: FakeProvider
) -> None:
    app.ingest(tickers=["AAPL"], data_sets=[DataSet.NEWS])
    provider.articles.append(article("Apple and Microsoft", "2023-12-01T10:00", "AAPL", "MSFT"))
    app.ingest(tickers=["MSFT"], data_sets=[DataSet.NEWS])
    app.ingest(tickers=["AAPL"], data_sets=[DataSet.NEWS])

    assert freshness(app, "AAPL")[DataSet.NEWS].count == 3


def test_the_status_counts_a_company_whose_first_ingest_ran_out_of_calls(
    app: App, provider: FakeProvider
) -> None:
    provider.failing["news"] = QuotaExhaustedError("fake", NOW)
    app.ingest(tickers=["AAPL"])

    assert app.get_status().data_sets[DataSet.OVERVIEW].companies == 1
    assert "AAPL" in app.assets.stalest(10)


def test_some_data_sets_of_some_companies_can_be_chosen(app: App, provider: FakeProvider) -> None:
    answer = app.ingest(tickers=["brk.b"], data_sets=[DataSet.PRICES])

    assert answer.stored == {"prices": 1}
    assert {(name, ticker) for name, ticker, _ in provider.requests} == {("prices", "BRK.B")}
    assert not app.is_ingested()
    assert app.assets.get("AAPL") is None


def test_chosen_reports_leave_the_others_as_complete_as_they_were(
    app: App, provider: FakeProvider
) -> None:
    def ingest(*reports: ReportKind) -> tuple[bool, date, int]:
        app.ingest(tickers=["AAPL"], data_sets=[DataSet.FINANCIALS], reports=reports)
        fresh = freshness(app, "AAPL")[DataSet.FINANCIALS]
        return fresh.complete, fresh.as_of, fresh.count

    provider.reports["AAPL"] = Financials(
        [income("AAPL", "2022-09-24", "1")], REPORTS["AAPL"].earnings
    )

    assert ingest(ReportKind.INCOME_STATEMENT) == (False, date(2022, 9, 24), 1)
    assert ingest(*ReportKind) == (True, date(2023, 9, 30), 2)
    assert ingest(ReportKind.INCOME_STATEMENT) == (True, date(2023, 9, 30), 2)


def test_a_company_that_the_provider_does_not_know_is_not_made_up(
    app: App, spied: SpiedStore, provider: FakeProvider
) -> None:
    provider.failing["prices NONE"] = PayloadError("no such symbol")

    assert len(app.ingest(tickers=["NONE"]).failed) == 1
    assert spied.contents() == {}


def test_of_two_listings_with_one_ticker_the_first_counts(app: App, provider: FakeProvider) -> None:
    provider.listing += [Asset(ticker="AAPL", name="Another Apple")]

    assert app.ingest().stored["listing"] == 4
    assert app.get_asset("AAPL").name == "Apple Inc."


def test_of_two_reports_with_one_key_the_last_counts(app: App, provider: FakeProvider) -> None:
    twice = [income("AAPL", "2023-09-30", "1"), income("AAPL", "2023-09-30", "2")]
    provider.reports["AAPL"] = Financials(twice)

    assert app.ingest().changed["financials"] == 1
    assert app.ingest().changed["financials"] == 0
    (row,) = app.get_financials("AAPL", report=ReportKind.INCOME_STATEMENT).items
    assert row.values["totalRevenue"] == 2


def test_of_a_provider_of_many_companies_only_the_lists_are_ingested(
    app: App, provider: FakeProvider
) -> None:
    provider.covering = None

    assert app.ingest().stored == {"listing": 4}


def test_progress_is_reported_up_to_the_last_unit_of_every_data_set(
    app: App, provider: FakeProvider
) -> None:
    provider.listing = [Asset(ticker=f"T{number}") for number in range(1001)]
    heard: dict[str, list[tuple[int, int]]] = {}

    app.ingest(lambda name, done, total: heard.setdefault(name, []).append((done, total)))

    assert heard.pop("listing") == [(500, 1001), (1000, 1001), (1001, 1001)]
    assert heard == {name: [(1, 3), (2, 3), (3, 3)] for name in DataSet}


def _freshness(app: App, ticker: str = "AAPL") -> Freshness:
    profile = app.assets.get(ticker)
    assert profile is not None
    return profile.freshness[DataSet.NEWS]


def _ingest(app: App, ticker: str = "AAPL") -> None:
    assert app.ingest(tickers=[ticker], data_sets=[DataSet.NEWS]).failed == []


def _news_heard(publisher: AttentivePublisher) -> list[tuple[str, int]]:
    events = [event for event in publisher.heard if isinstance(event, NewsIngested)]
    return [(event.ticker, event.count) for event in events]


def test_an_article_is_announced_for_every_company_that_it_mentions(
    app: App, publisher: AttentivePublisher
) -> None:
    _ingest(app)

    assert _news_heard(publisher) == [("AAPL", 2), ("BRK.B", 1)]


def test_an_article_that_mentions_no_company_is_announced_for_none(
    app: App,
    provider: FakeProvider,
    publisher: AttentivePublisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = article("Rates", "2024-01-05T10:00")
    monkeypatch.setattr(provider, "news", lambda *_: [rates])
    _ingest(app)

    assert _news_heard(publisher) == []
    assert app.news.recent(limit=10).items == [rates]


def test_articles_that_another_company_brought_are_announced_and_counted_once(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.covering = ["AAPL"]
    app.ingest()
    publisher.heard, provider.covering = [], ["AAPL", "BRK.B"]

    for _ in range(2):
        app.ingest()
        assert _news_heard(publisher) == [("BRK.B", 1)]
        assert _freshness(app, "BRK.B").count == 1

    provider.at += timedelta(days=2)
    provider.articles.append(article("Both again", "2024-01-09T10:00", "AAPL", "BRK.B"))
    _ingest(app)
    publisher.heard = []
    for _ in range(2):
        provider.at += timedelta(hours=1)
        _ingest(app, "BRK.B")

    assert publisher.heard == []  # the ingest of AAPL has announced it
    assert _freshness(app, "BRK.B").count == 2
    rating = app.get_asset("BRK.B").insights.sentiment
    assert rating is not None
    assert (rating.as_of, rating.sample_size) == (date(2024, 1, 9), 2)


def test_the_first_article_about_a_company_is_announced_once(
    app: App, provider: FakeProvider, publisher: AttentivePublisher
) -> None:
    provider.articles.clear()
    app.ingest()
    publisher.heard = []

    provider.at += timedelta(days=2)
    provider.articles.append(article("Both", "2024-01-09T10:00", "AAPL", "BRK.B"))
    for ticker in ("AAPL", "BRK.B"):
        _ingest(app, ticker)

    assert _news_heard(publisher) == [("AAPL", 1), ("BRK.B", 1)]
    assert _freshness(app, "BRK.B").count == 1


def test_a_provider_of_many_companies_is_asked_for_what_is_new(
    app: App, provider: FakeProvider
) -> None:
    provider.covering = None
    _ingest(app)
    provider.at = NOW + timedelta(days=3)
    _ingest(app)

    assert provider.since("news") == [None, NOW - timedelta(days=1)]
    fresh = _freshness(app)
    assert (fresh.complete, fresh.count) == (True, 2)
    assert fresh.as_of == provider.at.date()  # there was nothing new


@pytest.mark.parametrize("change", ["name", "covering"])
def test_another_provider_or_one_of_few_companies_is_asked_for_everything(
    change: str, app: App, provider: FakeProvider
) -> None:
    provider.covering = None
    _ingest(app)
    setattr(provider, change, {"name": "other", "covering": ["AAPL"]}[change])
    _ingest(app)

    assert provider.since("news") == [None, None]


def test_news_that_were_partial_at_first_stay_so(app: App, provider: FakeProvider) -> None:
    provider.covering = None
    provider.limits[DataSet.NEWS] = 2
    _ingest(app)
    provider.limits[DataSet.NEWS] = 99
    provider.articles.append(article("New news", "2024-01-07T13:00:00", "AAPL"))
    _ingest(app)

    assert (_freshness(app).count, _freshness(app).complete) == (3, False)
