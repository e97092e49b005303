"""Problem documents (RFC 9457), as far as a client needs them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn, Self, TypeVar
from urllib.parse import quote, urlsplit

import stamina
from pydantic import BaseModel, ValidationError

from .domain import Bar, Period, PriceSeries, ReportKind
from .errors import (
    InputError,
    NotFoundError,
    RefusedError,
    RemoteError,
    RemoteUnavailableError,
    SettingsError,
    Signal9Error,
)
from .schemas import (
    AssetAnswer,
    FinancialsAnswer,
    NewsAnswer,
    PriceColumns,
    PricesAnswer,
    SearchAnswer,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    import httpx2

    from .domain import Interval
    from .schemas import Answer
__all__ = ["FieldProblem", "Http", "Problem", "RemoteSource"]


class FieldProblem(BaseModel):
    """What is wrong with one parameter."""

    field: str
    message: str


class Problem(BaseModel):
    """What an API says went wrong; empty where it says nothing that can be read."""

    detail: str = ""
    errors: Sequence[FieldProblem] = ()
    nearest: Sequence[str] | None = None

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Return the problem in a body, or an empty one."""
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            return cls()


A = TypeVar("A", bound="Answer")

_TIMEOUT_S: Final = 10.0
_ATTEMPTS: Final = 4
_LONGEST_WAIT_S: Final = 20.0
_HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PREFIX: Final = "/api/v1"
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]+")
_BUSY: Final = frozenset({429, 502, 503, 504})
_REFUSED: Final = frozenset({401, 403})


class Http:
    """Asks one API; the token is sent there and shown nowhere."""

    def __init__(
        self, url: str, token: str | None, transport: httpx2.BaseTransport | None = None
    ) -> None:
        _check(url, token)
        library = import_module("httpx2")
        self._failure: type[Exception] = library.TransportError
        self._client: httpx2.Client = library.Client(
            base_url=url.rstrip("/").removesuffix(_PREFIX) + _PREFIX,
            headers={} if token is None else {"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, path: str, query: Mapping[str, object], answer: type[A]) -> A:
        """Return what the API answers; what fails for the moment is tried again."""
        given = {name: _text(value) for name, value in query.items() if value is not None}
        response = _retrying(self._asked, path, given)
        try:
            # Through floats, a number would lose digits.
            return answer.model_validate(json.loads(response.content, parse_float=Decimal))
        except ValueError as error:
            raise RemoteError(f"{path}: the answer is not one that this version knows") from error

    def _asked(self, path: str, query: Mapping[str, str]) -> httpx2.Response:
        try:
            response = self._client.get(path, params=query)
        except self._failure as error:
            where = self._client.base_url.host
            raise RemoteUnavailableError(f"{where} cannot be reached: {error}") from error
        if response.status_code != 200:  # noqa: PLR2004
            raise _error(path, response)
        return response


def _patience(error: Exception) -> bool | float:
    """Tell whether trying again can help; where the API says when, that long."""
    if not (isinstance(error, Signal9Error) and error.transient):
        return False
    wait = getattr(error, "retry_after_s", None)
    return True if wait is None else min(float(wait), _LONGEST_WAIT_S)


_retrying = stamina.RetryingCaller(attempts=_ATTEMPTS, timeout=60.0).on(_patience)


def _check(url: str, token: str | None) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise SettingsError("url must be the address of an API, like https://api.example.com")
    if token is not None and not _TOKEN.fullmatch(token):
        raise SettingsError("token is no access token: it has characters that none has")
    if token is not None and parts.scheme == "http" and parts.hostname not in _HERE:
        raise SettingsError(f"a token is sent by https only, not to http://{parts.hostname}")


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _error(path: str, response: httpx2.Response) -> Signal9Error:
    """Return what went wrong, as the same error that a local application would raise."""
    code, problem = response.status_code, Problem.read(response.content)
    detail = problem.detail or f"answered {code}"
    if problem.errors:
        return InputError(problem.errors[0].field, problem.errors[0].message)
    if code == 404 and problem.nearest is not None:  # noqa: PLR2004
        ticker = path.removesuffix("/prices").rpartition("/")[2]
        return NotFoundError("ticker", ticker, tuple(problem.nearest))
    if code in _REFUSED:
        return RefusedError(detail)
    if code in _BUSY:
        return RemoteUnavailableError(f"{path}: {detail}", _seconds(response))
    return RemoteError(f"{path}: {detail}")


def _seconds(response: httpx2.Response) -> float | None:
    given = response.headers.get("retry-after", "")
    return float(given) if given.isdecimal() else None


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
