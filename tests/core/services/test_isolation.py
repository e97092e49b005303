"""Whatever is wrong with one company is that company's problem, and never in the others' way."""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from signal9_core.domain.companies import Asset, AssetProfile, CompanyOverview, DataSet, ProblemKind
from signal9_core.domain.news import NewsArticle
from signal9_core.domain.reports import EarningsCalendarEntry
from signal9_core.errors import StoreUnavailableError
from signal9_core.events import AssetDataUpdated, EarningsScheduled, Event, FinancialDataIngested
from signal9_core.ports import ABSENT, Store
from signal9_core.provider_port import Financials, History
from signal9_core.repositories.prices import PriceChange, PriceRepository
from tests.core.conftest import app_over, opened
from tests.core.repositories.test_on_dynamodb import on_dynamodb
from tests.fakes import (
    ARTICLES,
    LISTING,
    OVERVIEWS,
    REPORTS,
    AttentivePublisher,
    FakeProvider,
    SetClock,
    income,
)
from tests.spied import SpiedStore

POISONS: dict[str, object] = {
    "60 digits": Decimal("1" * 60),
    "1e400": Decimal("1e400"),
    "NaN": Decimal("NaN"),
    "infinity": Decimal("Infinity"),
    "half a character": "\ud800",
    "over 400 KB": "x" * 500_000,
}
poisons = pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS.keys())


class Stage:
    """An application over an empty store, and what it has announced."""

    def __init__(self, store: Store) -> None:
        self.clock = SetClock()
        self.provider = FakeProvider(covering=None)
        self.bus = AttentivePublisher()
        self.app = app_over(SpiedStore(store), self.clock, self.provider, self.bus)

    def run(self, **later: float) -> list[tuple[str | None, str]]:
        """Run some time later, and return which companies have failed with what."""
        self.clock.move(**later)
        self.provider.at = self.clock.now
        self.provider.requests.clear()
        self.bus.heard.clear()
        return [(failure.ticker, failure.data_set) for failure in self.app.run().failed]

    def requested(self) -> list[tuple[str, str]]:
        return [(method, ticker) for method, ticker, _ in self.provider.requests]

    def problem(self, ticker: str, kind: ProblemKind) -> str | None:
        profile = self.app.assets.get(ticker)
        problem = None if profile is None else profile.problem(kind)
        return None if problem is None else problem.reason

    def heard(self, kind: type[Event], ticker: str) -> list[Event]:
        return [
            event
            for event in self.bus.heard
            if isinstance(event, kind)
            and ticker in {getattr(event, "ticker", None), *getattr(event, "tickers", ())}
        ]


@pytest.fixture(params=["sqlite", "dynamodb"])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with on_dynamodb() if request.param == "dynamodb" else opened() as store:
        yield Stage(store)


def with_overview(provider: FakeProvider, poison: object) -> None:
    poisoned = CompanyOverview.model_construct(ticker="AAPL", sector="TECHNOLOGY")
    poisoned.__pydantic_extra__ = {"peRatio": poison}
    provider.overviews = {**OVERVIEWS, "AAPL": poisoned}


def with_report(provider: FakeProvider, poison: object) -> None:
    poisoned = income("AAPL", "2023-09-30", "1", note="")
    poisoned.__pydantic_extra__ = {"note": poison}  # type: ignore[dict-item]
    provider.reports = {**REPORTS, "AAPL": Financials((poisoned,))}


def with_article(provider: FakeProvider, poison: object) -> None:
    fields = {**dict(ARTICLES[0]), "source": poison}
    poisoned = NewsArticle.model_construct(**fields)
    provider.articles = [poisoned, *ARTICLES[1:]]


@poisons
def test_poison_of_one_company_is_its_problem_and_the_others_are_ingested(
    stage: Stage, poison: object
) -> None:
    poisoned = {DataSet.OVERVIEW, DataSet.FINANCIALS, DataSet.NEWS}
    for add in (with_overview, with_report, with_article):
        add(stage.provider, poison)

    failed = stage.run()

    assert sorted(failed) == sorted(("AAPL", data_set) for data_set in poisoned)
    fresh = {company.ticker: set(company.freshness) for company in stage.app.assets.summaries()}
    assert fresh["AAPL"] == {DataSet.PRICES}
    assert fresh["BRK.B"] == {DataSet.OVERVIEW, DataSet.PRICES, DataSet.NEWS}
    reason = str(stage.problem("AAPL", ProblemKind.REQUESTS))
    assert all(f"{data_set} failed: " in reason for data_set in poisoned)
    assert len(reason) < 1_700


def test_what_could_not_be_stored_is_not_announced(stage: Stage) -> None:
    with_overview(stage.provider, POISONS["over 400 KB"])
    with_report(stage.provider, POISONS["60 digits"])

    stage.run()

    assert not stage.heard(FinancialDataIngested, "AAPL")
    kinds = [event.data_set for event in stage.bus.heard if isinstance(event, AssetDataUpdated)]
    assert kinds == ["listing", "overview"]  # that of Berkshire
    profile = stage.app.assets.get("AAPL")
    assert profile is not None
    assert profile.pending == ()


