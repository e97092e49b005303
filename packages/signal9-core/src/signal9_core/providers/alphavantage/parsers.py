"""Which parser reads the responses of which function of AlphaVantage."""

from collections.abc import Iterable
from functools import partial
from typing import Final

from ...domain.companies import DataSet
from ...domain.model import Ticker
from ...domain.reports import BalanceSheet, CashFlow, IncomeStatement
from ...provider_port import ProviderFormat, Record
from ..parsing import named_parsers
from . import COMPACT_BARS, NEWS_LIMIT
from .lists import parse_listing, parse_news
from .prices import parse_daily, parse_dividends, parse_splits
from .reports import parse_calendar, parse_earnings, parse_overview, parse_statements
from .responses import canonical

__all__ = ["FORMAT"]


def _daily(body: bytes, ticker: Ticker | None) -> Iterable[Record]:
    daily = parse_daily(body, ticker)
    return () if daily is None else (daily.series, *daily.actions)


def _overview(body: bytes, ticker: Ticker | None) -> Iterable[Record]:
    overview = parse_overview(body, ticker)
    return () if overview is None else (overview,)


_DATA_SETS: Final = {
    "BALANCE_SHEET": DataSet.FINANCIALS,
    "CASH_FLOW": DataSet.FINANCIALS,
    "DIVIDENDS": DataSet.PRICES,
    "EARNINGS": DataSet.FINANCIALS,
    "INCOME_STATEMENT": DataSet.FINANCIALS,
    "NEWS_SENTIMENT": DataSet.NEWS,
    "OVERVIEW": DataSet.OVERVIEW,
    "SPLITS": DataSet.PRICES,
    "TIME_SERIES_DAILY": DataSet.PRICES,
    "TIME_SERIES_DAILY_ADJUSTED": DataSet.PRICES,
}


def _is_whole(function: str, count: int) -> bool:
    data_set = _DATA_SETS.get(function)
    if data_set is DataSet.PRICES:
        return count != COMPACT_BARS  # a full series has more, a young company's has fewer
    return data_set is not DataSet.NEWS or count < NEWS_LIMIT


FORMAT: Final = ProviderFormat(
    parsers=named_parsers(
        "alphavantage",
        {
            "BALANCE_SHEET": partial(parse_statements, kind=BalanceSheet),
            "CASH_FLOW": partial(parse_statements, kind=CashFlow),
            "DIVIDENDS": parse_dividends,
            "EARNINGS": parse_earnings,
            "EARNINGS_CALENDAR": parse_calendar,
            "INCOME_STATEMENT": partial(parse_statements, kind=IncomeStatement),
            "LISTING_STATUS": parse_listing,
            "NEWS_SENTIMENT": parse_news,
            "OVERVIEW": _overview,
            "SPLITS": parse_splits,
            "TIME_SERIES_DAILY": _daily,
            "TIME_SERIES_DAILY_ADJUSTED": _daily,
        },
    ),
    canonical=canonical,
    data_sets=_DATA_SETS,
    action_functions=frozenset({"TIME_SERIES_DAILY_ADJUSTED"}),
    is_whole=_is_whole,
)
