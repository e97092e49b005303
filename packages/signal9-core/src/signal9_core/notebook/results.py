"""What the methods of `Signal9` return."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import index
from typing import TYPE_CHECKING, Final, SupportsIndex, TypeVar, overload

from ..domain.adjustment import describe_problem
from ..domain.companies import DataSet
from ..domain.insights import describe_figures
from ..domain.prices import PRICE_COLUMNS, Bar, PriceSeries, decimals_of
from ..errors import InputError, NotFoundError
from ..schemas.companies import AssetAnswer, SearchHit
from ..schemas.financials import ReportRow
from ..schemas.news import ArticleAnswer
from ..schemas.operations import StatusAnswer
from . import frames
from .client import parse_date, parse_range
from .frames import Displayed, Grid, shorten

if TYPE_CHECKING:
    from decimal import Decimal

    import numpy as np
    import pandas as pd
    import polars as pl
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..domain.reports import Period, ReportKind

T = TypeVar("T")

_PRICE_DECIMALS: Final = 6
_REPORTS_SHOWN: Final = 4


@dataclass(frozen=True, repr=False)
class Rows(Displayed, Sequence[T]):
    """An immutable sequence; `notice` says what users must know about the data."""

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
class Hits(Rows[SearchHit]):
    """Companies that match a query, best match first."""

    query: str

    def grid(self) -> Grid:
        """Return the table to display."""
        title = f"{len(self)} companies like {self.query!r}"
        columns = ("ticker", "name", "exchange", "score")
        return Grid(title, columns, shorten(self.items, _hit_row), self.notice)


def _hit_row(hit: SearchHit) -> tuple[str, ...]:
    return hit.ticker, hit.name or "", hit.exchange or "", f"{hit.score:,f}"


@dataclass(frozen=True, repr=False)
class Articles(Rows[ArticleAnswer]):
    """Articles, newest first; `ticker` is the requested company, if there was one."""

    ticker: str | None

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame by `publishedAt` (UTC), newest first."""
        return frames.pandas_frame(frames.article_columns(self.items))

    def to_polars(self) -> pl.DataFrame:
        """Return a data frame with `publishedAt` (UTC), newest first."""
        return frames.polars_frame(frames.article_columns(self.items))

    def grid(self) -> Grid:
        """Return the table to display."""
        title = f"{len(self):,} articles{f' about {self.ticker}' if self.ticker else ''}"
        columns = ("published", "tone", "source", "title")
        return Grid(title, columns, shorten(self.items, _article_row), self.notice)


def _article_row(article: ArticleAnswer) -> tuple[str, ...]:
    tone = "" if article.sentiment is None else f"{article.sentiment:+.2f}"
    return f"{article.published_at:%Y-%m-%d}", tone, article.source, article.title


@dataclass(frozen=True, repr=False)
class Reports(Rows[ReportRow]):
    """Reports of one kind and period, newest first, with exact figures (in frames floats)."""

    ticker: str
    report: ReportKind
    period: Period
    source: str | None

    @overload
    def __getitem__(self, at: int | date | str) -> ReportRow: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[ReportRow]: ...

    def __getitem__(self, at: int | date | str | slice) -> ReportRow | Sequence[ReportRow]:
        """Return the report at a position or of a fiscal date, or a slice of reports."""
        if isinstance(at, int | slice):
            return self.items[at]
        day = parse_date(at, "date")
        for report in self.items:
            if report.fiscal_date_ending == day:
                return report
        newest = tuple(str(report.fiscal_date_ending) for report in self.items[:3])
        raise NotFoundError(f"{self.report} of {self.ticker} on", str(day), newest)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the figures in any of the reports."""
        return tuple(dict.fromkeys(name for report in self.items for name in dict(report.values)))

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame by `fiscalDateEnding`, with a column of floats for each figure.

        Oldest first, as time series are, so that `pct_change` means growth.
        """
        return frames.pandas_frame(frames.report_columns(self.items[::-1], self.fields))

    def to_polars(self) -> pl.DataFrame:
        """Return a data frame, oldest first: `fiscalDateEnding`, and a column for each figure."""
        return frames.polars_frame(frames.report_columns(self.items[::-1], self.fields))

    def grid(self) -> Grid:
        """Return the table to display: the newest reports side by side."""
        newest = self.items[:_REPORTS_SHOWN]
        figures = [dict(report.values) for report in newest]

        def row(name: str) -> list[str]:
            return [name, *(_figure(values.get(name)) for values in figures)]

        title = f"{self.ticker} {self.report.replace('_', ' ')}, {self.period}"
        extent = f"{len(self)} reports from {self.source}" if len(self) else "none stored"
        columns = ("", *(str(report.fiscal_date_ending) for report in newest))
        return Grid(f"{title}: {extent}", columns, shorten(self.fields, row), self.notice)


def _figure(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,f}"  # noqa: RUF001


