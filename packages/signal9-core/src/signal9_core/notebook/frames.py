"""How results and progress look, and results as data frames, NumPy arrays and plots."""

from __future__ import annotations

import sys
from abc import abstractmethod
from dataclasses import dataclass
from datetime import date
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO, TypeVar

from ..domain.prices import PRICE_COLUMNS, PriceSeries
from ..errors import Signal9Error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal
    from types import ModuleType

    import numpy as np
    import pandas as pd
    import polars as pl
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..schemas.financials import ReportRow
    from ..schemas.news import ArticleAnswer
    from .results import Prices


_PANDAS_TYPES: Final = {"float": "float64", "integer": "int64", "text": "str", "list": "object"}


class MissingExtraError(Signal9Error, ImportError):
    """An optional library is not installed; the message says how to install it."""


class Column(NamedTuple):
    """A column of a frame; `kind` is day, time, float, integer, text or list."""

    name: str
    kind: str
    cells: Sequence[object]


def load_extra(module: str, extra: str) -> ModuleType:
    """Import a module of a library that an extra installs."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        raise MissingExtraError(
            f'this needs {library}: pip install "signal9-core[{extra}]"'
        ) from error


def price_columns(series: PriceSeries) -> list[Column]:
    """Return the columns of a frame of bars, with prices as floats."""
    index = Column("date", "day", [date.fromordinal(day) for day in series.days])
    unit = 10**series.scale
    prices = (
        Column(name, "float", [price / unit for price in getattr(series, name)])
        for name in PRICE_COLUMNS
    )
    return [index, *prices, Column("volume", "integer", list(series.volume))]


def report_columns(reports: Sequence[ReportRow], fields: Sequence[str]) -> list[Column]:
    """Return the columns of a frame of reports; missing figures are `None`."""
    days = [report.fiscal_date_ending for report in reports]
    figures = [dict(report.values) for report in reports]
    columns = (Column(name, "float", [_float(row.get(name)) for row in figures]) for name in fields)
    return [Column("fiscalDateEnding", "day", days), *columns]


def article_columns(articles: Sequence[ArticleAnswer]) -> list[Column]:
    """Return the columns of a frame of articles; a missing tone is `None`."""
    tickers = [[mention.ticker for mention in article.tickers] for article in articles]
    return [
        Column("publishedAt", "time", [article.published_at for article in articles]),
        *(
            Column(name, "text", [getattr(article, name) for article in articles])
            for name in ("title", "source", "url", "label")
        ),
        Column("sentiment", "float", [_float(article.sentiment) for article in articles]),
        Column("tickers", "list", tickers),
        Column("topics", "list", [list(article.topics) for article in articles]),
    ]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def pandas_frame(columns: Sequence[Column]) -> pd.DataFrame:
    """Return a data frame whose index is the first column; missing numbers are NaN."""
    pandas = load_extra("pandas", "pandas")
    name, kind, cells = columns[0]
    if kind == "day":
        index = pandas.DatetimeIndex(cells, name=name).as_unit("s")
    else:
        index = pandas.DatetimeIndex(pandas.to_datetime(cells, utc=True), name=name)
    return pandas.DataFrame(
        {
            column.name: pandas.Series(column.cells, index, dtype=_PANDAS_TYPES[column.kind])
            for column in columns[1:]
        },
        index=index,
    )


def polars_frame(columns: Sequence[Column]) -> pl.DataFrame:
    """Return a data frame of these columns; missing numbers are null."""
    polars = load_extra("polars", "polars")
    types = {
        "day": polars.Date,
        "time": polars.Datetime("us", "UTC"),
        "float": polars.Float64,
        "integer": polars.Int64,
        "text": polars.String,
        "list": polars.List(polars.String),
    }
    frame: pl.DataFrame = polars.DataFrame(
        {column.name: column.cells for column in columns},
        schema={column.name: types[column.kind] for column in columns},
    )
    return frame


def numpy_views(series: PriceSeries) -> dict[str, NDArray[np.signedinteger]]:
    """Return the integer columns of a series by name, read-only and without copying them.

    Prices are in units of `10 ** -series.scale`.
    """
    numpy = load_extra("numpy", "pandas")
    views = {name: numpy.asarray(column) for name, column in series.columns().items()}
    for view in views.values():
        view.flags.writeable = False
    return views


def plot_closes(prices: Prices, axes: Axes | None) -> Axes:
    """Draw the closes as a line; the title names a company only where it is the only one."""
    axes = _new_axes() if axes is None else axes
    series = prices.series
    days = [date.fromordinal(day) for day in series.days]
    closes = [close / 10**series.scale for close in series.close]
    axes.set_title(prices.kind if axes.get_lines() else prices.title)
    axes.plot(days, closes, label=series.ticker)
    axes.set_ylabel(series.currency)
    return axes


def _new_axes() -> Axes:
    pyplot, dates = load_extra("matplotlib.pyplot", "plot"), load_extra("matplotlib.dates", "plot")
    axes = pyplot.subplots(layout="constrained")[1]
    locator = dates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    return axes


T = TypeVar("T")

_ROWS_AT_EACH_END: Final = 5
_CELL_WIDTH: Final = 60
_BAR_WIDTH: Final = 30
_NUMERIC: Final = frozenset("0123456789,.+-–…")  # noqa: RUF001


@dataclass(frozen=True)
class Grid:
    """A short table of text with a title, and a notice below it."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notice: str | None

    def text(self) -> str:
        """Return the table for a terminal."""
        lines = [self.columns, *self.rows] if self.rows else []
        aligned = zip(*map(_align, zip(*lines, strict=True)), strict=True)
        body = ["  ".join(line).rstrip() for line in aligned]
        return "\n".join([self.title, *body, *([self.notice] if self.notice else [])])

    def html(self) -> str:
        """Return the table for a notebook, escaped and without links."""
        head = _html_row("th", self.columns)
        body = "".join(_html_row("td", row) for row in self.rows)
        table = f"<table><thead>{head}</thead><tbody>{body}</tbody></table>" if self.rows else ""
        notice = f"<p><small>{escape(self.notice)}</small></p>" if self.notice else ""
        return f"<div><p><b>{escape(self.title)}</b></p>{table}{notice}</div>"


