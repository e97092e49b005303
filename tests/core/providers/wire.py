"""A wire that answers as it is told, and clients on it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx2
from pydantic import SecretStr

from signal9_core.ports import RawResponse
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from tests.fakes import SetClock

KEY = "K3YK3YK3YK3YK3Y1"
SECRET = "5ecr3t/5ecr3t+5ecr3t"

Answer = httpx2.Response | Exception


def answer(
    body: object = b"{}", status: int = 200, headers: Mapping[str, str] | None = None
) -> httpx2.Response:
    """An answer of JSON, unless its body is bytes already."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = {"content-type": "application/json"} if headers is None else {}
    return httpx2.Response(status, content=content, headers={**kind, **(headers or {})})


@dataclass
class Wire:
    """Answers in turn, the last one for ever; remembers what was asked."""

    answers: list[Answer]
    asked: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request)
        found = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if isinstance(found, Exception):
            raise found
        return found

    @property
    def params(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.asked]

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self)


@dataclass
class Budget:
    """A quota that counts, and grants as much as it is told to have."""

    left: int = 1_000
    reserved: int = 0
    refunded: int = 0
    closed: list[datetime | None] = field(default_factory=list)
    refuse: Callable[[], Exception] | None = None

    def reserve(self, calls: int = 1) -> None:
        if self.refuse is not None:
            raise self.refuse()
        self.reserved += calls

    def require(self, calls: int) -> None:
        if self.refuse is not None and calls > self.left:
            raise self.refuse()

    def refund(self, calls: int = 1) -> None:
        self.refunded += calls

    def exhausted(self, until: datetime | None = None) -> datetime | None:
        self.closed.append(until)
        return until or datetime.fromisoformat("2024-01-09T05:00:00Z")


@dataclass
class Shelf:
    """A raw cache in memory."""

    kept: list[RawResponse] = field(default_factory=list)

    def keep(self, response: RawResponse) -> None:
        self.kept.append(response)


class Broken(httpx2.SyncByteStream):
    """A body that breaks off after its first part."""

    def __init__(self, first: bytes, error: Exception) -> None:
        self._first = first
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        raise self._error


def alphavantage(
    *answers: Answer, budget: Budget | None = None, shelf: Shelf | None = None
) -> tuple[AlphaVantageClient, Wire]:
    wire = Wire(list(answers))
    client = AlphaVantageClient(
        SecretStr(KEY), quota=budget, cache=shelf, clock=SetClock(), transport=wire.transport
    )
    return client, wire


def alpaca(
    *answers: Answer, budget: Budget | None = None, shelf: Shelf | None = None
) -> tuple[AlpacaClient, Wire]:
    wire = Wire(list(answers))
    client = AlpacaClient(
        SecretStr(KEY),
        SecretStr(SECRET),
        quota=budget,
        cache=shelf,
        clock=SetClock(),
        transport=wire.transport,
    )
    return client, wire