@dataclass(frozen=True, repr=False)
class Prices(Displayed):
    """Bars, oldest first; `series` has exact numbers, frames have floats."""

    series: PriceSeries
    adjusted: bool
    source: str | None
    notice: str | None

    @property
    def ticker(self) -> str:
        """The company."""
        return self.series.ticker

    @property
    def kind(self) -> str:
        """What these bars are, without the company."""
        adjusted = "adjusted" if self.adjusted else "as traded"
        return f"{self.series.interval} prices in {self.series.currency}, {adjusted}"

    @property
    def title(self) -> str:
        """What these bars are."""
        return f"{self.ticker} {self.kind}"

    def __len__(self) -> int:
        return len(self.series)

    def __iter__(self) -> Iterator[Bar]:
        return iter(self.series)

    @overload
    def __getitem__(self, at: slice) -> Prices: ...

    @overload
    def __getitem__(self, at: SupportsIndex | date | str) -> Bar: ...

    def __getitem__(self, at: SupportsIndex | date | str | slice) -> Bar | Prices:
        """Return the bar at a position or of a day, or a slice; slices by day include both ends."""
        if isinstance(at, slice):
            return replace(self, series=_slice(self.series, at))
        position = index(at) if isinstance(at, SupportsIndex) else self._position(at)
        if not -len(self) <= position < len(self):
            raise IndexError(f"{self.ticker}: no bar at {position} among {len(self):,}")
        return self.series.bar(position)

    def _position(self, at: date | str) -> int:
        day = parse_date(at, "date")
        series = self.series.between(None, day)
        if not len(series) or series.day(-1) != day:
            nearest = (str(series.day(-1)),) if len(series) else ()
            raise NotFoundError(f"bar of {self.ticker} on", str(day), nearest)
        return len(series) - 1

    def to_pandas(self) -> pd.DataFrame:
        """Return a data frame by date: prices as floats, volume as integers."""
        return frames.pandas_frame(frames.price_columns(self.series))

    def to_polars(self) -> pl.DataFrame:
        """Return a data frame with a `date` column: prices as floats, volume as integers."""
        return frames.polars_frame(frames.price_columns(self.series))

    def to_numpy(self) -> dict[str, NDArray[np.signedinteger]]:
        """Return the exact columns by name, read-only, not copied; `series` has the units."""
        return frames.numpy_views(self.series)

    def plot(self, axes: Axes | None = None) -> Axes:
        """Draw the closes, into `axes` if given; return the axes."""
        return frames.plot_closes(self, axes)

    def grid(self) -> Grid:
        """Return the table to display."""
        extent = "none stored"
        if len(self):
            days = f"{self.series.day(0)} to {self.series.day(-1)}"
            extent = f"{len(self):,} bars, {days}, from {self.source}"
        columns = ("date", *PRICE_COLUMNS, "volume")
        rows = shorten(range(len(self)), self._row)
        return Grid(f"{self.title}: {extent}", columns, rows, self.notice)

    def _row(self, at: int) -> tuple[str, ...]:
        prices = (_price(self.series.price(name, at)) for name in PRICE_COLUMNS)
        return str(self.series.day(at)), *prices, f"{self.series.volume[at]:,}"


def _price(price: Decimal) -> str:
    """Return a price with at most six decimals; adjusted prices may have many more."""
    return f"{price:,f}" if decimals_of(price) <= _PRICE_DECIMALS else f"{price:,.6f}"


def _slice(series: PriceSeries, at: slice) -> PriceSeries:
    if at.step not in {None, 1}:
        raise InputError("step", f"{at.step} must be 1")
    if isinstance(at.start, date | str) or isinstance(at.stop, date | str):
        return series.between(*parse_range(at.start, at.stop))
    start, stop, _ = at.indices(len(series))
    return series.slice(start, max(start, stop))


class Company(Displayed, AssetAnswer):
    """Identity, description, insights and freshness of one company."""

    notice: str | None

    @classmethod
    def of(cls, answer: AssetAnswer, notice: str | None) -> Company:
        """Return the answer as a company that can be displayed."""
        return cls.model_construct(**dict(answer), notice=notice)

    def source_of(self, data_set: str) -> str | None:
        """Return the source of a data set, or `None` if none of it is stored."""
        freshness = self.freshness.get(DataSet(data_set))
        return None if freshness is None else freshness.source

    def grid(self) -> Grid:
        """Return the table to display."""
        return Grid(f"{self.ticker} {self.name or ''}", ("", ""), list(self._rows()), self.notice)

    def _rows(self) -> Iterator[tuple[str, str]]:
        for name in ("exchange", "sector", "industry", "country", "currency", "description"):
            value = getattr(self, name)
            if value is not None:
                yield name, str(value)
        known, sentiment = self.insights.range_52_weeks, self.insights.sentiment
        if known is not None:
            yield known.name, f"{known.low:,f} to {known.high:,f}"
        elif self.insights.no_range_reason is not None:
            yield "52-week range", self.insights.no_range_reason
        yield from describe_figures(self.insights)
        if sentiment is not None:
            yield "tone of the news", f"{sentiment.label} ({sentiment.sample_size} articles)"
        if self.price_check is not None:
            source = self.price_check.source
            reason = describe_problem(self.price_check) or f"agree with those of {source}"
            yield "adjusted closes", reason
        for data_set, freshness in self.freshness.items():
            extent = f"{freshness.count:,} up to {freshness.as_of} from {freshness.source}"
            yield data_set, extent if freshness.complete else f"{extent}, incomplete"


class Status(Displayed, StatusAnswer):
    """How much is stored, where, and how fresh it is."""

    @classmethod
    def of(cls, answer: StatusAnswer) -> Status:
        """Return the answer as a status that can be displayed."""
        return cls.model_construct(**dict(answer))

    def grid(self) -> Grid:
        """Return the table to display."""
        rows = [
            (
                str(name),
                f"{status.companies:,}",
                f"{status.count:,}",
                str(status.newest or "nothing yet"),
            )
            for name, status in self.data_sets.items()
        ]
        rows += [(problem.ticker, "", "", problem.reason) for problem in self.problems]
        title = f"{self.assets:,} companies in {self.location}"
        return Grid(title, ("data set", "companies", "stored", "up to"), rows, self.notice)
