"""Which parser reads the responses of which function of AlphaVantage."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final

from ...domain.companies import DataSet
from ...domain.model import Ticker
from ...domain.reports import BalanceSheet, CashFlow, IncomeStatement
from ...provider_port import Parser, ProviderFormat, Record
from ..parsing import named_parsers
from . import COMPACT_BARS, NEWS_LIMIT
from .news import parse_news
from .prices import parse_daily, parse_dividends, parse_splits
from .reports import parse_calendar, parse_earnings, parse_listing, parse_overview, parse_statements
from .responses import canonical, functions_like


def _daily(body: bytes, ticker: Ticker | None) -> Iterable[Record]:
    daily = parse_daily(body, ticker)
    if daily is None:
        return ()
    checks = () if daily.adjusted is None else (daily.adjusted,)
    return (daily.series, *daily.actions, *checks)


def _overview(body: bytes, ticker: Ticker | None) -> Iterable[Record]:
    overview = parse_overview(body, ticker)
    return () if overview is None else (overview,)


_FUNCTIONS: Final[Mapping[str, tuple[DataSet | None, Parser]]] = {
    "BALANCE_SHEET": (DataSet.FINANCIALS, partial(parse_statements, kind=BalanceSheet)),
    "CASH_FLOW": (DataSet.FINANCIALS, partial(parse_statements, kind=CashFlow)),
    "DIVIDENDS": (DataSet.PRICES, parse_dividends),
    "EARNINGS": (DataSet.FINANCIALS, parse_earnings),
    "EARNINGS_CALENDAR": (None, parse_calendar),
    "INCOME_STATEMENT": (DataSet.FINANCIALS, partial(parse_statements, kind=IncomeStatement)),
    "LISTING_STATUS": (None, parse_listing),
    "NEWS_SENTIMENT": (DataSet.NEWS, parse_news),
    "OVERVIEW": (DataSet.OVERVIEW, _overview),
    "SPLITS": (DataSet.PRICES, parse_splits),
    "TIME_SERIES_DAILY": (DataSet.PRICES, _daily),
    "TIME_SERIES_DAILY_ADJUSTED": (DataSet.PRICES, _daily),
}
"""The data set of a company that the responses of a function belong to, and their parser."""
_DATA_SETS: Final = {name: about for name, (about, _) in _FUNCTIONS.items() if about}


def _is_whole(function: str, count: int) -> bool:
    data_set = _DATA_SETS.get(function)
    if data_set is DataSet.PRICES:
        return count != COMPACT_BARS  # a full series has more, a young company's has fewer
    return data_set is not DataSet.NEWS or count < NEWS_LIMIT


FORMAT: Final = ProviderFormat(
    parsers=named_parsers("alphavantage", {name: parse for name, (_, parse) in _FUNCTIONS.items()}),
    canonical=canonical,
    data_sets=_DATA_SETS,
    action_functions=frozenset({"TIME_SERIES_DAILY_ADJUSTED"}),
    is_whole=_is_whole,
    action_lists={"DIVIDENDS": "dividend", "SPLITS": "split"},
    functions_like=functions_like,
)