def test_poison_is_requested_later_and_later_until_it_is_good(stage: Stage) -> None:
    with_overview(stage.provider, POISONS["60 digits"])
    question = ("overview", "AAPL")

    asked = []
    for hours in (0, 1, 1, 1, 1, 3):
        stage.run(hours=hours)
        asked.append(question in stage.requested())

    assert asked == [True, True, False, True, False, True]
    stage.provider.overviews = dict(OVERVIEWS)
    assert stage.run(days=1) == []
    assert stage.problem("AAPL", ProblemKind.REQUESTS) is None
    assert stage.app.get_asset("AAPL").sector == "TECHNOLOGY"


def test_poison_in_a_listing_leaves_the_other_companies_listed(stage: Stage) -> None:
    good = [Asset(ticker=f"P{number}", name=name) for number, name in enumerate(POISONS)]
    stage.provider.listing = [*LISTING, *good]
    stage.provider.covering = []
    stage.run()
    bad = [Asset.model_construct(ticker=asset.ticker, status="active") for asset in good]
    for asset, poison in zip(bad, POISONS.values(), strict=True):
        asset.__pydantic_extra__ = {"figure": poison}
    added = Asset(ticker="NEW", name="New Inc.")
    stage.provider.listing = [bad[0], *LISTING, *bad[1:], added]

    failed = stage.run(days=1)

    assert sorted(failed) == [(asset.ticker, "listing") for asset in good]
    assert stage.app.get_asset("NEW").name == "New Inc."
    assert not any(stage.heard(AssetDataUpdated, asset.ticker) for asset in good)
    for asset in good:
        assert stage.app.get_asset(asset.ticker).name == asset.name
        reason = str(stage.problem(asset.ticker, ProblemKind.LISTING))
        assert reason.startswith(f"listing: Assets {asset.ticker}")
    assert stage.run(hours=1) == []
    assert stage.requested() == []
    stage.provider.listing = [*LISTING, *good, added]
    assert stage.run(days=1) == []
    assert {stage.problem(asset.ticker, ProblemKind.LISTING) for asset in good} == {None}


def test_poison_in_the_calendar_leaves_the_other_dates(stage: Stage) -> None:
    def entry(ticker: str, estimate: Decimal) -> EarningsCalendarEntry:
        day = date(2024, 2, 1)
        return EarningsCalendarEntry.model_construct(
            ticker=ticker, report_date=day, fiscal_date_ending=day, estimate=estimate
        )

    stage.provider.entries = [
        entry("AAPL", Decimal(1)),
        entry("BRK.B", Decimal("1" * 60)),
        entry("MSFT", Decimal(2)),
    ]

    failed = stage.run()

    assert failed == [("BRK.B", "calendar")]
    scheduled = [event.ticker for event in stage.bus.heard if isinstance(event, EarningsScheduled)]
    assert scheduled == ["AAPL", "MSFT"]
    assert stage.run(hours=1) == []


def test_a_shape_that_no_rule_can_read_stops_nobody_else(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = stage.provider.history

    def strange(ticker: str, since: date | None = None) -> History | None:
        if ticker == "AAPL":
            raise OverflowError("a price of 1e400")
        return history(ticker, since)

    monkeypatch.setattr(stage.provider, "history", strange)

    assert stage.run() == [("AAPL", "prices")]
    reason = "prices failed: prices of AAPL: OverflowError: a price of 1e400"
    assert stage.problem("AAPL", ProblemKind.REQUESTS) == reason


def test_a_store_that_is_down_for_a_company_is_no_problem_of_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = PriceRepository.write

    def down(prices: PriceRepository, change: PriceChange) -> None:
        if change.count > 1:
            raise StoreUnavailableError("throttled")
        write(prices, change)

    monkeypatch.setattr(PriceRepository, "write", down)

    assert {ticker for ticker, _ in stage.run()} == {"AAPL"}
    assert stage.problem("AAPL", ProblemKind.REQUESTS) is None
    assert ("prices", "BRK.B") in stage.requested()
    monkeypatch.undo()
    assert stage.run(minutes=1) == []
    assert ("prices", "AAPL") in stage.requested()


def test_a_replay_isolates_poison_as_a_run_does(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "alphavantage" / "OVERVIEW"
    folder.mkdir(parents=True)
    good = {"Symbol": "BRK.B", "Name": "Berkshire", "Sector": "FINANCE"}
    huge = {f"Field{number}": "x" * 90_000 for number in range(6)}
    for name, body in {
        "BRK.B": json.dumps(good),
        "AAPL": json.dumps({"Symbol": "AAPL", "Name": "Apple", **huge}),
        "MSFT": json.dumps({"Symbol": "MSFT", "Name": "Microsoft"})[:-1] + ', "EPS": 1e400}',
    }.items():
        (folder / f"{name}.json").write_text(body)
    for company in LISTING:
        stage.app.assets.put(AssetProfile(asset=company), expected=ABSENT)

    answer = stage.app.replay(tmp_path)

    assert [(failure.ticker, failure.data_set) for failure in answer.failed] == [
        ("AAPL", "overview")
    ]
    assert [file.reason.split(": ")[-1] for file in answer.skipped] == [
        "1e400 has too many digits, or is not finite"
    ]
    assert "overview failed" in str(stage.problem("AAPL", ProblemKind.REQUESTS))
    assert stage.app.get_asset("BRK.B").sector == "FINANCE"
