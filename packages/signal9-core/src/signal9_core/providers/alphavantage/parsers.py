"""How each function's body becomes what is stored, without the network."""

from collections.abc import Iterable, Mapping
from typing import Final

from ...domain import DataSet, Ticker
from ...ports import Parser, Record
from .lists import read_calendar, read_dividends, read_listing, read_news, read_splits
from .reports import STATEMENTS, read_earnings, read_overview, read_statements
from .symbols import COMPACT_BARS, NEWS_LIMIT
from .timeseries import read_daily

__all__ = ["DATA_SETS", "PARSERS", "TELL_ACTIONS", "is_whole"]


def _daily(body: bytes, ticker: Ticker | None) -> Iterable[Record]:
    found = read_daily(body, ticker)
    return () if found is None else (found.series, *found.actions)


def _overview(body: bytes, ticker: Ticker | None) -> Iterable[Record]:
    found = read_overview(body, ticker)
    return () if found is None else (found,)


def _statements(function: str) -> Parser:
    def read(body: bytes, ticker: Ticker | None) -> Iterable[Record]:
        return read_statements(body, ticker, STATEMENTS[function], function)

    return read


PARSERS: Final[Mapping[str, Parser]] = {
    "DIVIDENDS": read_dividends,
    "EARNINGS": read_earnings,
    "EARNINGS_CALENDAR": read_calendar,
    "LISTING_STATUS": read_listing,
    "NEWS_SENTIMENT": read_news,
    "OVERVIEW": _overview,
    "SPLITS": read_splits,
    "TIME_SERIES_DAILY": _daily,
    "TIME_SERIES_DAILY_ADJUSTED": _daily,
    **{function: _statements(function) for function in STATEMENTS},
}
"""By what AlphaVantage calls the function; JSON and CSV behind the same name."""

DATA_SETS: Final[Mapping[str, DataSet]] = {
    "DIVIDENDS": DataSet.PRICES,
    "EARNINGS": DataSet.FINANCIALS,
    "NEWS_SENTIMENT": DataSet.NEWS,
    "OVERVIEW": DataSet.OVERVIEW,
    "SPLITS": DataSet.PRICES,
    "TIME_SERIES_DAILY": DataSet.PRICES,
    "TIME_SERIES_DAILY_ADJUSTED": DataSet.PRICES,
    **dict.fromkeys(STATEMENTS, DataSet.FINANCIALS),
}
"""What a body about one company is about, be it empty."""

TELL_ACTIONS: Final = frozenset({"TIME_SERIES_DAILY_ADJUSTED"})
"""Whose bodies leave out no split and no dividend of their time."""


def is_whole(function: str, count: int) -> bool:
    """Tell whether a body with that many bars or articles is all that there is."""
    if DATA_SETS.get(function) is DataSet.PRICES:
        return count != COMPACT_BARS  # whoever gets more of them gets all
    return DATA_SETS.get(function) is not DataSet.NEWS or count < NEWS_LIMIT
