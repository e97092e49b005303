"""A bar on one line, for notebooks and terminals alike."""

import sys
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from html import escape
from operator import index
from typing import TYPE_CHECKING, Final, SupportsIndex, TextIO, TypeVar, overload

from ..domain import PRICE_COLUMNS, Bar, DataSet, Period, PriceSeries, ReportKind, decimals_of
from ..errors import InputError, NotFoundError
from ..schemas import ArticleAnswer, AssetAnswer, ReportRow, SearchHit, StatusAnswer
from .parameters import day_of, span_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
__all__ = [
    "Articles",
    "Company",
    "Displayed",
    "Grid",
    "Hits",
    "Prices",
    "ProgressLine",
    "Reports",
    "Rows",
    "Status",
    "shortened",
]

_WIDTH: Final = 30


class ProgressLine:
    """Draws how far a data set is; draws nothing where no person watches."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A notebook's stream is no terminal, but knows how to go back to the start of a line.
        self._watched = stream.isatty() or "ipykernel" in sys.modules

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """Draw the line anew, and leave it behind once all is done."""
        if not self._watched:
            return
        bar = ("#" * (_WIDTH * done // total)).ljust(_WIDTH, ".") if total else ""
        end = "\n" if done >= total else ""
        self._stream.write(f"\r{data_set:<10} [{bar}] {done:,}/{total:,}{end}")
        self._stream.flush()


T = TypeVar("T")

_ENDS: Final = 5
_CELL: Final = 60
_FIGURE: Final = frozenset("0123456789,.+-–…")  # noqa: RUF001


@dataclass(frozen=True)
class Grid:
    """A short table of text: a title above, notes below."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str | None] = ()

    def text(self) -> str:
        """Return it for a terminal."""
        lines = [self.columns, *self.rows] if self.rows else []
        aligned = zip(*map(_aligned, zip(*lines, strict=True)), strict=True)
        body = ["  ".join(line).rstrip() for line in aligned]
        return "\n".join([self.title, *body, *filter(None, self.notes)])

    def html(self) -> str:
        """Return it for a notebook: escaped, and without anything from elsewhere."""
        head = "".join(f"<th>{escape(name)}</th>" for name in self.columns)
        body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in self.rows)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in self.notes if note)
        return f"<div><p><b>{escape(self.title)}</b></p>{table if self.rows else ''}{notes}</div>"


class Displayed:
    """A result that shows itself as a short table."""

    @abstractmethod
    def grid(self) -> Grid:
        """Return what to show."""

    def __repr__(self) -> str:
        return self.grid().text()

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.grid().html()


def shortened(items: Sequence[T], row: Callable[[T], Sequence[str]]) -> list[Sequence[str]]:
    """Return a row of text for each item; of many items, for the first and the last ones only."""
    if len(items) <= 2 * _ENDS + 1:
        return [[_short(cell) for cell in row(each)] for each in items]
    first, last = shortened(items[:_ENDS], row), shortened(items[-_ENDS:], row)
    return [*first, ["…"] * len(first[0]), *last]


def _aligned(column: Sequence[str]) -> list[str]:
    """Return cells of one width; numbers stand on the right, as does their header."""
    width = max(map(len, column))
    numeric = all(set(cell) <= _FIGURE for cell in column[1:])
    return [cell.rjust(width) if numeric else cell.ljust(width) for cell in column]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CELL else f"{line[: _CELL - 1]}…"


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"


@dataclass(frozen=True, repr=False)
class Rows(Displayed, Sequence[T]):
    """An immutable sequence; `notice` says what people must know who see it."""

    items: Sequence[T]
    notice: str | None

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, at: int) -> T: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...

    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        return self.items[at]


@dataclass(frozen=True, repr=False)
class Articles(Rows[ArticleAnswer]):
    """Articles, newest first; `ticker` is the company that was asked for, if one was."""

    ticker: str | None

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame by `publishedAt` (UTC), newest first."""
        from .frames import pandas_articles

        return pandas_articles(self.items)

    def to_polars(self) -> "pl.DataFrame":
        """Return a data frame, newest first, with `publishedAt` in UTC."""
        from .frames import polars_articles

        return polars_articles(self.items)

    def grid(self) -> Grid:
        """Return what to show."""
        rows = shortened(self.items, _row)
        title = f"{len(self):,} articles{f' about {self.ticker}' if self.ticker else ''}"
        return Grid(title, ("published", "tone", "source", "title"), rows, (self.notice,))


def _row(article: ArticleAnswer) -> tuple[str, ...]:
    tone = "" if article.sentiment is None else f"{article.sentiment:+.2f}"
    return f"{article.published_at:%Y-%m-%d}", tone, article.source, article.title


@dataclass(frozen=True, repr=False)
class Hits(Rows[SearchHit]):
    """Companies that are like a query, best first."""

    query: str

    def grid(self) -> Grid:
        """Return what to show."""
        rows = shortened(self.items, _row_hits)
        title = f"{len(self)} companies like {self.query!r}"
        return Grid(title, ("ticker", "name", "exchange", "score"), rows, (self.notice,))


def _row_hits(hit: SearchHit) -> tuple[str, ...]:
    return hit.ticker, hit.name or "", hit.exchange or "", f"{hit.score:,f}"


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
        from .frames import numpy_views

        return numpy_views(self.series)

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw the closes, into `axes` if given; return the axes."""
        from .frames import plot_closes

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


