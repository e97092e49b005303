"""How a provider is asked over HTTP: in time, within its quota, and again where that can help."""

import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeVar

import httpx2
import stamina

from ..domain import Ticker
from ..errors import (
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    ProviderError,
    ProviderUnavailableError,
    QuotaExhaustedError,
    RateLimitError,
)
from ..ports import Clock, Quota, RawCache, RawResponse
from ..version import __version__
from .redaction import Redactor
from .statuses import data_type_problem, refusal, retry_at, used_up_until

__all__ = ["Question", "Source", "open_http"]

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
