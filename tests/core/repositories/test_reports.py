"""Reports come back as they were, and are written only where they differ."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import EarningsCalendarEntry, Period, Report, ReportKind
from signal9_core.ports import Cursor, Item
from signal9_core.repositories.reports import FinancialsRepository
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.strategies import calendar_entries, earnings, statements
from tests.fakes import income
from tests.spied import SpiedStore


@settings(deadline=None, max_examples=50)
@given(report=statements("BRK.B") | earnings("BRK.B"))
def test_any_report_comes_back_with_unknown_fields_and_gaps_and_is_written_once(
    report: Report,
) -> None:
    with opened() as store:
        repository = FinancialsRepository(store)

        assert repository.sync("BRK.B", [report]) == ([report], 1)
        written = store.writes
        assert repository.sync("BRK.B", [report]) == ([], 1)

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
        stored = repository.sync("AAPL", reports).stored
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


def test_only_a_restated_report_is_written_and_recorded_before(spied: SpiedStore) -> None:
    repository = FinancialsRepository(spied)
    repository.sync("AAPL", [income("AAPL", "2023-09-30", "1"), income("AAPL", "2022-09-24", "2")])
    written = spied.writes
    recorded: list[tuple[int, list[Report]]] = []

    restated = [income("AAPL", "2023-09-30", "1.0"), income("AAPL", "2022-09-24", None)]
    changes = repository.sync(
        "AAPL", restated, lambda reports: recorded.append((spied.writes, reports))
    )

    assert changes == (restated[1:], 2)
    assert recorded == [(written, restated[1:])]
    assert spied.writes == written + 1


def test_a_report_that_somebody_else_adds_meanwhile_is_restated(spied: SpiedStore) -> None:
    mine, yours = FinancialsRepository(spied), FinancialsRepository(spied.store)
    report = income("AAPL", "2023-09-30", "1")

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.sync("AAPL", [income("AAPL", "2023-09-30", "2")])

    spied.meanwhile = meanwhile
    mine.sync("AAPL", [report])

    assert mine.reports("AAPL", ReportKind.INCOME_STATEMENT, Period.ANNUAL).items == [report]


@settings(deadline=None, max_examples=20)
@given(entries=st.lists(calendar_entries("AAPL"), max_size=5, unique_by=lambda e: e.report_date))
def test_announced_dates_are_stored_once_and_are_not_reports(
    entries: list[EarningsCalendarEntry],
) -> None:
    with opened() as store:
        repository = FinancialsRepository(store)

        assert repository.schedule(entries) == entries
        assert repository.schedule(entries) == []
        assert repository.sync("AAPL", []) == ([], 0)


def test_companies_do_not_mix(spied: SpiedStore) -> None:
    repository = FinancialsRepository(spied)
    for ticker in ("BRK.A", "BRK.B"):
        assert repository.sync(ticker, [income(ticker, "2023-12-31", "1")]).stored == 1

    (found,) = repository.reports("BRK.B", ReportKind.INCOME_STATEMENT, Period.ANNUAL).items

    assert (found.ticker, found.fiscal_date_ending) == ("BRK.B", date(2023, 12, 31))
