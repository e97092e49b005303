"""Requests to the API: bounded in time, repeated where that can help, failures as our errors."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import stamina

from ..errors import (
    InputError,
    NotFoundError,
    RefusedError,
    RemoteError,
    RemoteUnavailableError,
    SettingsError,
    Signal9Error,
)
from .problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from ..answers import Answer

__all__ = ["Http"]

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
