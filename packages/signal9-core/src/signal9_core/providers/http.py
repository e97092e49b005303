"""HTTP for all providers: secret keys, timeouts, quotas, retries and typed errors."""

import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote, quote_plus

import httpx2
import stamina
from pydantic import SecretStr

from ..domain.model import Ticker
from ..errors import (
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    PlanError,
    ProviderError,
    ProviderUnavailableError,
    QuotaExhaustedError,
    RateLimitError,
    RequestRefusedError,
    SettingsError,
)
from ..ports import Clock
from ..provider_port import LARGEST_BODY, Quota, RawCache, RawResponse
from ..version import __version__
from .parsing import check_json, label, payload_errors

T = TypeVar("T")
Secrets = Mapping[str, SecretStr]
Parse = Callable[[bytes, Ticker | None], T]

_MARK: Final = b"[key]"
_PUBLIC_KEY: Final = "demo"
"""AlphaVantage's key for examples: it is public, and an ordinary word."""
_UNMISTAKABLE: Final = 12
"""A key of this length cannot be part of another word by chance."""
_ECHO: Final = re.compile(rb"(API key as )[^\s\"',;]+", re.IGNORECASE)


class Redactor:
    """Replaces secrets by `[key]`, in plain text and escaped as in URLs and JSON."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
        pattern = b"|".join(map(_pattern, sorted(spellings, key=len, reverse=True)))
        self._secrets = re.compile(pattern, re.IGNORECASE) if pattern else None

    def redact(self, body: bytes) -> bytes:
        """Return a body without secrets."""
        redacted = body if self._secrets is None else self._secrets.sub(_MARK, body)
        return _ECHO.sub(rb"\1" + _MARK, redacted)


def _spellings(secret: str) -> Iterator[str]:
    if secret and secret.lower() != _PUBLIC_KEY:
        yield from (secret, quote(secret, safe=""), quote_plus(secret), secret.replace("/", "\\/"))


def _pattern(secret: str) -> bytes:
    escaped = re.escape(secret).encode()
    if len(secret) >= _UNMISTAKABLE:
        return escaped
    return rb"(?<![A-Za-z0-9])" + escaped + rb"(?![A-Za-z0-9])"


class ApiKeyTransport(httpx2.BaseTransport):
    """Adds secret parameters and headers to each request as it leaves the process."""

    def __init__(self, inner: httpx2.BaseTransport, params: Secrets, headers: Secrets) -> None:
        self._inner = inner
        self._params = params
        self._headers = headers

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request with its keys."""
        keyed = httpx2.Request(
            request.method,
            request.url.copy_merge_params(_revealed(self._params)),
            headers=[*request.headers.multi_items(), *_revealed(self._headers).items()],
            stream=request.stream,
            extensions=request.extensions,
        )
        return self._inner.handle_request(keyed)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _revealed(secrets: Secrets) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}


