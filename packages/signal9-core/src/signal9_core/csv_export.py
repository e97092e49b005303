"""Answers as CSV (RFC 4180), for spreadsheets and data frames; numbers keep every digit."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Final

from .schemas import FinancialsAnswer, PriceColumns, PricesAnswer, Wired

__all__ = ["to_csv"]

_BARS: Final = ("date", "open", "high", "low", "close", "volume")


def to_csv(answer: PricesAnswer | FinancialsAnswer, fields: Sequence[str] = ()) -> bytes:
    """Return a header and a line for each bar or report; with `fields`, only those columns.

    Bars have their fields as columns, reports `fiscalDateEnding`, `currency` and every figure.
    """
    if isinstance(answer, PricesAnswer):
        return _written(*_bars(answer, fields))
    return _written(*_reports(answer, fields))


def _bars(
    answer: PricesAnswer, fields: Sequence[str]
) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    names = [name for name in _BARS if not fields or name in fields]
    items = answer.items
    if isinstance(items, Wired):
        return names, zip(*(items.texts(name) for name in names), strict=True)
    if isinstance(items, PriceColumns):
        return names, zip(*(getattr(items, name) for name in names), strict=True)
    return names, ([getattr(row, name) for name in names] for row in items)


def _reports(
    answer: FinancialsAnswer, fields: Sequence[str]
) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
    figures = [each.values for each in answer.items]
    known = list(dict.fromkeys(name for each in figures for name in each))
    head = ["fiscalDateEnding", "currency"]
    names = [name for name in head if not fields or name in fields]
    shown = known if not fields or "values" in fields else []
    rows = (
        [
            *_head(row.fiscal_date_ending.isoformat(), row.currency, names),
            *map(row.values.get, shown),
        ]
        for row in answer.items
    )
    return [*names, *shown], rows


def _head(day: str, currency: str | None, names: Sequence[str]) -> list[str | None]:
    of = {"fiscalDateEnding": day, "currency": currency}
    return [of[name] for name in names]


def _written(names: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    sheet = StringIO()
    writer = csv.writer(sheet)
    writer.writerow(names)
    writer.writerows(rows)
    return sheet.getvalue().encode()
