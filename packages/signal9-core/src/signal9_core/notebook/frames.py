"""Libraries that come with an extra, loaded when they are first needed."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

from ..domain import PRICE_COLUMNS, PriceSeries
from ..errors import Signal9Error
from ..schemas import ArticleAnswer, ReportRow

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from .results import Prices
__all__ = [
    "MissingExtraError",
    "load_extra",
    "numpy_views",
    "pandas_articles",
    "pandas_prices",
    "pandas_reports",
    "plot_closes",
    "polars_articles",
    "polars_prices",
    "polars_reports",
]


class MissingExtraError(Signal9Error, ImportError):
    """A library that this needs is not installed; the message says how to install it."""


def load_extra(module: str, extra: str) -> ModuleType:
    """Return a module of a library that the extra brings."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        raise MissingExtraError(
            f'this needs {library}: pip install "signal9-core[{extra}]"'
        ) from error


def numpy_views(series: PriceSeries) -> "dict[str, NDArray[np.signedinteger]]":
    """Return the columns of a series by name, whole numbers that cannot be written to.

    Prices are in units of `10 ** -series.scale`, adjusted closes of `10 ** -series.adjusted_scale`;
    what a series does not have is left out.
    """
    numpy = load_extra("numpy", "pandas")
    views = {name: numpy.asarray(each) for name, each in series.columns().items()}
    for view in views.values():
        view.flags.writeable = False  # a series never changes
    return views


_EPOCH: Final = date(1970, 1, 1).toordinal()


def pandas_prices(series: PriceSeries) -> "pd.DataFrame":
    """Return bars by date."""
    pandas, numpy = load_extra("pandas", "pandas"), load_extra("numpy", "pandas")
    unit = 10**series.scale
    days = (numpy.asarray(series.days) - _EPOCH).astype("datetime64[D]")
    index = pandas.DatetimeIndex(days, name="date")
    columns = {name: numpy.asarray(getattr(series, name)) / unit for name in PRICE_COLUMNS}
    return pandas.DataFrame(
        {**columns, "volume": numpy.array(series.volume)},
        index=index,
    )


def polars_prices(series: PriceSeries) -> "pl.DataFrame":
    """Return bars with their dates."""
    polars = load_extra("polars", "polars")
    unit = 10**series.scale
    days = [day - _EPOCH for day in series.days]
    prices = {name: [value / unit for value in getattr(series, name)] for name in PRICE_COLUMNS}
    frame: pl.DataFrame = polars.DataFrame(
        {"date": days, **prices, "volume": list(series.volume)},
        schema={
            "date": polars.Int32,
            **dict.fromkeys(PRICE_COLUMNS, polars.Float64),
            "volume": polars.Int64,
        },
    )
    return frame.with_columns(polars.col("date").cast(polars.Date))


def pandas_reports(reports: Sequence[ReportRow], fields: Sequence[str]) -> "pd.DataFrame":
    """Return figures by fiscal date; what was not reported is NaN."""
    pandas = load_extra("pandas", "pandas")
    days = [each.fiscal_date_ending for each in reports]
    return pandas.DataFrame(
        _figures(reports, fields),
        index=pandas.DatetimeIndex(days, name="fiscalDateEnding"),
        dtype="float64",
    )


def polars_reports(reports: Sequence[ReportRow], fields: Sequence[str]) -> "pl.DataFrame":
    """Return figures with their fiscal dates; what was not reported is null."""
    polars = load_extra("polars", "polars")
    days = [each.fiscal_date_ending for each in reports]
    frame: pl.DataFrame = polars.DataFrame(
        {"fiscalDateEnding": days, **_figures(reports, fields)},
        schema={"fiscalDateEnding": polars.Date, **dict.fromkeys(fields, polars.Float64)},
    )
    return frame


def pandas_articles(articles: Sequence[ArticleAnswer]) -> "pd.DataFrame":
    """Return articles by time; a missing tone is NaN."""
    pandas = load_extra("pandas", "pandas")
    moments = [each.published_at for each in articles]
    frame = pandas.DataFrame(
        {name: [getattr(each, name) for each in articles] for name in _TEXTS},
        index=pandas.DatetimeIndex(pandas.to_datetime(moments, utc=True), name="publishedAt"),
        dtype="str",
    )
    tones = pandas.array(_tones(articles), dtype="float64")
    lists = {
        name: pandas.Series(values, frame.index, dtype="object")
        for name, values in _lists(articles).items()
    }
    return frame.assign(sentiment=tones, **lists)


def polars_articles(articles: Sequence[ArticleAnswer]) -> "pl.DataFrame":
    """Return articles with their times; a missing tone is null."""
    polars = load_extra("polars", "polars")
    texts = {name: [getattr(each, name) for each in articles] for name in _TEXTS}
    frame: pl.DataFrame = polars.DataFrame(
        {
            "publishedAt": [each.published_at for each in articles],
            **texts,
            "sentiment": _tones(articles),
            **_lists(articles),
        },
        schema={
            "publishedAt": polars.Datetime("us", "UTC"),
            **dict.fromkeys(_TEXTS, polars.String),
            "sentiment": polars.Float64,
            "tickers": polars.List(polars.String),
            "topics": polars.List(polars.String),
        },
    )
    return frame


_TEXTS: Final = ("title", "source", "url", "label")


def _figures(reports: Sequence[ReportRow], fields: Sequence[str]) -> dict[str, list[float | None]]:
    figures = [dict(each.values) for each in reports]
    return {name: [_float(each.get(name)) for each in figures] for name in fields}


def _tones(articles: Sequence[ArticleAnswer]) -> list[float | None]:
    return [_float(each.sentiment) for each in articles]


def _lists(articles: Sequence[ArticleAnswer]) -> dict[str, list[list[str]]]:
    return {
        "tickers": [[about.ticker for about in each.tickers] for each in articles],
        "topics": [list(each.topics) for each in articles],
    }


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def plot_closes(prices: "Prices", axes: "Axes | None") -> "Axes":
    """Draw the closes as a line."""
    series = prices.series
    drawn = _new_axes() if axes is None else axes
    unit = 10**series.scale
    days = [date.fromordinal(day) for day in series.days]
    drawn.set_title(prices.kind if drawn.get_lines() else prices.title)
    drawn.plot(days, [close / unit for close in series.close], label=series.ticker)
    drawn.set_ylabel(series.currency)
    return drawn


def _new_axes() -> "Axes":
    pyplot, dates = load_extra("matplotlib.pyplot", "plot"), load_extra("matplotlib.dates", "plot")
    axes = pyplot.subplots(layout="constrained")[1]
    # Dates as short as they can be understood, so that they do not touch.
    locator = dates.AutoDateLocator()
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator))
    return axes
