"""`Signal9`, the object for notebooks, and what its methods accept."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, Self, TypeVar

from ..errors import InputError

if TYPE_CHECKING:
    from ..schemas.financials import FinancialsAnswer
    from ..schemas.news import NewsAnswer
    from .backend import Backend
    from .results import Articles, Company, Hits, Prices, Reports, Status


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Page(Protocol[T_co]):
    """Part of a list; `next_cursor` is `None` on the last page."""

    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next_cursor(self) -> str | None: ...


class Signal9:
    """Market data in whole answers, from this machine or from an API.

    The data is on this machine unless the `url` of an API is given, with a `token` for it. Nothing
    is opened before the first call, which fills an empty home with the bundled sample. Settings are
    named as in `signal9_core.settings.Settings` and override the environment.
    """

    def __init__(
        self,
        home: Path | str | None = None,
        *,
        url: str | None = None,
        token: str | None = None,
        **settings: object,
    ) -> None:
        from .backend import choose_backend

        self._app: Backend | None = None
        self._location, self._open = choose_backend(home, url, token, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Signal9({self._location})"

    def close(self) -> None:
        """Close the data; the next call opens it again."""
        app, self._app = self._app, None
        if app is not None:
            app.close()

    @property
    def _backend(self) -> "Backend":
        if self._app is None:
            self._app = self._open()
        return self._app

    def search(self, query: str, *, limit: int = 10) -> "Hits":
        """Find companies by ticker or name, best match first; `limit` is at most 50."""
        from .results import Hits

        answer = self._backend.search(query, limit=limit)
        return Hits(answer.items, self._backend.notice_of(), query)

    def asset(self, ticker: str) -> "Company":
        """Return one company; `NotFoundError`, with similar tickers, if it is unknown."""
        from .results import Company

        answer = self._backend.get_asset(ticker)
        sources = (entry.source for entry in answer.freshness.values())
        return Company.of(answer, self._backend.notice_of(*sources))

    def prices(
        self,
        ticker: str,
        *,
        start: date | str | None = None,
        end: date | str | None = None,
        interval: Literal["1d", "1w", "1mo"] = "1d",
        adjusted: bool = False,
    ) -> "Prices":
        """Return the bars from `start` to `end`, both included, oldest first."""
        from ..domain.prices import Interval
        from .results import Prices

        first, last = parse_range(start, end)
        length = parse_choice(Interval, interval, "interval")
        check_bool(adjusted, "adjusted")
        company = self.asset(ticker)
        series = self._backend.get_prices.series(
            company.ticker, first, last, length, adjusted=adjusted
        )
        return Prices(series, adjusted, company.source_of("prices"), company.notice)

    def financials(
        self,
        ticker: str,
        *,
        report: Literal[
            "income_statement", "balance_sheet", "cash_flow", "earnings"
        ] = "income_statement",
        period: Literal["annual", "quarterly"] = "annual",
    ) -> "Reports":
        """Return every report of one kind and period, newest first."""
        from ..domain.reports import Period, ReportKind
        from .results import Reports

        kind = parse_choice(ReportKind, report, "report")
        span = parse_choice(Period, period, "period")
        company = self.asset(ticker)

        def page(cursor: str | None) -> "FinancialsAnswer":
            return self._backend.get_financials(
                company.ticker, report=kind, period=span, limit=200, cursor=cursor
            )

        source = company.source_of("financials")
        return Reports(_all_items(page), company.notice, company.ticker, kind, span, source)

    def news(
        self,
        ticker: str | None = None,
        *,
        topic: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
    ) -> "Articles":
        """Return every article from `start` to `end` (UTC, both included), newest first."""
        from .results import Articles

        first, last = parse_range(start, end)

        def page(cursor: str | None) -> "NewsAnswer":
            return self._backend.list_news(
                ticker=ticker, topic=topic, first=first, last=last, limit=1_000, cursor=cursor
            )

        if ticker is None:
            return Articles(_all_items(page), self._backend.notice_of(), None)
        company = self.asset(ticker)
        return Articles(_all_items(page), company.notice, company.ticker)

    def status(self) -> "Status":
        """Return how much is stored, where, and how fresh it is."""
        from .results import Status

        return Status.of(self._backend.get_status())


def _all_items(page_at: Callable[[str | None], _Page[T]]) -> tuple[T, ...]:
    """Return the items of all pages; `page_at` returns the page at a cursor."""
    page = page_at(None)
    items = list(page.items)
    while page.next_cursor is not None:
        page = page_at(page.next_cursor)
        items.extend(page.items)
    return tuple(items)


E = TypeVar("E", bound=StrEnum)


def parse_date(value: object, field: str) -> date | None:
    """Return the day of a date, a datetime (also NumPy's) or a `YYYY-MM-DD` text."""
    from ..domain.model import parse_day

    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    text = str(value)
    try:
        return parse_day(text[:10] if type(value).__name__ == "datetime64" else text)
    except ValueError as error:
        raise InputError(field, f"invalid date {value!r}, must be YYYY-MM-DD") from error


def parse_range(start: object, end: object) -> tuple[date | None, date | None]:
    """Return the first and the last day; `InputError` if they are in the wrong order."""
    first, last = parse_date(start, "start"), parse_date(end, "end")
    if first is not None and last is not None and first > last:
        raise InputError("start", f"{first} is after end={last}")
    return first, last


def parse_choice(kind: type[E], value: str, field: str) -> E:
    """Return the member of an enumeration with this value."""
    try:
        return kind(value)
    except ValueError as error:
        raise InputError(field, f"{value!r} must be one of {', '.join(kind)}") from error


def check_bool(value: object, field: str) -> bool:
    """Return a boolean unchanged; `InputError` for any other value."""
    if not isinstance(value, bool):
        raise InputError(field, f"{value!r} must be True or False")
    return value