def require_key(key: SecretStr | None, setting: str, origin: str) -> SecretStr:
    """Return a key without surrounding blanks; `SettingsError` if it is missing or malformed."""
    text = "" if key is None else key.get_secret_value().strip()
    if not text:
        raise SettingsError(
            f"{setting} is not set: get a key from {origin} and put it in the environment, in "
            ".env or in the keyring; `signal9 secrets` shows which keys are set"
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(f"{setting} contains characters that are not allowed in a key")
    return SecretStr(text)


class UnlimitedQuota:
    """A `Quota` without a limit."""

    def reserve(self, calls: int = 1) -> None:
        """Allow any number of calls."""

    def require(self, calls: int) -> None:
        """Accept: there is no limit to check."""

    def refund(self, calls: int = 1) -> None:
        """Do nothing: there is no budget to return calls to."""

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Do nothing: there is no budget to close."""
        return until


_STATUS_ERRORS: Final[Mapping[int, tuple[type[ProviderError], str]]] = {
    400: (RequestRefusedError, "invalid request"),
    401: (CredentialsError, "invalid API key"),
    403: (PlanError, "not included in the plan of this key"),
    404: (RequestRefusedError, "not found"),
    408: (ProviderUnavailableError, "timeout at the provider"),
    422: (RequestRefusedError, "invalid request"),
    429: (RateLimitError, "rate limit reached"),
}
_OK: Final = 200
_SERVER_ERROR: Final = 500
_DATA_TYPES: Final = ("json", "csv", "text/plain", "octet-stream", "download")


def _status_error(status: int) -> tuple[type[ProviderError], str]:
    if status >= _SERVER_ERROR:
        return ProviderUnavailableError, "server error"
    return _STATUS_ERRORS.get(status, (PayloadError, "unexpected status"))


def _retry_time(headers: Mapping[str, str], now: datetime) -> datetime | None:
    after = headers.get("retry-after", "")
    try:
        return now + timedelta(seconds=int(after))
    except (ValueError, OverflowError):
        return _http_date(after) or _reset_time(headers)


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).replace(tzinfo=UTC)  # dates in headers are in GMT
    except ValueError:
        return None


def _reset_time(headers: Mapping[str, str]) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(headers.get("x-ratelimit-reset", "")), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _content_problem(content_type: str, body: bytes) -> str | None:
    """Return why a body cannot contain data; `None` if it can."""
    kind = content_type.partition(";")[0].strip().lower()
    if "html" in kind or body[:64].lstrip()[:1] == b"<":
        return "an HTML page instead of data"
    if kind and not any(data_type in kind for data_type in _DATA_TYPES):
        return f"{kind} instead of data"
    return None


_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_WHOLE_RESPONSE_S: Final = 120.0
_LONGEST_WAIT_S: Final = 65.0
"""Long enough for per-minute limits; longer waits are left to the caller."""
_KEY_REJECTED_FOR: Final = timedelta(minutes=1)
"""A rejected key is not sent again for this long: each try would cost a call and fail again."""
_QUOTED: Final = 300
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_RETRY: Final = stamina.RetryingCaller(
    attempts=4, timeout=None, wait_initial=1.0, wait_max=10.0, wait_jitter=1.0
)

# Without a handler, stamina's log records would appear on the user's terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class ProviderRequest(NamedTuple):
    """A request: `function` names it in messages and in the cache; `params` contain no key."""

    function: str
    path: str
    params: Mapping[str, str]
    ticker: Ticker | None = None


class ProviderHttp:
    """Sends requests to one host of a provider, and its secret params and headers to no other."""

    def __init__(
        self,
        provider: str,
        base_url: str,
        *,
        clock: Clock,
        params: Secrets | None = None,
        headers: Secrets | None = None,
        quota: Quota | None = None,
        cache: RawCache | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        params, headers = params or {}, headers or {}
        self.provider = provider
        self.quota = quota or UnlimitedQuota()
        self.client = httpx2.Client(
            base_url=base_url,
            transport=ApiKeyTransport(transport or httpx2.HTTPTransport(), params, headers),
            timeout=_TIMEOUT,
            headers={"User-Agent": f"signal9/{__version__}"},
            follow_redirects=False,
        )
        self._redactor = Redactor(_revealed({**params, **headers}).values())
        self._cache = cache
        self._clock = clock
        self.elapsed_s: Callable[[], float] = time.monotonic
        self._rejection: tuple[str, datetime] | None = None

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def get(
        self,
        request: ProviderRequest,
        parse: Parse[T],
        check: Callable[[str, bytes], None] = check_json,
    ) -> T:
        """Return the parsed response; `ProviderError` if there is none, or the `check` raises it.

        Only `transient` errors are retried, and every try takes a call from the quota.
        """
        return _RETRY(self.retry_delay, self._try, request, parse, check)

    def retry_delay(self, error: Exception) -> bool | float:
        """Return whether to retry after this error, or the seconds to wait before it."""
        if not isinstance(error, ProviderError) or not error.transient:
            return False
        if isinstance(error, QuotaExhaustedError):
            return False  # the quota has already waited as long as it may
        if error.until is None:
            return True
        wait_s = max(0.0, (error.until - self._clock()).total_seconds())
        return wait_s + random.random() if wait_s <= _LONGEST_WAIT_S else False  # noqa: S311

    def _try(
        self, request: ProviderRequest, parse: Parse[T], check: Callable[[str, bytes], None]
    ) -> T:
        where = label(self.provider, request.function, request.ticker)
        if self._rejection is not None and self._clock() - self._rejection[1] < _KEY_REJECTED_FOR:
            raise CredentialsError(f"{where}: not sent, since {self._rejection[0]}")
        try:
            body = self._body(request, where)
            with payload_errors(where):
                parsed = parse(body, request.ticker)
            check(where, body)
        except CredentialsError as error:
            self._rejection = str(error), self._clock()
            raise CredentialsError(f"{error}; `signal9 secrets` shows the key's source") from error
        except DailyQuotaError as error:
            raise DailyQuotaError(str(error), self.quota.exhausted()) from error
        return parsed

    def _body(self, request: ProviderRequest, where: str) -> bytes:
        """Return the body of a successful response, after storing it in the cache."""
        self.quota.reserve()
        response, body = self._send(request, where)
        now = self._clock()
        self._check(response, body, where, now)
        if self._cache is not None:
            self._cache.keep(
                RawResponse(
                    provider=self.provider,
                    function=request.function,
                    ticker=request.ticker,
                    request=request.params,
                    body=body,
                    received_at=now,
                )
            )
        return body

    def _send(self, request: ProviderRequest, where: str) -> tuple[httpx2.Response, bytes]:
        try:
            return self._receive(request, where)
        except _NEVER_SENT as error:
            self.quota.refund()
            host = self.client.base_url.netloc.decode()
            problem = f"{where}: {host} is not reachable: {_reason(error)}"
            raise ProviderUnavailableError(problem) from error
        except httpx2.TransportError as error:
            problem = f"{where}: connection failed: {_reason(error)}"
            raise ProviderUnavailableError(problem) from error
        except httpx2.DecodingError as error:
            raise PayloadError(f"{where}: the body cannot be decompressed") from error

    def _receive(self, request: ProviderRequest, where: str) -> tuple[httpx2.Response, bytes]:
        """Return a response and its body without keys.

        The deadline is for the whole response, because a timeout of `httpx2` is for each read.
        """
        deadline = self.elapsed_s() + _WHOLE_RESPONSE_S
        chunks, size = [], 0
        with self.client.stream("GET", request.path, params=request.params) as response:
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > LARGEST_BODY:
                    raise PayloadError(f"{where}: the body has more than {LARGEST_BODY:,} bytes")
                if self.elapsed_s() > deadline:
                    raise httpx2.ReadTimeout(f"no whole response within {_WHOLE_RESPONSE_S:g} s")
        return response, self._redactor.redact(b"".join(chunks))

    def _check(self, response: httpx2.Response, body: bytes, where: str, now: datetime) -> None:
        """Raise the error that a response reports; close a quota that it says is used up."""
        status, headers = response.status_code, response.headers
        until = _retry_time(headers, now)
        kind, meaning = _status_error(status)
        if issubclass(kind, RateLimitError):
            self._close_quota(until)
        elif headers.get("x-ratelimit-remaining", "").strip() == "0":
            self._close_quota(_reset_time(headers))
        problem = _content_problem(headers.get("content-type", ""), body)
        if status != _OK:
            text = "" if problem else body[:_QUOTED].decode("utf-8", "replace").strip()
            quoted = f": {text}" if text else ""
            raise kind(f"{where}: {meaning} (HTTP {status}){quoted}", until)
        if problem is not None:
            raise PayloadError(f"{where}: {problem}")

    def _close_quota(self, until: datetime | None) -> None:
        if until is not None:
            self.quota.exhausted(until)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__
