"""How a provider is asked over HTTP: in time, within its quota, and again where that can help."""

import logging
import random
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, TypeVar
from urllib.parse import quote, quote_plus

import httpx2
import stamina
from pydantic import SecretStr

from ..domain import Ticker
from ..errors import (
    BurstError,
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
    UnknownSymbolError,
)
from ..ports import Clock, Quota, RawCache, RawResponse
from ..version import __version__

__all__ = [
    "KeyedTransport",
    "NoCache",
    "NoQuota",
    "Question",
    "Redactor",
    "Source",
    "checked_key",
    "data_type_problem",
    "open_http",
    "refusal",
    "retry_at",
    "used_up_until",
]

_MARK: Final = b"[key]"
_PUBLIC: Final = "demo"
"""The key of a provider's examples: no secret, and a word of everyday texts."""
_LONG: Final = 12
"""From this length on a key is no part of any other word by chance."""
_ECHO: Final = re.compile(rb"(API key as )[^\s\"',;]+", re.IGNORECASE)


class Redactor:
    """Replaces secrets by `[key]`, as they are and as URLs and JSON spell them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spelled = {each for secret in secrets for each in _spellings(secret)}
        longest_first = map(_pattern, sorted(spelled, key=len, reverse=True))
        pattern = b"|".join(longest_first)
        self._secrets = re.compile(pattern, re.IGNORECASE) if pattern else None

    def body(self, body: bytes) -> bytes:
        """Return a body without secrets."""
        kept = body if self._secrets is None else self._secrets.sub(_MARK, body)
        return _ECHO.sub(rb"\1" + _MARK, kept)

    def text(self, text: str) -> str:
        """Return a text without secrets."""
        return self.body(text.encode()).decode()


def _spellings(secret: str) -> Iterator[str]:
    if secret and secret.lower() != _PUBLIC:
        yield from (secret, quote(secret, safe=""), quote_plus(secret), secret.replace("/", "\\/"))


def _pattern(secret: str) -> bytes:
    escaped = re.escape(secret).encode()
    whole = len(secret) < _LONG
    return rb"(?<![A-Za-z0-9])" + escaped + rb"(?![A-Za-z0-9])" if whole else escaped


class KeyedTransport(httpx2.BaseTransport):
    """A transport that adds secret parameters and headers to every request."""

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        *,
        params: Mapping[str, SecretStr] | None = None,
        headers: Mapping[str, SecretStr] | None = None,
    ) -> None:
        self._inner = inner
        self._params = params or {}
        self._headers = headers or {}

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


def checked_key(key: SecretStr | None, setting: str, origin: str) -> SecretStr:
    """Return a key without blanks around it; `SettingsError` where it can be none.

    `origin` is where a person gets one.
    """
    text = "" if key is None else key.get_secret_value().strip()
    if not text:
        raise SettingsError(
            f"{setting} is not set: the provider needs a key (from {origin}), in the environment, "
            "in .env or in the keyring; `signal9 secrets` shows what is found where"
        )
    if not text.isascii() or not text.isprintable() or " " in text:
        raise SettingsError(f"{setting} holds characters that no key has")
    return SecretStr(text)


def _revealed(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    return {name: secret.get_secret_value() for name, secret in secrets.items()}


class NoQuota:
    """A `Quota` without a limit."""

    def reserve(self, calls: int = 1) -> None:
        """Grant it."""

    def require(self, calls: int) -> None:
        """Find that there is enough."""

    def refund(self, calls: int = 1) -> None:
        """Count nothing."""

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        """Take note of nothing; whoever has no budget hears it again from the provider."""
        return until


class NoCache:
    """A `RawCache` that keeps nothing."""

    def keep(self, response: RawResponse) -> None:
        """Forget it."""


_KINDS: Final[Mapping[int, tuple[type[ProviderError], str]]] = {
    400: (RequestRefusedError, "refused the question"),
    401: (CredentialsError, "does not accept the key"),
    403: (PlanError, "does not allow this to the key's plan"),
    404: (UnknownSymbolError, "knows no such thing"),
    408: (ProviderUnavailableError, "gave up waiting"),
    422: (RequestRefusedError, "refused the question"),
    429: (BurstError, "was asked too often"),
}
_FAILURE: Final = 500
_FAILED: Final = (ProviderUnavailableError, "failed")
_ODD: Final = (PayloadError, "did not answer")
_OK: Final = 200
_DATA_TYPES: Final = ("json", "csv", "text/plain", "octet-stream", "download")


def refusal(status: int, quoted: str, until: datetime | None, where: str) -> ProviderError | None:
    """Return the error that a status means; `None` for success."""
    if status == _OK:
        return None
    other = _FAILED if status >= _FAILURE else _ODD
    kind, meaning = _KINDS.get(status, other)
    said = f": {quoted}" if quoted else ""
    return kind(f"{where}: the provider {meaning} (HTTP {status}){said}", until)


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """Return when to come back, by `Retry-After` or else `X-RateLimit-Reset`."""
    after = headers.get("retry-after", "").strip()
    if after.isdigit():
        return now + timedelta(seconds=int(after))
    return _http_date(after) or _epoch(headers.get("x-ratelimit-reset", ""))


def used_up_until(headers: Mapping[str, str]) -> datetime | None:
    """Return when calls are allowed again, where this answer was the last one allowed."""
    if headers.get("x-ratelimit-remaining", "").strip() != "0":
        return None
    return _epoch(headers.get("x-ratelimit-reset", ""))


def data_type_problem(content_type: str, body: bytes) -> str | None:
    """Say what came in place of data, where a body cannot hold any; `None` where it can."""
    kind = content_type.partition(";")[0].strip().lower()
    if "html" in kind or body[:64].lstrip()[:1] == b"<":
        return "an HTML page came in place of data"
    if kind and not any(each in kind for each in _DATA_TYPES):
        return f"{kind} came in place of data"
    return None


def _http_date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def _epoch(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


T = TypeVar("T")

_TIMEOUT: Final = httpx2.Timeout(30.0, connect=10.0)
_WHOLE_ANSWER_S: Final = 120.0
_LONGEST_WAIT_S: Final = 65.0
"""A provider's minute is waited for; of what takes longer, the caller hears until when."""
_BELIEVED: Final = timedelta(minutes=1)
"""For so long a refused key is not sent again: each try would be a call, and end the same way."""
_QUOTED: Final = 300
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_RETRYING: Final = stamina.RetryingCaller(
    attempts=4, timeout=None, wait_initial=1.0, wait_max=10.0, wait_jitter=1.0
)


