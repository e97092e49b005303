"""Reports of every company, as reported, and announced dates of coming ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from ..domain.reports import (
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Report,
)
from ..tables import FINANCIALS
from .optimistic import ResultPage, ignore, key_of, sync_items, to_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from ..domain.model import Ticker
    from ..domain.reports import (
        Period,
        ReportKind,
    )
    from ..ports import Cursor, Item, Store, Stored
    from .optimistic import RecordEvent

__all__ = ["FinancialsRepository", "ReportChanges"]

_M = TypeVar("_M", Report, EarningsCalendarEntry)
_TYPES: Final[dict[str, type[Report]]] = {
    model.kind: model for model in (BalanceSheet, CashFlow, Earnings, IncomeStatement)
}
_META: Final = {"ticker", "period", "fiscal_date_ending", "currency"}
_CALENDAR: Final = "earnings_calendar"


class ReportChanges(NamedTuple):
    """The reports that were new or restated, and how many the company has now."""

    changed: list[Report]
    stored: int


class FinancialsRepository:
    """Statements, earnings and announced report dates."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(
        self,
        ticker: Ticker,
        reports: Sequence[Report],
        record_event: RecordEvent[list[Report]] = ignore,
    ) -> ReportChanges:
        """Store a company's reports that are new or restated; of equal ones the last counts."""
        page = self._store.query(FINANCIALS, ticker)
        stored = [row for row in page.items if row.item["reportType"] != _CALENDAR]
        changed = self._sync(reports, _item, record_event, stored)
        keys = {key_of(FINANCIALS, row.item) for row in stored}
        return ReportChanges(
            changed, len(keys | {key_of(FINANCIALS, _item(report)) for report in changed})
        )

    def schedule(
        self,
        entries: Sequence[EarningsCalendarEntry],
        record_event: RecordEvent[list[EarningsCalendarEntry]] = ignore,
    ) -> list[EarningsCalendarEntry]:
        """Store announced report dates; return those that are new or changed."""
        return self._sync(entries, _calendar_item, record_event)

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

    def _sync(
        self,
        models: Sequence[_M],
        item_of: Callable[[_M], Item],
        record_event: RecordEvent[list[_M]],
        known: Iterable[Stored] | None = None,
    ) -> list[_M]:
        items = [item_of(model) for model in models]
        by_key = {
            key_of(FINANCIALS, item): model for item, model in zip(items, models, strict=True)
        }

        def models_of(changed: Sequence[Item]) -> list[_M]:
            return [by_key[key_of(FINANCIALS, item)] for item in changed]

        def record(changed: list[Item]) -> None:
            record_event(models_of(changed))

        return models_of(sync_items(self._store, FINANCIALS, items, record, known=known))


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
