"""Company overviews, statements, earnings and their announced dates of AlphaVantage."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import msgspec

from ...domain import (
    CompanyOverview,
    Earnings,
    EarningsCalendarEntry,
    Period,
    Report,
    Statement,
    Ticker,
)
from ..parsing import as_number, clean, clean_fields, payload_errors, shaped
from .responses import canonical, document, place, table, ticker_of

__all__ = ["parse_calendar", "parse_earnings", "parse_overview", "parse_statements"]

R = TypeVar("R", bound=Report)
S = TypeVar("S", bound=Statement)
Raw = dict[str, Any]

_FIRST_WORD: Final = re.compile(r"^([A-Z]+(?=[A-Z][a-z]|$)|[A-Z])")
_TEXTS: Final = frozenset(
    {"name", "description", "exchange", "sector", "industry", "country", "currency", "cik"}
)
_CALENDAR: Final = ("symbol", "reportDate", "fiscalDateEnding")
_SYMBOL: Final = ("symbol",)
_QUARTERS: Final = 4
_YEAR_DAYS: Final = 365.25
_SLACK_DAYS: Final = 20  # years of 52 or 53 weeks do not end on a fixed day


def parse_overview(body: bytes, ticker: Ticker | None) -> CompanyOverview | None:
    """Return the description of a company; `None` if there is none.

    Fields that `CompanyOverview` does not name are kept under camelCase names (`PERatio` as
    `peRatio`), as numbers if they spell one.
    """
    where = place("OVERVIEW", ticker)
    content = document(body, where, ("Symbol",))
    if not content:
        return None
    fields = {_camel(name): clean(value) for name, value in content.items() if name != "Symbol"}
    values = {name: value if name in _TEXTS else as_number(value) for name, value in fields.items()}
    with payload_errors(where):
        about = canonical(str(content["Symbol"]))
        return CompanyOverview.model_validate({**values, "ticker": about})


def _camel(name: str) -> str:
    return _FIRST_WORD.sub(lambda word: word[0].lower(), name)


class _Statements(msgspec.Struct, rename="camel"):
    symbol: str
    annual_reports: list[Raw] | None
    quarterly_reports: list[Raw] | None


def parse_statements(body: bytes, ticker: Ticker | None, kind: type[S]) -> list[S]:
    """Return the statements of a company, annual before quarterly, newest first.

    The statements of one company may cover different quarters.
    """
    where = place(kind.kind.upper(), ticker)
    content = document(body, where)
    if not content:
        return []
    found = shaped(content, _Statements, where)
    annual, quarterly = (
        [{"currency": raw.pop("reportedCurrency", None), **raw} for raw in reports or ()]
        for reports in (found.annual_reports, found.quarterly_reports)
    )
    return _reports(kind, found.symbol, annual, quarterly, where)


class _Earnings(msgspec.Struct, rename="camel"):
    symbol: str
    annual_earnings: list[Raw] | None
    quarterly_earnings: list[Raw] | None


def parse_earnings(body: bytes, ticker: Ticker | None) -> list[Earnings]:
    """Return the earnings of a company, annual before quarterly, newest first.

    The fiscal year still in progress is left out: its figure is the sum of the quarters so far.
    """
    where = place("EARNINGS", ticker)
    content = document(body, where)
    if not content:
        return []
    found = shaped(content, _Earnings, where)
    quarters = found.quarterly_earnings or ()
    with payload_errors(where):
        years = _finished(found.annual_earnings or (), quarters)
    return _reports(Earnings, found.symbol, years, quarters, where)


def _reports(
    kind: type[R], symbol: str, annual: Sequence[Raw], quarterly: Sequence[Raw], where: str
) -> list[R]:
    ticker = canonical(symbol)
    with payload_errors(where):
        return [
            kind.model_validate({**raw, "ticker": ticker, "period": period})
            for period, reports in ((Period.ANNUAL, annual), (Period.QUARTERLY, quarterly))
            for raw in reports
        ]


def _finished(years: Sequence[Raw], quarters: Sequence[Raw]) -> Sequence[Raw]:
    """Return the years that ended: one in progress ends no whole number of years after the next.

    A single year counts as finished if there are four quarters.
    """
    if len(years) > 1:
        return years if _whole_years_apart(years[0], years[1]) else years[1:]
    return years if len(quarters) >= _QUARTERS else ()


def _whole_years_apart(later: Raw, earlier: Raw) -> bool:
    days = (_ending(later) - _ending(earlier)).days % _YEAR_DAYS
    return min(days, _YEAR_DAYS - days) <= _SLACK_DAYS


def _ending(year: Mapping[str, object]) -> date:
    return date.fromisoformat(str(year.get("fiscalDateEnding")))


def parse_calendar(body: bytes, ticker: Ticker | None = None) -> list[EarningsCalendarEntry]:
    """Return the announced dates of earnings reports; symbols that are not tickers are left out."""
    where = place("EARNINGS_CALENDAR", ticker)
    rows = table(body, where, _CALENDAR)
    with payload_errors(where):
        return [
            EarningsCalendarEntry.model_validate({**clean_fields(row, _SYMBOL), "ticker": about})
            for row in rows
            if (about := ticker_of(row["symbol"]))
        ]
