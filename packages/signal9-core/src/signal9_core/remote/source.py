"""What the notebook facade asks an application for, answered by a running API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, NoReturn
from urllib.parse import quote

from ..answers import (
    AssetAnswer,
    FinancialsAnswer,
    NewsAnswer,
    PriceColumns,
    PricesAnswer,
    SearchAnswer,
)
from ..domain import Bar, Period, PriceSeries, ReportKind
from ..errors import RemoteError, Signal9Error
from .http import Http

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import httpx2

    from ..domain import Interval

__all__ = ["RemoteSource"]

_BARS: Final = 10_000


class RemoteSource:
    """The questions of `signal9_core.app.App` that a notebook has, put to an API."""

    def __init__(
        self, url: str, token: str | None, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._http = Http(url, token, transport)
        self.get_prices: Final = _Prices(self._http)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def notice_of(self, *sources: str) -> None:
        """Return nothing: an API does not say what people must know of its sources."""

    def search(self, q: str, *, limit: int = 10) -> SearchAnswer:
        """Return what is most like `q`, best first."""
        return self._http.get("/search", {"q": q, "limit": limit}, SearchAnswer)

    def get_asset(self, ticker: str) -> AssetAnswer:
        """Return one company in full."""
        return self._http.get(_path("/assets/{}", ticker), {}, AssetAnswer)

    def get_financials(
        self,
        ticker: str,
        *,
        report: ReportKind = ReportKind.INCOME_STATEMENT,
        period: Period = Period.ANNUAL,
        limit: int = 20,
        cursor: str | None = None,
    ) -> FinancialsAnswer:
        """Return a page of reports."""
        query = {"report": report, "period": period, "limit": limit, "cursor": cursor}
        return self._http.get(_path("/financials/{}", ticker), query, FinancialsAnswer)

    def list_news(
        self,
        *,
        ticker: str | None = None,
        topic: str | None = None,
        first: date | None = None,
        last: date | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> NewsAnswer:
        """Return a page of articles."""
        query = {"ticker": ticker, "topic": topic, "from": first, "to": last}
        return self._http.get("/news", {**query, "limit": limit, "cursor": cursor}, NewsAnswer)

    def get_status(self) -> NoReturn:
        """Refuse: how much is stored is told only where it is stored."""
        raise Signal9Error("an API does not tell how much it stores; ask for one company's asset()")


class _Prices:
    """Price histories, every page of them."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def series(
        self,
        ticker: str,
        first: date | None,
        last: date | None,
        interval: Interval,
        *,
        adjusted: bool,
    ) -> PriceSeries:
        """Return the bars from `first` to `last`, both included."""
        query = {"from": first, "to": last, "interval": interval, "adjusted": adjusted}
        ask = partial(self._page, _path("/assets/{}/prices", ticker), query)
        page = ask(None)
        bars = list(_bars(page))
        while page.next_cursor is not None:
            page = ask(page.next_cursor)
            bars += _bars(page)
        return PriceSeries.from_bars(page.ticker, bars, interval=interval, currency=page.currency)

    def _page(self, path: str, query: Mapping[str, object], cursor: str | None) -> PricesAnswer:
        paged = {**query, "format": "columns", "limit": _BARS, "cursor": cursor}
        return self._http.get(path, paged, PricesAnswer)


def _bars(page: PricesAnswer) -> Iterator[Bar]:
    columns = page.items
    if not isinstance(columns, PriceColumns):
        raise RemoteError(f"prices of {page.ticker}: columns were asked for, and rows came")
    rows = zip(
        columns.date,
        columns.open,
        columns.high,
        columns.low,
        columns.close,
        columns.volume,
        strict=True,
    )
    for day, opened, high, low, closed, volume in rows:
        yield Bar(
            ticker=page.ticker,
            day=day,
            open=opened,
            high=high,
            low=low,
            close=closed,
            volume=volume,
        )


def _path(template: str, ticker: str) -> str:
    return template.format(quote(ticker.strip().upper(), safe=""))
