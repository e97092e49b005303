"""What a response of AlphaVantage looks like, whatever it is said to be."""

from collections import Counter
from collections.abc import Collection, Sequence
from itertools import pairwise
from statistics import median_low
from typing import TYPE_CHECKING, Final

import msgspec

from ...domain.reports import BalanceSheet, CashFlow, IncomeStatement, Period, Report
from ...errors import PayloadError
from .responses import is_json

if TYPE_CHECKING:
    from datetime import date

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
