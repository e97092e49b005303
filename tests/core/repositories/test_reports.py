"""Reports come back as they were, and are written only where they differ."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.reports import EarningsCalendarEntry, Period, Report, ReportKind
from signal9_core.ports import Cursor, Item
from signal9_core.repositories.reports import FinancialsRepository
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.storing import store_dates, store_reports
from tests.core.strategies import calendar_entries, earnings, statements
from tests.fakes import NOW, income
from tests.spied import SpiedStore


@settings(deadline=None, max_examples=50)
@given(report=statements("BRK.B") | earnings("BRK.B"))
def test_any_report_comes_back_with_unknown_fields_and_gaps_and_is_written_once(
    report: Report,
) -> None:
    with opened() as store:
        repository = FinancialsRepository(store)

        assert store_reports(repository, "BRK.B", [report]) == ([report], 1)
        written = store.writes
        assert store_reports(repository, "BRK.B", [report]) == ([], 1)

        assert store.writes == written
        (found,) = repository.reports("BRK.B", report.kind, report.period).items

    assert found == report
    assert found.figures() == report.figures()


@settings(deadline=None, max_examples=25)
@given(
    reports=st.lists(statements("AAPL") | earnings("AAPL"), max_size=12),
    kind=st.sampled_from(ReportKind),
    period=st.sampled_from(Period),
    limit=st.integers(1, 3),
)
def test_pages_hold_every_report_of_a_kind_once_newest_first(
    reports: list[Report], kind: ReportKind, period: Period, limit: int
) -> None:
    with opened() as store:
        repository = FinancialsRepository(store)
        _, stored = store_reports(repository, "AAPL", reports)
        found: list[Report] = []
        cursor: Cursor | None = None
        while True:
            page = repository.reports("AAPL", kind, period, limit=limit, cursor=cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                break

    latest = {(each.kind, each.period, each.fiscal_date_ending): each for each in reports}
    wanted = [report for key, report in latest.items() if key[:2] == (kind, period)]
    assert found == sorted(wanted, key=lambda report: report.fiscal_date_ending, reverse=True)
    assert stored == len(latest)


@settings(deadline=None, max_examples=25)
@given(
    reports=st.lists(statements("AAPL") | earnings("AAPL"), max_size=12),
    entry=calendar_entries("AAPL"),
    count=st.integers(1, 3),
)
def test_the_latest_reports_come_by_one_query_but_balance_sheets(
    reports: list[Report], entry: EarningsCalendarEntry, count: int
) -> None:
    with opened() as store:
        repository = FinancialsRepository(store)
        store_reports(repository, "AAPL", reports)
        store_dates(repository, [entry])
        before = store.calls
        recent = repository.recent("AAPL", count)
        calls = store.calls - before
        expected = {
            (kind, period): found
            for kind in ReportKind
            for period in Period
            if kind is not ReportKind.BALANCE_SHEET
            and (found := repository.reports("AAPL", kind, period, limit=count).items)
        }

    assert recent == expected
    assert calls == 1


def test_only_a_restated_report_is_written(spied: SpiedStore) -> None:
    repository = FinancialsRepository(spied)
    reports = [income("AAPL", "2023-09-30", "1"), income("AAPL", "2022-09-24", "2")]
    store_reports(repository, "AAPL", reports)
    written = spied.writes

    restated = [income("AAPL", "2023-09-30", "1.0"), income("AAPL", "2022-09-24", None)]
    changes = store_reports(repository, "AAPL", restated)

    assert changes == (restated[1:], 2)
    assert spied.writes == written + 1


def test_a_report_that_somebody_else_adds_meanwhile_is_restated(spied: SpiedStore) -> None:
    mine, yours = FinancialsRepository(spied), FinancialsRepository(spied.store)
    report = income("AAPL", "2023-09-30", "1")

    def meanwhile(_: TableSpec, __: Item) -> None:
        earlier = NOW - timedelta(seconds=1)
        store_reports(yours, "AAPL", [income("AAPL", "2023-09-30", "2")], earlier)

    spied.meanwhile = meanwhile
    store_reports(mine, "AAPL", [report])

    assert mine.reports("AAPL", ReportKind.INCOME_STATEMENT, Period.ANNUAL).items == [report]


@settings(deadline=None, max_examples=20)
@given(entries=st.lists(calendar_entries("AAPL"), max_size=5, unique_by=lambda e: e.report_date))
def test_announced_dates_are_stored_once_and_are_not_reports(
    entries: list[EarningsCalendarEntry],
) -> None:
    with opened() as store:
        repository = FinancialsRepository(store)

        assert store_dates(repository, entries) == entries
        assert store_dates(repository, entries) == []
        assert store_reports(repository, "AAPL", []) == ([], 0)


def test_companies_do_not_mix(spied: SpiedStore) -> None:
    repository = FinancialsRepository(spied)
    for ticker in ("BRK.A", "BRK.B"):
        assert store_reports(repository, ticker, [income(ticker, "2023-12-31", "1")])[1] == 1

    (found,) = repository.reports("BRK.B", ReportKind.INCOME_STATEMENT, Period.ANNUAL).items

    assert (found.ticker, found.fiscal_date_ending) == ("BRK.B", date(2023, 12, 31))
