"""The way in for notebooks: one object over everything that is stored.

Each method loads what it needs, so that `from signal9_core import Signal9` answers at once.
"""

from datetime import date
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from ..answers import FinancialsAnswer, NewsAnswer
    from ..app import App
    from ..remote import RemoteSource
    from .articles import Articles
    from .company import Company, Status
    from .hits import Hits
    from .prices import Prices
    from .reports import Reports

__all__ = ["Signal9"]


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
        from .opening import place_of

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
        from .hits import Hits

        return Hits(self._app.search(query, limit=limit).items, self._app.notice_of(), query)

    def asset(self, ticker: str) -> "Company":
        """Return one company; `NotFoundError`, with what may have been meant, if unknown."""
        from .company import Company

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
        from .parameters import choice_of, span_of, yes_or_no
        from .prices import Prices

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
        from .paging import every
        from .parameters import choice_of
        from .reports import Reports

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
        from .articles import Articles
        from .paging import every
        from .parameters import span_of

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
        from .company import Status

        return Status.of(self._app.get_status())

    @cached_property
    def _app(self) -> "App | RemoteSource":
        return self._place.open()
