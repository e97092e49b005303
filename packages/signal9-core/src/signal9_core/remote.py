"""A client of the HTTP API that answers as a local application does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar
from urllib.parse import quote, urlsplit

import stamina
from pydantic import BaseModel, ValidationError

from .domain.prices import Bar, Interval, PriceSeries
from .domain.reports import Period, ReportKind
from .errors import (
    InputError,
    NotFoundError,
    RefusedError,
    RemoteError,
    RemoteUnavailableError,
    SettingsError,
    Signal9Error,
)
from .schemas.companies import AssetAnswer, SearchAnswer
from .schemas.financials import FinancialsAnswer
from .schemas.news import NewsAnswer
from .schemas.prices import PriceColumns, PricesAnswer

if TYPE_CHECKING:
    from datetime import date

    import httpx2

    from .schemas.base import Answer

A = TypeVar("A", bound="Answer")

_PREFIX: Final = "/api/v1"
_TIMEOUT_S: Final = 10.0
_LONGEST_WAIT_S: Final = 20.0
_BARS_PER_PAGE: Final = 10_000
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]+")
_UNAVAILABLE: Final = frozenset({429, 502, 503, 504})
_REFUSED: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
_OK: Final = 200


class _FieldProblem(BaseModel):
    """What is wrong with one parameter."""

    field: str
    message: str


class _Problem(BaseModel):
    """The parts of a problem document (RFC 9457) that a client needs."""

    detail: str = ""
    errors: Sequence[_FieldProblem] = ()
    nearest: Sequence[str] | None = None


class RemoteBackend:
    """The queries of `signal9_core.bootstrap.App` that a notebook needs, answered by an API.

    The token is sent to that API only, and never shown.
    """

    def __init__(
        self, url: str, token: str | None, transport: httpx2.BaseTransport | None = None
    ) -> None:
        _check(url, token)
        library = import_module("httpx2")
        self._transport_error: type[Exception] = library.TransportError
        self._client: httpx2.Client = library.Client(
            base_url=url.rstrip("/").removesuffix(_PREFIX) + _PREFIX,
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
            transport=transport,
        )
        self.get_prices: Final = _Prices(self)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def notice_of(self, *sources: str) -> None:
        """Return nothing: an API does not pass on the notices of its sources."""

    def search(self, q: str, *, limit: int = 10) -> SearchAnswer:
        """Return the companies most like `q`, best first."""
        return self.get("/search", SearchAnswer, q=q, limit=limit)

    def get_asset(self, ticker: str) -> AssetAnswer:
        """Return one company in full."""
        return self.get(f"/assets/{_in_path(ticker)}", AssetAnswer)

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
        path = f"/financials/{_in_path(ticker)}"
        query = {"report": report, "period": period, "limit": limit, "cursor": cursor}
        return self.get(path, FinancialsAnswer, **query)

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
        return self.get("/news", NewsAnswer, **query, limit=limit, cursor=cursor)

    def get_status(self) -> NoReturn:
        """Refuse: an API has no such answer."""
        raise Signal9Error("an API does not tell how much it stores; try asset() for one company")

    def get(self, path: str, answer: type[A], **query: object) -> A:
        """Return what the API answers; requests that fail for the moment are repeated."""
        params = {name: _text(value) for name, value in query.items() if value is not None}
        response = _retrying(self._request, path, params)
        try:
            # Through floats, a number would lose digits.
            return answer.model_validate(json.loads(response.content, parse_float=Decimal))
        except ValueError as error:
            raise RemoteError(f"{path}: unexpected answer, perhaps of another version") from error

    def _request(self, path: str, params: Mapping[str, str]) -> httpx2.Response:
        try:
            response = self._client.get(path, params=params)
        except self._transport_error as error:
            host = self._client.base_url.host
            raise RemoteUnavailableError(f"{host} cannot be reached: {error}") from error
        if response.status_code != _OK:
            raise _error(path, response)
        return response


class _Prices:
    """Price histories, every page of them."""

    def __init__(self, backend: RemoteBackend) -> None:
        self._backend = backend

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
        path = f"/assets/{_in_path(ticker)}/prices"
        query = {"from": first, "to": last, "interval": interval, "adjusted": adjusted}
        bars: list[Bar] = []
        cursor = None
        while True:
            page = self._backend.get(
                path, PricesAnswer, **query, format="columns", limit=_BARS_PER_PAGE, cursor=cursor
            )
            bars += _bars(page)
            cursor = page.next_cursor
            if cursor is None:
                currency = page.currency
                return PriceSeries.from_bars(
                    page.ticker, bars, interval=interval, currency=currency
                )


def _bars(page: PricesAnswer) -> Iterator[Bar]:
    columns = page.items
    if not isinstance(columns, PriceColumns):
        raise RemoteError(f"prices of {page.ticker}: expected columns, received rows")
    names = ("open", "high", "low", "close", "volume")
    figures = zip(*(getattr(columns, name) for name in names), strict=True)
    for day, values in zip(columns.date, figures, strict=True):
        yield Bar(ticker=page.ticker, day=day, **dict(zip(names, values, strict=True)))


def _check(url: str, token: str | None) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise SettingsError("url must be the address of an API, like https://api.example.com")
    if token is not None and not _TOKEN.fullmatch(token):
        raise SettingsError("invalid token: it has characters that no access token has")
    if token is not None and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise SettingsError(f"a token is sent over https only, not to http://{parts.hostname}")


def _in_path(ticker: str) -> str:
    return quote(ticker.strip().upper(), safe="")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _wait(error: Exception) -> bool | float:
    """Return whether to try again, or how long to wait first, where the API says so."""
    if not (isinstance(error, Signal9Error) and error.transient):
        return False
    seconds = getattr(error, "retry_after_s", None)
    return True if seconds is None else min(float(seconds), _LONGEST_WAIT_S)


_retrying = stamina.RetryingCaller(attempts=4, timeout=60.0).on(_wait)


def _error(path: str, response: httpx2.Response) -> Signal9Error:
    """Return the error that a local application would raise."""
    status, problem = response.status_code, _problem(response.content)
    detail = problem.detail or f"status {status}"
    if problem.errors:
        return InputError(problem.errors[0].field, problem.errors[0].message)
    if status == _NOT_FOUND and problem.nearest is not None:
        ticker = path.removesuffix("/prices").rpartition("/")[2]
        return NotFoundError("ticker", ticker, tuple(problem.nearest))
    if status in _REFUSED:
        return RefusedError(detail)
    if status in _UNAVAILABLE:
        seconds = response.headers.get("retry-after", "")
        retry_after_s = float(seconds) if seconds.isdecimal() else None
        return RemoteUnavailableError(f"{path}: {detail}", retry_after_s)
    return RemoteError(f"{path}: {detail}")


def _problem(content: bytes) -> _Problem:
    try:
        return _Problem.model_validate_json(content)
    except ValidationError:
        return _Problem()
