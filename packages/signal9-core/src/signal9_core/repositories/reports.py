"""Reports of every company, as reported, and announced dates of coming ones."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final, TypeVar

from ..domain.reports import (
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Report,
)
from ..ports import Span
from ..tables import DATE_INDEX, FINANCIALS
from .optimistic import ItemRange, ResultPage, compare_items, scan, to_value, write_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..domain.model import Ticker
    from ..domain.reports import (
        Period,
        ReportKind,
    )
    from ..ports import Cursor, Item, Store
    from .optimistic import Change

__all__ = ["FinancialsRepository"]

_M = TypeVar("_M", Report, EarningsCalendarEntry)
_TYPES: Final[dict[str, type[Report]]] = {
    model.kind: model for model in (BalanceSheet, CashFlow, Earnings, IncomeStatement)
}
_META: Final = {"ticker", "period", "fiscal_date_ending", "currency"}
_CALENDAR: Final = "earnings_calendar"
_PAGE: Final = 1_000


class FinancialsRepository:
    """Statements, earnings and announced report dates."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def compare(
        self, ticker: Ticker, reports: Iterable[Report]
    ) -> tuple[list[Change[Report]], int]:
        """Return which of a company's reports are new or restated, and how many it has with them.

        Of equal reports the last counts.
        """
        page = self._store.query(FINANCIALS, ticker)
        stored = [row for row in page.items if row.item["reportType"] != _CALENDAR]
        items = [(report, _item(report)) for report in reports]
        changes = compare_items(self._store, FINANCIALS, items, known=stored)
        return changes, len(stored) + sum(change.stored is None for change in changes)

    def compare_calendar(
        self, entries: Iterable[EarningsCalendarEntry]
    ) -> list[Change[EarningsCalendarEntry]]:
        """Return the announced report dates that are new or changed."""
        items = [(entry, _calendar_item(entry)) for entry in entries]
        return compare_items(self._store, FINANCIALS, items)

    def write(self, changes: Sequence[Change[_M]]) -> None:
        """Store changed reports or dates."""
        write_items(self._store, FINANCIALS, changes)

    def announced(self, first: date, last: date) -> dict[Ticker, date]:
        """Return the latest day, within these two, on which companies announced to report."""
        days: dict[Ticker, date] = {}
        span = Span(first.isoformat(), last.isoformat())
        part = ItemRange(FINANCIALS, _CALENDAR, DATE_INDEX, span)
        for item, _ in scan(self._store, part, None, _PAGE):
            days[str(item["ticker"])] = date.fromisoformat(str(item["date"]))
        return days

    def reports(
        self,
        ticker: Ticker,
        kind: ReportKind,
        period: Period,
        *,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> ResultPage[Report]:
        """Return the reports of one kind and period, newest first."""
        page = self._store.query(
            FINANCIALS,
            ticker,
            prefix=f"{_report_type(kind, period)}#",
            newest_first=True,
            limit=limit,
            cursor=cursor,
        )
        return ResultPage([_report(item) for item, _ in page.items], page.cursor)


def _report_type(kind: ReportKind, period: Period) -> str:
    return f"{kind.value}.{period.value}"


def _key(ticker: Ticker, report_type: str, day: date) -> dict[str, str]:
    return {
        "ticker": ticker,
        "reportType#date": f"{report_type}#{day.isoformat()}",
        "reportType": report_type,
        "date": day.isoformat(),
    }


def _item(report: Report) -> Item:
    values = report.model_dump(exclude=_META, exclude_unset=True)
    key = _key(report.ticker, _report_type(report.kind, report.period), report.fiscal_date_ending)
    currency = {} if report.currency is None else {"currency": report.currency}
    return {**key, **currency, "values": to_value(values)}


def _report(item: Item) -> Report:
    kind, period = str(item["reportType"]).split(".")
    values = item["values"]
    return _TYPES[kind].model_validate(
        {
            "ticker": item["ticker"],
            "period": period,
            "fiscalDateEnding": item["date"],
            "currency": item.get("currency"),
            **(values if isinstance(values, dict) else {}),
        }
    )


def _calendar_item(entry: EarningsCalendarEntry) -> Item:
    values = entry.model_dump(exclude_none=True, exclude={"ticker", "report_date"})
    return {**_key(entry.ticker, _CALENDAR, entry.report_date), "values": to_value(values)}
