"""What people type in notebooks, as the application takes it."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Literal, Protocol, Self, TypeVar

from .parameters import choice_of, span_of, yes_or_no

if TYPE_CHECKING:
    from ..bootstrap import App
    from ..remote import RemoteBackend
    from ..schemas import FinancialsAnswer, NewsAnswer
    from .results import Articles, Company, Hits, Prices, Reports, Status

__all__ = [
    "Page",
    "Signal9",
    "every",
]


_DAY: Final = len("2013-03-01")


T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Page(Protocol[T_co]):
    """Part of an answer; `next_cursor` continues it and is `None` at the end."""

    @property
    def items(self) -> Sequence[T_co]:
        """What is on this page."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next page starts."""


def every(page_at: Callable[[str | None], Page[T]]) -> tuple[T, ...]:
    """Return what is on all pages, given how to get the page at a cursor."""
    page = page_at(None)
    items = list(page.items)
    while page.next_cursor is not None:
        page = page_at(page.next_cursor)
        items.extend(page.items)
    return tuple(items)


class Signal9:
    """Market data, whole answers only; nothing is opened until it is first used.

    It is this machine's, unless the `url` of an API is given, and a `token` for it. The first use
    of an empty home ingests the bundled sample. Settings are named as in
    `signal9_core.settings.Settings` and count before the environment.
    """

    def __init__(
        self,
        home: Path | str | None = None,
        *,
        url: str | None = None,
        token: str | None = None,
        **settings: object,
    ) -> None:

        from .backend import place_of

        self._place = place_of(home, url, token, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Signal9({self._place})"

    def close(self) -> None:
        """Close what was opened; a later use opens it again."""
        app = self.__dict__.pop("_app", None)
        if app is not None:
            app.close()

    def search(self, query: str, *, limit: int = 10) -> "Hits":
        """Find companies by ticker or name, best first; `limit` is at most 50."""
        from .results import Hits

        return Hits(self._app.search(query, limit=limit).items, self._app.notice_of(), query)

    def asset(self, ticker: str) -> "Company":
        """Return one company; `NotFoundError`, with what may have been meant, if unknown."""
        from .results import Company

        found = self._app.get_asset(ticker)
        sources = (each.source for each in found.freshness.values())
        return Company.of(found, self._app.notice_of(*sources))

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
        from ..domain import Interval
        from .results import Prices

        first, last = span_of(start, end)
        length = choice_of(Interval, interval, "interval")
        wanted = yes_or_no(adjusted, "adjusted")
        company = self.asset(ticker)
        series = self._app.get_prices.series(company.ticker, first, last, length, adjusted=wanted)
        return Prices(series, wanted, company.source_of("prices"), company.notice)

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
        from ..domain import Period, ReportKind
        from .results import Reports

        kind = choice_of(ReportKind, report, "report")
        span = choice_of(Period, period, "period")
        company = self.asset(ticker)

        def page(cursor: str | None) -> "FinancialsAnswer":
            return self._app.get_financials(
                company.ticker, report=kind, period=span, limit=200, cursor=cursor
            )

        return Reports(
            every(page), company.notice, company.ticker, kind, span, company.source_of("financials")
        )

    def news(
        self,
        ticker: str | None = None,
        *,
        topic: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
    ) -> "Articles":
        """Return every article of these days (UTC, both included), newest first."""
        from .results import Articles

        first, last = span_of(start, end)

        def page(cursor: str | None) -> "NewsAnswer":
            return self._app.list_news(
                ticker=ticker, topic=topic, first=first, last=last, limit=1_000, cursor=cursor
            )

        if ticker is None:
            return Articles(every(page), self._app.notice_of(), None)
        company = self.asset(ticker)
        return Articles(every(page), company.notice, company.ticker)

    def status(self) -> "Status":
        """Return how much is stored, where, and how fresh it is."""
        from .results import Status

        return Status.of(self._app.get_status())

    @cached_property
    def _app(self) -> "App | RemoteBackend":
        return self._place.open()
