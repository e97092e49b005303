"""AlphaVantage's overviews, statements and earnings, and its lists of all companies."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, TypeVar

import msgspec

from ...domain.companies import Asset, CompanyOverview
from ...domain.model import Ticker
from ...domain.reports import Earnings, EarningsCalendarEntry, Period, Report, Statement
from ..parsing import as_number, clean, clean_fields
from .responses import canonical, check_periods, document, table, ticker_of

R = TypeVar("R", bound=Report)
S = TypeVar("S", bound=Statement)
Raw = dict[str, Any]

_FIRST_WORD: Final = re.compile(r"^([A-Z]+(?=[A-Z][a-z]|$)|[A-Z])")
_TEXTS: Final = frozenset(
    {"name", "description", "exchange", "sector", "industry", "country", "currency", "cik"}
)
_QUARTERS: Final = 4
_YEAR: Final = timedelta(days=365.25)
_SLACK: Final = timedelta(days=23)  # years of 52 or 53 weeks have quarters of 12 to 17 weeks


def parse_overview(body: bytes, ticker: Ticker | None) -> CompanyOverview | None:  # noqa: ARG001
    """Return the description of a company; `None` if there is none.

    Fields that `CompanyOverview` does not name are kept under camelCase names (`PERatio` as
    `peRatio`), as numbers if they spell one.
    """
    content = document(body, ("Symbol",))
    if not content:
        return None
    about = canonical(str(content.pop("Symbol")))
    fields = {_camel(name): clean(value) for name, value in content.items()}
    values = {name: value if name in _TEXTS else as_number(value) for name, value in fields.items()}
    return CompanyOverview.model_validate({**values, "ticker": about})


def _camel(name: str) -> str:
    return _FIRST_WORD.sub(lambda word: word[0].lower(), name)


def parse_statements(
    body: bytes,
    ticker: Ticker | None,  # noqa: ARG001 - the body says
    kind: type[S],
) -> list[S]:
    """Return the statements of a company, annual before quarterly, newest first.

    The statements of one company may cover different quarters.
    """
    about, years, quarters = _raw_reports(body, "Reports")
    for raw in (*years, *quarters):
        raw["currency"] = raw.pop("reportedCurrency", None)
    return _reports(kind, about, years, quarters)


def parse_earnings(body: bytes, ticker: Ticker | None) -> list[Earnings]:  # noqa: ARG001
    """Return the earnings of a company, annual before quarterly, newest first.

    The fiscal year still in progress is left out: its figure is the sum of the quarters so far.
    """
    about, years, quarters = _raw_reports(body, "Earnings")
    return _reports(Earnings, about, _finished(years, quarters), quarters)


def _raw_reports(body: bytes, kind: str) -> tuple[Ticker, list[Raw], list[Raw]]:
    """Return which company a body is about, and its annual and quarterly reports."""
    names = f"annual{kind}", f"quarterly{kind}"
    content = document(body, ("symbol", *names))
    years, quarters = (msgspec.convert(content.get(name) or [], list[Raw]) for name in names)
    return canonical(str(content.get("symbol"))), years, quarters


def _reports(
    kind: type[R], ticker: Ticker, annual: Sequence[Raw], quarterly: Sequence[Raw]
) -> list[R]:
    reports = [
        kind.model_validate({**raw, "ticker": ticker, "period": period})
        for period, raws in ((Period.ANNUAL, annual), (Period.QUARTERLY, quarterly))
        for raw in raws
    ]
    check_periods(reports)
    return reports


def _finished(years: Sequence[Raw], quarters: Sequence[Raw]) -> Sequence[Raw]:
    """Return the years that ended: all, or all but the first, which may be in progress."""
    return years if _has_ended(years, quarters) else years[1:]


def _has_ended(years: Sequence[Raw], quarters: Sequence[Raw]) -> bool:
    """Return whether the first year has ended, which may be a short one of a new fiscal year.

    A later quarter was reported then, or its last one and no whole number of quarters after the
    year before. Three, six or nine months may be either: they count as in progress until a later
    quarter is reported.
    """
    ends = [_ending(quarter) for quarter in quarters if clean(quarter.get("reportedEPS"))]
    end = _ending(years[0]) if years else date.min
    if ends and abs(max(ends) - end) > _SLACK:
        return max(ends) > end
    if len(years) > 1:
        length = end - _ending(years[1])
        return _is_whole(length, _YEAR) or (bool(ends) and not _is_whole(length, _YEAR / 4))
    return len(quarters) >= _QUARTERS


def _is_whole(length: timedelta, unit: timedelta) -> bool:
    """Return whether a length is about a whole number of units."""
    rest = length % unit
    return min(rest, unit - rest) <= _SLACK


def _ending(raw: Mapping[str, object]) -> date:
    return date.fromisoformat(str(raw.get("fiscalDateEnding")))


_LISTING: Final = ("symbol", "name", "exchange", "assetType", "status")
_CALENDAR: Final = ("symbol", "reportDate", "fiscalDateEnding")
_STATUS: Final = {"active": "active", "delisted": "inactive"}


def parse_listing(body: bytes, ticker: Ticker | None = None) -> list[Asset]:  # noqa: ARG001
    """Return the listed companies."""
    return [Asset.model_validate(row | _status(row["status"])) for row in _rows(body, _LISTING)]


def _status(text: object) -> dict[str, str]:
    status = str(text).strip().lower()
    return {"status": _STATUS.get(status, status)}


def parse_calendar(body: bytes, ticker: Ticker | None = None) -> list[EarningsCalendarEntry]:  # noqa: ARG001
    """Return the announced dates of earnings reports."""
    return [EarningsCalendarEntry.model_validate(row) for row in _rows(body, _CALENDAR)]


def _rows(body: bytes, required: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows with a ticker, without placeholders such as `NXT(EXP20091224)`."""
    for row in table(body, required):
        ticker = ticker_of(row["symbol"])
        if ticker is not None:
            yield clean_fields(row, ("symbol",)) | {"ticker": ticker}
