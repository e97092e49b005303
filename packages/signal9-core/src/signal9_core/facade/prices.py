"""Bars of one company."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from operator import index
from typing import TYPE_CHECKING, Final, SupportsIndex, overload

from ..domain import PRICE_COLUMNS, Bar, PriceSeries, decimals_of
from ..errors import InputError, NotFoundError
from .display import Displayed, Grid, shortened
from .parameters import day_of, span_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["Prices"]

_SHOWN_DECIMALS: Final = 6


@dataclass(frozen=True, repr=False)
class Prices(Displayed):
    """Bars, oldest first; `series` holds them exactly, frames as floats."""

    series: PriceSeries
    adjusted: bool
    source: str | None
    notice: str | None

    @property
    def ticker(self) -> str:
        """Whose prices these are."""
        return self.series.ticker

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Bar]:
        return iter(self.series)

    @overload
    def __getitem__(self, at: slice) -> "Prices": ...

    @overload
    def __getitem__(self, at: SupportsIndex | date | str) -> Bar: ...

    def __getitem__(self, at: SupportsIndex | date | str | slice) -> "Bar | Prices":
        """Return the bar at a position or of a day, or those of a slice; days count inclusively."""
        if isinstance(at, slice):
            return replace(self, series=_part(self.series, at))
        place = index(at) if isinstance(at, SupportsIndex) else self._position(at)
        if not -len(self) <= place < len(self):
            raise IndexError(f"{self.ticker}: no bar at {place} among {len(self):,}")
        return self.series.bar(place)

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame by date: prices as floats, volume as integers."""
        from .frames import pandas_prices

        return pandas_prices(self.series)

    def to_polars(self) -> "pl.DataFrame":
        """Return a data frame with a `date` column: prices as floats, volume as integers."""
        from .frames import polars_prices

        return polars_prices(self.series)

    def to_numpy(self) -> "dict[str, NDArray[np.signedinteger]]":
        """Return the exact columns by name, read-only, not copied; `series` has the units."""
        from .views import numpy_views

        return numpy_views(self.series)

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw the closes, into `axes` if given; return the axes."""
        from .plots import plot_closes

        return plot_closes(self, axes)

    @property
    def title(self) -> str:
        """What these bars are, in one line."""
        return f"{self.ticker} {self.kind}"

    @property
    def kind(self) -> str:
        """What these bars are, whosever they are."""
        adjusted = "adjusted" if self.adjusted else "as traded"
        return f"{self.series.interval} prices in {self.series.currency}, {adjusted}"

    def grid(self) -> Grid:
        """Return what to show."""
        rows = shortened(range(len(self)), self._row)
        span = "none stored" if not len(self) else self._span()
        return Grid(
            f"{self.title}: {span}", ("date", *PRICE_COLUMNS, "volume"), rows, (self.notice,)
        )

    def _row(self, at: int) -> tuple[str, ...]:
        prices = (_shown(self.series.price(name, at)) for name in PRICE_COLUMNS)
        return str(self.series.day(at)), *prices, f"{self.series.volume[at]:,}"

    def _span(self) -> str:
        first, last = self.series.day(0), self.series.day(-1)
        return f"{len(self):,} bars, {first} to {last}, from {self.source}"

    def _position(self, at: date | str) -> int:
        day = day_of(at, "date")
        found = self.series.between(None, day)
        if not len(found) or found.day(-1) != day:
            nearest = (str(found.day(-1)),) if len(found) else ()
            raise NotFoundError(f"bar of {self.ticker} on", str(day), nearest)
        return len(found) - 1


def _shown(price: Decimal) -> str:
    """Return a price with at most six decimals; adjusted ones may have many more."""
    return f"{price:,f}" if decimals_of(price) <= _SHOWN_DECIMALS else f"{price:,.6f}"


def _part(series: PriceSeries, at: slice) -> PriceSeries:
    if at.step not in {None, 1}:
        raise InputError("step", f"{at.step} is not 1")
    if isinstance(at.start, date | str) or isinstance(at.stop, date | str):
        return series.between(*span_of(at.start, at.stop))
    start, stop, _ = at.indices(len(series))
    return series.slice(start, max(start, stop))
