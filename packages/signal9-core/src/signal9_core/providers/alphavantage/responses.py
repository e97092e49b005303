"""AlphaVantage's responses: spelling of tickers, errors instead of data, what a body looks like.

Errors come with HTTP 200 as JSON, even where CSV was requested.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date
from functools import lru_cache
from itertools import pairwise
from statistics import median_low
from typing import Any, Final

import msgspec

from ...domain.model import Ticker
from ...domain.reports import BalanceSheet, CashFlow, IncomeStatement, Period, Report
from ...errors import (
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    PlanError,
    ProviderError,
    RateLimitError,
    RequestRefusedError,
)
from ..parsing import csv_rows, decode, is_ticker, require

_PREFERRED: Final = re.compile(r"([A-Z0-9]+)[-/]P-?([A-Z])")
_CLASS: Final = re.compile(r"([A-Z0-9]+)[-/]([A-Z]{1,2})")
_CANONICAL_PREFERRED: Final = re.compile(r"([A-Z0-9]+)\.P([A-Z])")
_CANONICAL_CLASS: Final = re.compile(r"([A-Z0-9]+)\.([A-Z]{1,2})")

_ERROR_FIELDS: Final = frozenset({"Error Message", "Information", "Note"})
_NO_DATA: Final = "no articles found"
_ECHO: Final = re.compile(r"(API key as )\S+", re.IGNORECASE)
_QUOTED: Final = 300
# The first match counts: the text of the burst limit also names the daily limit.
_ERRORS: Final[tuple[tuple[str, type[ProviderError], str], ...]] = (
    (
        r"sparingly|per second\)|(calls|requests) per minute|optimizing your api call",
        RateLimitError,
        "too many calls within a short time",
    ),
    (r"premium endpoint", PlanError, "only for premium keys"),
    (r"premium feature", PlanError, "a parameter is only for premium keys"),
    (r"(calls|requests) per day", DailyQuotaError, "no calls are left today"),
    (
        r"apikey is invalid|api ?key.{0,40}(invalid|missing)|demo.{0,20} api key",
        CredentialsError,
        "invalid API key",
    ),
    (r"invalid api call", RequestRefusedError, "unknown symbol"),
    (r"invalid inputs?", RequestRefusedError, "invalid request"),
)


def canonical(symbol: str) -> Ticker:
    """Return a symbol in the stored form: `BRK.B` for `BRK-B`, `ABR.PD` for `ABR-P-D`.

    Exchanges (`TSCO.LON`) are spelled alike on both sides. The result may not be a ticker at all.
    """
    text = symbol.strip().upper()
    if match := _PREFERRED.fullmatch(text):
        return f"{match[1]}.P{match[2]}"
    match = _CLASS.fullmatch(text)
    return f"{match[1]}.{match[2]}" if match else text


@lru_cache(maxsize=1 << 15)
def ticker_of(symbol: str) -> Ticker | None:
    """Return a symbol as a ticker in the stored form; `None` for a placeholder."""
    ticker = canonical(symbol)
    return ticker if is_ticker(ticker) else None


def spelled(ticker: Ticker) -> str:
    """Return a ticker as AlphaVantage spells it."""
    if match := _CANONICAL_PREFERRED.fullmatch(ticker):
        return f"{match[1]}-P-{match[2]}"
    match = _CANONICAL_CLASS.fullmatch(ticker)
    return f"{match[1]}-{match[2]}" if match else ticker


def is_json(body: bytes) -> bool:
    """Return whether a body is JSON, as errors are even where CSV was requested."""
    return body.lstrip()[:1] == b"{"


def document(body: bytes, required: Collection[str] = ()) -> dict[str, Any]:
    """Return a JSON body, or `{}` if there is no data; the required fields are in any other."""
    content = decode(body)
    if not isinstance(content, dict):
        raise PayloadError(f"{type(content).__name__} instead of an object")
    if not content:
        return {}
    if content.keys() <= _ERROR_FIELDS:
        text = " ".join(map(str, content.values()))
        if _NO_DATA in text.lower():
            return {}
        raise _error(text)
    require(content, required)
    return content


def table(body: bytes, required: Collection[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV body."""
    if not is_json(body):
        return csv_rows(body, required)
    content = document(body)
    if content:
        raise PayloadError(f"an object instead of a table: {', '.join(content)}")
    return []


def _error(text: str) -> ProviderError:
    """Return the error that a text means; it contains no key."""
    for pattern, kind, meaning in _ERRORS:
        if re.search(pattern, text.replace("*", ""), re.IGNORECASE):
            return kind(meaning)
    quoted = _ECHO.sub(r"\1[key]", text)[:_QUOTED]
    return PayloadError(f"a text instead of data: {quoted!r}")


_Row = dict[str, msgspec.Raw]

