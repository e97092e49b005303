"""Restatements are told apart from new reports, and events from the runs that caused them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from signal9_core.domain.reports import Earnings, Period, ReportKind
from signal9_core.events import (
    EarningsScheduled,
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsSentimentAnalyzed,
    RestatedPeriod,
    UserAction,
    correlated,
)
from signal9_core.provider_port import Financials
from signal9_core.publishers.in_process import InProcessEventBus
from tests.core.conftest import app_over
from tests.fakes import FakeProvider, SetClock, income
from tests.spied import SpiedStore

Told = list[FinancialDataIngested | FinancialDataRestated]


class Quarter:
    """Ingests of the reports of a company, a day apart."""

    def __init__(self, spied: SpiedStore, clock: SetClock) -> None:
        self.clock = clock
        self.bus = CausesBus()
        self.provider = FakeProvider()
        self.app = app_over(spied, clock, self.provider, self.bus)

    def reports(self, *reports: object) -> Told:
        """Ingest reports, and return what is told about them."""
        statements = tuple(report for report in reports if not isinstance(report, Earnings))
        earnings = tuple(report for report in reports if isinstance(report, Earnings))
        self.provider.reports = {"AAPL": Financials(statements, earnings)}  # type: ignore[arg-type]
        self.clock.move(days=1)
        self.provider.at = self.clock.now
        self.bus.heard.clear()
        self.app.ingest(tickers=["AAPL"])
        kinds = FinancialDataIngested | FinancialDataRestated
        return [event for event in self.bus.heard if isinstance(event, kinds)]


class CausesBus(InProcessEventBus):
    """A bus that remembers events as they were published."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Event] = []

    def publish(self, events: Sequence[Event]) -> None:
        self.heard += events
        super().publish(events)


@pytest.fixture
def company(spied: SpiedStore, clock: SetClock) -> Quarter:
    return Quarter(spied, clock)


def earnings(eps: str | None, estimate: str) -> Earnings:
    return Earnings(
        ticker="AAPL",
        period=Period.QUARTERLY,
        fiscal_date_ending=date(2023, 9, 30),
        reported_eps=None if eps is None else Decimal(eps),
        estimated_eps=Decimal(estimate),
    )


def test_a_restatement_is_told_apart_from_new_reports(company: Quarter) -> None:
    (first,) = company.reports(income("AAPL", "2022-09-24", "394328000000"))

    told = company.reports(
        income("AAPL", "2022-09-24", "394000000000"), income("AAPL", "2023-09-30", "383285000000")
    )

    assert isinstance(first, FinancialDataIngested)
    ingested, restated = told
    assert isinstance(ingested, FinancialDataIngested)
    assert ingested.count == 1
    assert isinstance(restated, FinancialDataRestated)
    assert restated.reports == (ReportKind.INCOME_STATEMENT,)
    assert restated.periods == (
        RestatedPeriod(
            report=ReportKind.INCOME_STATEMENT,
            period=Period.ANNUAL,
            fiscal_date_ending=date(2022, 9, 24),
        ),
    )


def test_the_earlier_figures_stay_with_the_time_they_were_seen(company: Quarter) -> None:
    company.reports(income("AAPL", "2022-09-24", "394328000000"))
    seen = company.clock.now
    company.reports(income("AAPL", "2022-09-24", "394000000000"))

    before, now = company.app.financials.versions(
        "AAPL", ReportKind.INCOME_STATEMENT, Period.ANNUAL, date(2022, 9, 24)
    )

    assert before.report.figures()["totalRevenue"] == 394328000000
    assert (before.first, now.first) == (seen, seen + timedelta(days=1))


def test_figures_that_were_missing_are_no_restatement(company: Quarter) -> None:
    company.reports(income("AAPL", "2022-09-24", None), earnings(None, "1.39"))

    told = company.reports(income("AAPL", "2022-09-24", "394328000000"), earnings("1.46", "1.39"))

    assert [type(event) for event in told] == [FinancialDataIngested]


def test_what_analysts_say_is_no_restatement(company: Quarter) -> None:
    company.reports(earnings("1.46", "1.39"))

    assert [type(event) for event in company.reports(earnings("1.46", "1.40"))] == [
        FinancialDataIngested
    ]
    assert [type(event) for event in company.reports(earnings("1.47", "1.40"))] == [
        FinancialDataRestated
    ]


def test_a_figure_that_was_withdrawn_is_a_restatement(company: Quarter) -> None:
    company.reports(income("AAPL", "2022-09-24", "394328000000"))

    (told,) = company.reports(income("AAPL", "2022-09-24", None))

    assert isinstance(told, FinancialDataRestated)


def test_the_end_of_a_period_may_move_without_a_restatement(company: Quarter) -> None:
    company.reports(income("AAPL", "2022-09-24", "394328000000"))

    (moved,) = company.reports(income("AAPL", "2022-09-30", "394328000000"))
    (restated,) = company.reports(income("AAPL", "2022-09-24", "394000000000"))

    assert isinstance(moved, FinancialDataIngested)
    assert isinstance(restated, FinancialDataRestated)
    assert restated.periods[0].fiscal_date_ending == date(2022, 9, 24)


def test_the_same_response_tells_nothing(company: Quarter) -> None:
    company.reports(income("AAPL", "2022-09-24", "394328000000"))

    assert company.reports(income("AAPL", "2022-09-24", "394328000000.0")) == []


def test_events_name_the_run_that_caused_them(
    spied: SpiedStore, clock: SetClock, provider: FakeProvider
) -> None:
    bus = CausesBus()
    app = app_over(spied, clock, provider, bus)

    app.run()

    assert {event.correlation_id for event in bus.heard} == {"fake-20240108T120000.000000Z"}
    assert any(isinstance(event, NewsSentimentAnalyzed) for event in bus.heard)
    bus.heard.clear()
    clock.move(days=91)
    provider.reports = {"AAPL": Financials((income("AAPL", "2023-12-30", "1"),))}
    app.ingest(tickers=["AAPL"])
    assert {event.correlation_id for event in bus.heard} == {"ingest-20240408T120000.000000Z"}


def test_what_follows_from_an_event_has_its_cause() -> None:
    bus, at = CausesBus(), datetime(2024, 1, 8, tzinfo=UTC)

    def answer(event: Event) -> None:
        if not isinstance(event, UserAction):
            bus.publish([UserAction(at=at, user_id="1", action="topics")])

    bus.subscribe(answer)
    cause = EarningsScheduled(
        at=at, correlation_id="an earlier run", ticker="AAPL", report_date=at.date()
    )
    with correlated("this run"):
        bus.publish([cause])

    assert [event.correlation_id for event in bus.heard] == ["an earlier run"] * 2
