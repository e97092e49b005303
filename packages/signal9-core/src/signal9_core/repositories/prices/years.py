"""What was kept before there were blocks: a calendar year of bars as lists of numbers."""

from array import array
from dataclasses import dataclass
from datetime import date
from typing import Self

from ...domain import PRICE_COLUMNS, Column, rescaled
from ...errors import StoreError
from ...ports import Item

__all__ = ["Year", "is_year"]


def is_year(item: Item) -> bool:
    """Tell whether an item is of this kind."""
    return "days" in item


@dataclass(frozen=True, slots=True)
class Year:
    """A calendar year of bars; it reads like a block that ends with the year."""

    item: Item
    scale: int
    adjusted_scale: int

    @classmethod
    def of(cls, item: Item) -> Self:
        """Read an item of this kind; `StoreError` where it has no precision."""
        return cls(item, _whole(item, "scale"), _whole(item, "adjustedScale"))

    @property
    def currency(self) -> str:
        """What its prices are in."""
        return str(self.item["currency"])

    @property
    def ends(self) -> tuple[int, ...]:
        """The first day of the next year; what ends that is not known here."""
        year = date.fromisoformat(str(self.item["timestamp"])).year
        return () if year == date.max.year else (date(year + 1, 1, 1).toordinal(),)

    def columns(self, scale: int) -> dict[str, Column]:
        """Return the columns of a `PriceSeries`, with prices in units of `10 ** -scale`."""
        finer = scale - self.scale
        columns = {name: rescaled(self._column(name), finer) for name in PRICE_COLUMNS}
        columns["volume"] = self._column("volume")
        columns["days"] = array("i", self._column("days"))
        if "adjustedClose" in self.item:
            columns["adjusted_close"] = self._column("adjustedClose")
        return columns

    def _column(self, name: str) -> Column:
        value = self.item.get(name)
        if not isinstance(value, list):
            raise StoreError(f"{name} is {value!r}")
        return array("q", value)


def _whole(item: Item, name: str) -> int:
    value = item.get(name)
    if not isinstance(value, int):
        raise StoreError(f"{name} is {value!r}")
    return value