class Displayed:
    """A result that is displayed as a short table."""

    @abstractmethod
    def grid(self) -> Grid:
        """Return the table to display."""

    def __repr__(self) -> str:
        return self.grid().text()

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.grid().html()


def shorten(items: Sequence[T], row: Callable[[T], Sequence[str]]) -> list[Sequence[str]]:
    """Return a row for each item, or for the first and last ones if there are many."""
    if len(items) <= 2 * _ROWS_AT_EACH_END + 1:
        return [[_shorten_cell(cell) for cell in row(item)] for item in items]
    first = shorten(items[:_ROWS_AT_EACH_END], row)
    last = shorten(items[-_ROWS_AT_EACH_END:], row)
    return [*first, ["…"] * len(first[0]), *last]


def _shorten_cell(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _CELL_WIDTH else f"{line[: _CELL_WIDTH - 1]}…"


def _align(column: Sequence[str]) -> list[str]:
    """Return cells of equal width; numbers and their header are aligned to the right."""
    width = max(map(len, column))
    is_numeric = all(set(cell) <= _NUMERIC for cell in column[1:])
    return [cell.rjust(width) if is_numeric else cell.ljust(width) for cell in column]


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"


class ProgressLine:
    """Draws the progress of an ingest, one line per data set, in a terminal or a notebook."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # A notebook's stream is not a terminal, but can return to the start of a line.
        self._is_visible = stream.isatty() or "ipykernel" in sys.modules

    def __call__(self, data_set: str, done: int, total: int) -> None:
        """Redraw the line of a data set, and end it when everything is done."""
        if not self._is_visible:
            return
        bar = ("#" * (_BAR_WIDTH * done // total)).ljust(_BAR_WIDTH, ".") if total else ""
        end = "\n" if done >= total else ""
        self._stream.write(f"\r{data_set:<10} [{bar}] {done:,}/{total:,}{end}")
        self._stream.flush()