_FIGURES: Final = {
    kind.kind.upper(): [field.alias for field in kind.model_fields.values()]
    for kind in (BalanceSheet, CashFlow, IncomeStatement)
}
_KINDS: Final = Counter(name for names in _FIGURES.values() for name in names)
_STATEMENTS: Final = {
    function: {name for name in names if _KINDS[name] == 1} for function, names in _FIGURES.items()
}
"""The figures that only one kind of statement has."""
_DAILY: Final = "TIME_SERIES_DAILY"
_ADJUSTED: Final = "TIME_SERIES_DAILY_ADJUSTED"
_OBJECTS: Final = {
    "Symbol": "OVERVIEW",
    "annualEarnings": "EARNINGS",
    "quarterlyEarnings": "EARNINGS",
    "feed": "NEWS_SENTIMENT",
    "bestMatches": "SYMBOL_SEARCH",
    "transcript": "EARNINGS_CALL_TRANSCRIPT",
    "Global Quote": "GLOBAL_QUOTE",
    "Weekly Time Series": "TIME_SERIES_WEEKLY",
    "Weekly Adjusted Time Series": "TIME_SERIES_WEEKLY_ADJUSTED",
    "Monthly Time Series": "TIME_SERIES_MONTHLY",
    "Monthly Adjusted Time Series": "TIME_SERIES_MONTHLY_ADJUSTED",
}
"""The function by a field that only its responses have."""
_TABLES: Final = (
    ({"split_coefficient"}, _ADJUSTED),
    ({"timestamp", "adjusted_close"}, "TIME_SERIES_WEEKLY_ADJUSTED"),
    ({"timestamp", "open", "volume"}, _DAILY),
    ({"effective_date", "split_factor"}, "SPLITS"),
    ({"ex_dividend_date", "amount"}, "DIVIDENDS"),
    ({"reportDate", "fiscalDateEnding"}, "EARNINGS_CALENDAR"),
    ({"assetType", "ipoDate"}, "LISTING_STATUS"),
    ({"matchScore"}, "SYMBOL_SEARCH"),
)
"""The function by columns that only its tables have; the first that fits counts."""
_GAPS_OF_OTHERS: Final = {Period.ANNUAL: (80, 100), Period.QUARTERLY: (350, 380)}
"""Days between the ends of periods of the other length; a change of fiscal year has any others."""
_FEWEST_GAPS: Final = 2


def check_function(function: str, body: bytes) -> None:
    """Raise `PayloadError` if a body is what another function returns."""
    functions = functions_like(body)
    if functions and function not in functions:
        raise PayloadError(f"the body looks like {' or '.join(sorted(functions))}")


def functions_like(body: bytes) -> Collection[str]:
    """Return the functions that return something like a body; none if it could be anything."""
    try:
        return _like_object(body) if is_json(body) else _like_table(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return ()


def _like_table(body: bytes) -> Collection[str]:
    header = body.partition(b"\n")[0].decode("utf-8-sig")
    names = {name.strip().replace(" ", "_") for name in header.split(",")}
    return [function for columns, function in _TABLES if columns <= names][:1]


def _like_object(body: bytes) -> Collection[str]:
    content = msgspec.json.decode(body, type=_Row)
    for name in ("annualReports", "quarterlyReports"):
        if name in content and (figures := _first(content[name])):
            return _statements_with(figures)
    if "Time Series (Daily)" in content:
        bars = msgspec.json.decode(content["Time Series (Daily)"], type=dict[str, _Row])
        columns = next(iter(bars.values()), {})
        adjusted = any("split coefficient" in name for name in columns)
        return [_ADJUSTED if adjusted else _DAILY] if bars else ()
    if "data" in content:
        columns = _first(content["data"])
        return [function for names, function in _TABLES if names <= columns.keys()]
    intraday = ["TIME_SERIES_INTRADAY" for name in content if name.startswith("Time Series (")]
    return intraday or [_OBJECTS[name] for name in content if name in _OBJECTS][:1]


def _first(rows: msgspec.Raw) -> _Row:
    """Return the first row of a list."""
    return next(iter(msgspec.json.decode(rows, type=list[_Row])), {})


def _statements_with(figures: Collection[str]) -> Collection[str]:
    """Return the kinds of statements to which most of these figures belong."""
    known = {function: len(names & set(figures)) for function, names in _STATEMENTS.items()}
    most = max(known.values())
    return [function for function, count in known.items() if count == most > 0]


def check_periods(reports: Sequence[Report]) -> None:
    """Raise `PayloadError` if reports contradict each other, or quarters and years are mixed up."""
    for period in Period:
        by_end: dict[date, Report] = {}
        for report in (each for each in reports if each.period is period):
            if by_end.setdefault(report.fiscal_date_ending, report) != report:
                raise PayloadError(f"two {period} reports end on {report.fiscal_date_ending}")
        gaps = [(later - end).days for end, later in pairwise(sorted(by_end))]
        first, last = _GAPS_OF_OTHERS[period]
        others = [days for days in gaps if first <= days <= last]
        if len(gaps) >= _FEWEST_GAPS and len(others) > len(gaps) / 2:
            days = median_low(others)
            raise PayloadError(f"most {period} periods end {days} days apart")
