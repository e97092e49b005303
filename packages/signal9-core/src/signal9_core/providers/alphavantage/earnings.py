"""EARNINGS: earnings per share, by quarter and by finished year."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from ...domain import Earnings, Period, Ticker
from ..payload import models_of
from . import bodies
from .spelling import canonical
from .statements import reports_of

__all__ = ["read_earnings"]

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