_SHOWN: Final = 4


@dataclass(frozen=True, repr=False)
class Reports(Rows[ReportRow]):
    """Reports of one kind and period, newest first; figures are exact, in frames floats."""

    ticker: str
    report: ReportKind
    period: Period
    source: str | None

    @overload
    def __getitem__(self, at: int | date | str) -> ReportRow: ...

    @overload
    def __getitem__(self, at: slice) -> "Sequence[ReportRow]": ...

    def __getitem__(self, at: int | date | str | slice) -> "ReportRow | Sequence[ReportRow]":
        """Return the report at a position or of a fiscal date, or those of a slice."""
        if isinstance(at, int | slice):
            return self.items[at]
        day = day_of(at, "date")
        for each in self.items:
            if each.fiscal_date_ending == day:
                return each
        known = tuple(str(each.fiscal_date_ending) for each in self.items[:3])
        raise NotFoundError(f"{self.report} of {self.ticker} on", str(day), known)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all figures that any of the reports has."""
        every = (each.values for each in self.items)  # noqa: PD011
        return tuple(dict.fromkeys(name for figures in every for name in figures))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame by `fiscalDateEnding`, a column of floats for each figure.

        Oldest first, as time series are, so that `pct_change` means growth.
        """
        from .frames import pandas_reports

        return pandas_reports(self.items[::-1], self.fields)

    def to_polars(self) -> "pl.DataFrame":
        """Return a data frame, oldest first: `fiscalDateEnding`, and a column for each figure."""
        from .frames import polars_reports

        return polars_reports(self.items[::-1], self.fields)

    def grid(self) -> Grid:
        """Return what to show: a row for each figure, the newest reports beside one another."""
        newest = self.items[:_SHOWN]
        figures = [each.values for each in newest]  # noqa: PD011

        def row(name: str) -> list[str]:
            return [name, *(_figure(each.get(name)) for each in figures)]

        title = f"{self.ticker} {self.report.replace('_', ' ')}, {self.period}"
        what = f"{len(self)} reports from {self.source}" if len(self) else "none stored"
        columns = ("", *(str(each.fiscal_date_ending) for each in newest))
        return Grid(f"{title}: {what}", columns, shortened(self.fields, row), (self.notice,))


def _figure(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,f}"  # noqa: RUF001


class Company(Displayed, AssetAnswer):
    """Identity, description, insights and freshness of one company."""

    notice: str | None

    @classmethod
    def of(cls, answer: AssetAnswer, notice: str | None) -> "Company":
        """Return the answer as a company that shows itself."""
        return cls.model_construct(**dict(answer), notice=notice)

    def source_of(self, data_set: str) -> str | None:
        """Return where a data set comes from; `None` where there is none of it."""
        known = self.freshness.get(DataSet(data_set))
        return None if known is None else known.source

    def grid(self) -> Grid:
        """Return what to show."""
        rows = [*self._identity(), *self._insights(), *self._reach()]
        return Grid(f"{self.ticker} {self.name or ''}", ("", ""), rows, (self.notice,))

    def _identity(self) -> Iterator[tuple[str, str]]:
        names = ("exchange", "sector", "industry", "country", "currency", "description")
        for name in names:
            value = getattr(self, name)
            if value is not None:
                yield name, str(value)

    def _insights(self) -> Iterator[tuple[str, str]]:
        span, mood = self.insights.range_52_weeks, self.insights.sentiment
        if span is not None:
            yield "52-week range", f"{span.low:,f} to {span.high:,f}"
        if mood is not None:
            yield "tone of the news", f"{mood.label} ({mood.sample_size} articles)"

    def _reach(self) -> Iterator[tuple[str, str]]:
        for name, each in self.freshness.items():
            part = "" if each.complete else ", incomplete"
            yield name, f"{each.count:,} up to {each.as_of} from {each.source}{part}"


class Status(Displayed, StatusAnswer):
    """How much is stored, where, and how fresh it is."""

    @classmethod
    def of(cls, answer: StatusAnswer) -> "Status":
        """Return the answer as a status that shows itself."""
        return cls.model_construct(**dict(answer))

    def grid(self) -> Grid:
        """Return what to show."""
        rows = [
            (name, f"{each.companies:,}", f"{each.count:,}", str(each.newest or "nothing yet"))
            for name, each in self.data_sets.items()
        ]
        title = f"{self.assets:,} companies in {self.location}"
        return Grid(title, ("data set", "companies", "stored", "up to"), rows, (self.notice,))
