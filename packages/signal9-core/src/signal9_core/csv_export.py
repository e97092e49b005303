"""Answers as CSV (RFC 4180), for spreadsheets and data frames; numbers keep every digit."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Final

from .schemas.prices import PriceColumns, PricesAnswer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .schemas.financials import FinancialsAnswer, ReportRow

_BAR_FIELDS: Final = ("date", "open", "high", "low", "close", "volume")
_REPORT_FIELDS: Final = ("fiscalDateEnding", "currency")


def to_csv(answer: PricesAnswer | FinancialsAnswer, fields: Sequence[str] = ()) -> bytes:
    """Return a header and a line for each bar or report; with `fields`, only those columns.

    Bars have their fields as columns, reports `fiscalDateEnding`, `currency` and every figure.
    """
    names: Sequence[str]
    if isinstance(answer, PricesAnswer):
        names = [name for name in _BAR_FIELDS if not fields or name in fields]
        lines = _bar_lines(answer, names)
    else:
        names = [name for name in _REPORT_FIELDS if not fields or name in fields]
        if not fields or "values" in fields:
            figures = (name for report in answer.items for name in report.values)
            names = [*names, *dict.fromkeys(figures)]
        lines = ([_cell(report, name) for name in names] for report in answer.items)
    text = StringIO()
    csv.writer(text).writerows([names, *lines])
    return text.getvalue().encode()


def _bar_lines(answer: PricesAnswer, names: Sequence[str]) -> Iterable[Sequence[object]]:
    items = answer.items
    if isinstance(items, PriceColumns):
        return zip(*(getattr(items, name) for name in names), strict=True)
    return ([getattr(bar, name) for name in names] for bar in items)


def _cell(report: ReportRow, name: str) -> object:
    if name == "fiscalDateEnding":
        return report.fiscal_date_ending
    return report.currency if name == "currency" else report.values.get(name)
