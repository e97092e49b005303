"""OVERVIEW: a company's description and ratios."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final, TypeVar

from ...domain import (
    BalanceSheet,
    CashFlow,
    CompanyOverview,
    Earnings,
    IncomeStatement,
    Period,
    Statement,
    Ticker,
)
from ...errors import PayloadError
from ..parsing import figure, models_of, need, plain
from . import decode as bodies
from .symbols import canonical

__all__ = ["STATEMENTS", "read_earnings", "read_overview", "read_statements", "reports_of"]

_FIRST_WORD: Final = re.compile(r"^([A-Z]+(?=[A-Z][a-z]|$)|[A-Z])")
_TEXTS: Final = frozenset(
    {"name", "description", "exchange", "sector", "industry", "country", "currency", "cik"}
)


def read_overview(body: bytes, ticker: Ticker | None) -> CompanyOverview | None:
    """Return the description in a body; `None` where it is empty.

    Fields beyond those of `CompanyOverview` come along under their names in camelCase
    (`PERatio` as `peRatio`), as numbers where they spell one.
    """
    where = bodies.place("OVERVIEW", ticker)
    found = bodies.document(body, where, ("Symbol",))
    if not found:
        return None
    fields = {_field(name): plain(value) for name, value in found.items() if name != "Symbol"}
    figures = {name: value if name in _TEXTS else figure(value) for name, value in fields.items()}
    with models_of(where):
        return CompanyOverview.model_validate(
            {**figures, "ticker": canonical(str(found["Symbol"]))}
        )


def _field(name: str) -> str:
    return _FIRST_WORD.sub(lambda word: word[0].lower(), name)


S = TypeVar("S", bound=Statement)

STATEMENTS: Final[Mapping[str, type[Statement]]] = {
    "BALANCE_SHEET": BalanceSheet,
    "CASH_FLOW": CashFlow,
    "INCOME_STATEMENT": IncomeStatement,
}
"""What AlphaVantage calls each statement."""


def read_statements(body: bytes, ticker: Ticker | None, kind: type[S], function: str) -> list[S]:
    """Return every statement in a body, years before quarters, newest first.

    The statements of one company may cover different quarters: each stands for itself.
    """
    where = bodies.place(function, ticker)
    found = bodies.document(body, where, ("symbol", "annualReports", "quarterlyReports"))
    with models_of(where):
        return [
            kind.model_validate(
                {
                    **{name: raw[name] for name in raw if name != "reportedCurrency"},
                    "ticker": canonical(str(found["symbol"])),
                    "period": period,
                    "currency": raw.get("reportedCurrency"),
                }
            )
            for period in Period
            for raw in reports_of(found, f"{period}Reports", where)
        ]


def reports_of(
    document: Mapping[str, object], name: str, where: str
) -> Iterator[Mapping[str, object]]:
    """Yield the reports of a list, each with the day that its period ended on."""
    reports = document.get(name) or ()
    if not isinstance(reports, list | tuple):
        raise PayloadError(f"{where}: {name} is no list")
    for at, each in enumerate(reports):
        if not isinstance(each, dict):
            raise PayloadError(f"{where}: {name}[{at}] is no object")
        need(each, ("fiscalDateEnding",), f"{where}, {name}[{at}]")
        yield each


_ANNUAL: Final = "annualEarnings"
_QUARTERLY: Final = "quarterlyEarnings"
_QUARTERS: Final = 4
_YEAR_DAYS: Final = 365.25
_SLACK_DAYS: Final = 20  # years of 52 or 53 weeks end on no fixed day

Raw = Mapping[str, object]


def read_earnings(body: bytes, ticker: Ticker | None) -> list[Earnings]:
    """Return the earnings in a body, years before quarters, newest first.

    The first of the years may be one that still runs, with the sum of its quarters so far. It is
    left out: it is no annual figure, and would stay for ever under the day of its last quarter.
    """
    where = bodies.place("EARNINGS", ticker)
    found = bodies.document(body, where, ("symbol", _ANNUAL, _QUARTERLY))
    quarters = list(reports_of(found, _QUARTERLY, where))
    with models_of(where):
        years = _finished(list(reports_of(found, _ANNUAL, where)), quarters)
        return [
            Earnings.model_validate(
                {**raw, "ticker": canonical(str(found["symbol"])), "period": period}
            )
            for period, reports in ((Period.ANNUAL, years), (Period.QUARTERLY, quarters))
            for raw in reports
        ]


def _finished(years: Sequence[Raw], quarters: Sequence[Raw]) -> Sequence[Raw]:
    """Return the years that ended: one that runs is no whole number of years after the next.

    A lone year is compared with its quarters: a finished one has four.
    """
    if len(years) > 1:
        return years if _whole_years_apart(years[0], years[1]) else years[1:]
    return years if len(quarters) >= _QUARTERS else ()


def _whole_years_apart(later: Raw, earlier: Raw) -> bool:
    days = (_ended(later) - _ended(earlier)).days % _YEAR_DAYS
    return min(days, _YEAR_DAYS - days) <= _SLACK_DAYS


def _ended(year: Raw) -> date:
    return date.fromisoformat(str(year["fiscalDateEnding"]))
