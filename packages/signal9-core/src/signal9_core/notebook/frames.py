"""Results as data frames, NumPy arrays and plots; each library is imported on first use."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING, Final, NamedTuple

from ..domain.prices import PRICE_COLUMNS
from ..errors import Signal9Error

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from types import ModuleType

    import numpy as np
    import pandas as pd
    import polars as pl
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from ..domain.prices import PriceSeries
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
