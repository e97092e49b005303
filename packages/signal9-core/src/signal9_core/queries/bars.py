"""Bars as answers: rows that are views of columns, and their JSON without a number in between.

Five years of daily bars are five thousand prices. As decimals in models they take longer to make
and to write than to read from the store, so JSON is written from the columns' integers.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, overload

import msgspec

from ..answers import BarRow, PriceColumns
from ..domain import PRICE_COLUMNS, PriceSeries

if TYPE_CHECKING:
    from ..domain import Column

__all__ = ["BAR_FIELDS", "BarRows"]

BAR_FIELDS: Final = ("date", *PRICE_COLUMNS, "volume")
"""What a row of bars holds, in this order."""

_CENTS: Final = 2
_HUNDREDTHS: Final = [f".{number:02}" for number in range(100)]


class BarRows(Sequence[BarRow]):
    """The bars of a series as an answer's rows, each made when it is looked at."""

    def __init__(self, series: PriceSeries, *, newest_first: bool = False) -> None:
        self._series = series
        self._step = -1 if newest_first else 1

    def __len__(self) -> int:
        return len(self._series)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((len(self), self._step))

    @overload
    def __getitem__(self, at: int) -> BarRow: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[BarRow]: ...

    def __getitem__(self, at: int | slice) -> BarRow | Sequence[BarRow]:
        if isinstance(at, slice):
            return [self._row(each) for each in range(*at.indices(len(self)))]
        return self._row(at)

    def wire(self, fields: Sequence[str] = ()) -> msgspec.Raw:
        """Return all bars as JSON, or these fields of each."""
        names = [name for name in BAR_FIELDS if not fields or name in fields]
        row = ",".join(f'"{name}":' + ('"%s"' if name == "date" else "%s") for name in names)
        rows = map(f"{{{row}}}".__mod__, zip(*map(self.texts, names), strict=True))
        return msgspec.Raw(f"[{','.join(rows)}]".encode())

    def texts(self, name: str) -> Iterable[str]:
        """Return one field of every bar as text, exactly."""
        series, step = self._series, self._step
        if name == "date":
            return map(date.isoformat, map(date.fromordinal, series.days[::step]))
        if name == "volume":
            return map(str, series.volume[::step])
        values: Column = getattr(series, name)
        return _texts(values[::step], series.scale)

    def columns(self) -> PriceColumns:
        """Return each field of all bars, in this order."""
        series, step = self._series, self._step
        return PriceColumns.model_construct(
            date=[date.fromordinal(day) for day in series.days[::step]],
            open=series.prices("open")[::step],
            high=series.prices("high")[::step],
            low=series.prices("low")[::step],
            close=series.prices("close")[::step],
            volume=list(series.volume[::step]),
        )

    def _row(self, at: int) -> BarRow:
        series = self._series
        at = at if self._step == 1 else -1 - at
        return BarRow.model_construct(
            date=series.day(at),
            open=series.price("open", at),
            high=series.price("high", at),
            low=series.price("low", at),
            close=series.price("close", at),
            volume=series.volume[at],
        )


def _texts(values: "Column", scale: int) -> Iterable[str]:
    """Return prices as text: two decimals, or as many more as each needs."""
    if scale < _CENTS or min(values, default=0) < 0:
        return [format(Decimal(value).scaleb(-scale), "f") for value in values]
    # Nearly all need two decimals only, whatever the finest one of the series needs.
    unit, rest = 10**scale, 10 ** (scale - _CENTS)
    return [
        f"{value // unit}{_HUNDREDTHS[value // rest % 100]}"
        if value % rest == 0
        else f"{value // unit}.{str(value)[-scale:].zfill(scale).rstrip('0')}"
        for value in values
    ]
