"""What is answered about prices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Protocol, runtime_checkable

import msgspec
from pydantic import Field

from ..domain import Interval
from .companies import FreshnessAnswer
from .model import Answer, Number

__all__ = ["BarRow", "PriceBatchAnswer", "PriceColumns", "PricesAnswer", "Wired"]


class BarRow(Answer):
    """One bar; `date` is its last trading day."""

    date: date
    open: Number
    high: Number
    low: Number
    close: Number
    volume: int


class PriceColumns(Answer):
    """The same bars, a list per column, all of one length."""

    date: Sequence[date]
    open: Sequence[Number]
    high: Sequence[Number]
    low: Sequence[Number]
    close: Sequence[Number]
    volume: Sequence[int]


@runtime_checkable
class Wired(Protocol):
    """Items that know their JSON, since one object per item would take too long to make."""

    def wire(self, fields: Sequence[str] = ()) -> msgspec.Raw:
        """Return all items as JSON, or these fields of each."""

    def texts(self, name: str) -> Iterable[str]:
        """Return one field of every item as text, exactly."""


class PricesAnswer(Answer):
    """Bars of one company, oldest first; `items` holds rows or, where asked for, columns."""

    ticker: str
    interval: Interval
    adjusted: bool
    currency: str
    items: Sequence[BarRow] | PriceColumns
    next_cursor: str | None = None
    freshness: FreshnessAnswer | None = Field(
        None, description="How far the stored bars reach; `null` where there are none."
    )

    def wire(self, fields: Sequence[str] = ()) -> Mapping[str, object]:
        """Return what JSON is made of; bars that know their JSON are not made one by one."""
        if not isinstance(self.items, Wired):
            return super().wire(fields)
        rest = self.model_copy(update={"items": ()}).model_dump()
        return {**rest, "items": self.items.wire(fields)}


class PriceBatchAnswer(Answer):
    """Bars of several companies, in the order in which they were asked for."""

    items: Sequence[PricesAnswer]
    unknown: Sequence[str] = Field((), description="Tickers that were asked for and are not known.")

    def wire(self, fields: Sequence[str] = ()) -> Mapping[str, object]:
        """Return what JSON is made of; `fields` are those of each bar."""
        return {"items": [each.wire(fields) for each in self.items], "unknown": list(self.unknown)}
