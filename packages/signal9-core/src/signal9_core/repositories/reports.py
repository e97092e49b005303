"""Reports of every company, as reported."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from ..domain import (
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Period,
    Report,
    ReportKind,
    Ticker,
)
from ..ports import Cursor, Item, Store
from ..tables import FINANCIALS
from .optimistic import Foretell, ignore, key_of, sync_items, to_value

__all__ = ["FinancialsRepository", "ReportPage"]

_TYPES: Final[dict[str, type[Report]]] = {
    each.kind: each for each in (BalanceSheet, CashFlow, Earnings, IncomeStatement)
}
_META: Final = {"ticker", "period", "fiscal_date_ending", "currency"}
_CALENDAR: Final = "earnings_calendar"


class ReportPage(NamedTuple):
    """Part of a list of reports; `cursor` continues it and is `None` at the end."""

    items: list[Report]
    cursor: Cursor | None


class FinancialsRepository:
    """Statements, earnings and announced report dates."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(
        self, reports: Sequence[Report], foretell: Foretell[list[Report]] = ignore
    ) -> list[Report]:
        """Store what is new or restated; return those reports, of equal ones the last."""
        of = {key_of(FINANCIALS, item): report for report in reports for item in [_item(report)]}

        def named(items: Sequence[Item]) -> list[Report]:
            return [of[key_of(FINANCIALS, item)] for item in items]

        items = map(_item, reports)
        return named(
            sync_items(self._store, FINANCIALS, items, lambda found: foretell(named(found)))
        )

    def schedule(
        self,
        entries: Sequence[EarningsCalendarEntry],
        foretell: Foretell[list[EarningsCalendarEntry]] = ignore,
    ) -> list[EarningsCalendarEntry]:
        """Store announced report dates; return those that are new or changed."""
        of = {key_of(FINANCIALS, _calendar_item(entry)): entry for entry in entries}

        def named(items: Sequence[Item]) -> list[EarningsCalendarEntry]:
            return [of[key_of(FINANCIALS, item)] for item in items]

        items = map(_calendar_item, entries)
        return named(
            sync_items(self._store, FINANCIALS, items, lambda found: foretell(named(found)))
        )

    def reports(
        self,
        ticker: Ticker,
        kind: ReportKind,
        period: Period,
        *,
        limit: int | None = None,
        cursor: Cursor | None = None,
    ) -> ReportPage:
        """Return the reports of one kind and period, newest first."""
        page = self._store.query(
            FINANCIALS,
            ticker,
            prefix=f"{_report_type(kind, period)}#",
            newest_first=True,
            limit=limit,
            cursor=cursor,
        )
        return ReportPage([_report(each.item) for each in page.items], page.cursor)

    def count(self, ticker: Ticker) -> int:
        """Return how many reports of all kinds are stored of a company."""
        page = self._store.query(FINANCIALS, ticker)
        return sum(each.item["reportType"] != _CALENDAR for each in page.items)


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
    dumped = entry.model_dump(exclude_none=True, exclude={"ticker", "report_date"})
    return {
        **_key(entry.ticker, _CALENDAR, entry.report_date),
        "values": to_value(dumped),
    }