# Without a handler of their own, notes of retries would be printed on a terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


class Question(NamedTuple):
    """What is asked: `function` is its name in messages and in the cache, `params` hold no key."""

    function: str
    path: str
    params: Mapping[str, str]
    ticker: Ticker | None = None


def open_http(base_url: str, transport: httpx2.BaseTransport) -> httpx2.Client:
    """Return a client that keeps its connections, and follows nobody elsewhere with a key."""
    return httpx2.Client(
        base_url=base_url,
        transport=transport,
        timeout=_TIMEOUT,
        headers={"User-Agent": f"signal9/{__version__}"},
        follow_redirects=False,
    )


class _Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Source:
    """One host of a provider."""

    provider: str
    http: httpx2.Client
    redactor: Redactor
    quota: Quota
    cache: RawCache
    clock: Clock
    elapsed_s: Callable[[], float] = time.monotonic
    jitter_s: Callable[[], float] = random.random
    _refusals: list[tuple[str, datetime]] = field(default_factory=list, init=False)

    def ask(self, question: Question, read: Callable[[bytes], T]) -> T:
        """Return what `read` makes of the answer; `ProviderError` where there is none.

        Only what is `transient` is tried again, and every try takes a call from the quota.
        """
        return _RETRYING(self.pause, self._ask_once, question, read)

    def pause(self, error: Exception) -> bool | float:
        """Return whether trying again can help after this error, or after how many seconds."""
        if not isinstance(error, ProviderError) or not error.transient:
            return False
        if isinstance(error, QuotaExhaustedError):
            return False  # whoever owns the budget has chosen not to wait
        if error.until is None:
            return True
        wait = max(0.0, (error.until - self.clock()).total_seconds())
        return wait + self.jitter_s() if wait <= _LONGEST_WAIT_S else False

    def _ask_once(self, question: Question, read: Callable[[bytes], T]) -> T:
        for said, at in self._refusals:
            if self.clock() - at < _BELIEVED:
                raise CredentialsError(f"{self._where(question)}: not asked, since {said}")
        try:
            return self._answered(question, read)
        except CredentialsError as error:
            self._refusals[:] = [(str(error), self.clock())]
            raise CredentialsError(f"{error}; `signal9 secrets` shows where it is from") from error

    def _answered(self, question: Question, read: Callable[[bytes], T]) -> T:
        self.quota.reserve()
        answer = self._sent(question)
        now = self.clock()
        self._check(question, answer, now)
        self.cache.keep(
            RawResponse(
                provider=self.provider,
                function=question.function,
                ticker=question.ticker,
                request=question.params,
                body=answer.body,
                received_at=now,
            )
        )
        try:
            return read(answer.body)
        except DailyQuotaError as error:
            raise DailyQuotaError(str(error), self.quota.exhausted()) from error

    def _sent(self, question: Question) -> _Answer:
        where = self._where(question)
        try:
            return self._received(question)
        except _NEVER_SENT as error:
            self.quota.refund()
            host = self.http.base_url.netloc.decode()
            problem = f"{where}: {host} is not reachable: {_said(error)}"
            raise ProviderUnavailableError(problem) from error
        except httpx2.TransportError as error:
            raise ProviderUnavailableError(f"{where}: broken off: {_said(error)}") from error
        except httpx2.DecodingError as error:
            raise PayloadError(f"{where}: the body cannot be unpacked") from error

    def _received(self, question: Question) -> _Answer:
        deadline = self.elapsed_s() + _WHOLE_ANSWER_S
        chunks = []
        with self.http.stream("GET", question.path, params=question.params) as response:
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                if self.elapsed_s() > deadline:
                    raise httpx2.ReadTimeout(f"no whole answer within {_WHOLE_ANSWER_S:g} s")
        body = self.redactor.body(b"".join(chunks))
        return _Answer(response.status_code, response.headers, body)

    def _check(self, question: Question, answer: _Answer, now: datetime) -> None:
        where = self._where(question)
        page = data_type_problem(answer.headers.get("content-type", ""), answer.body)
        quoted = "" if page else answer.body[:_QUOTED].decode("utf-8", "replace").strip()
        error = refusal(answer.status, quoted, retry_at(answer.headers, now), where)
        until = used_up_until(answer.headers)
        if isinstance(error, RateLimitError):
            until = error.until
        if until is not None:
            self.quota.exhausted(until)
        if error is not None:
            raise error
        if page is not None:
            raise PayloadError(f"{where}: {page}")

    def _where(self, question: Question) -> str:
        about = "" if question.ticker is None else f" {question.ticker}"
        return f"{self.provider} {question.function}{about}"


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
