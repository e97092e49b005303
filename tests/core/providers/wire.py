"""A transport with prepared responses, clients on it, and small bodies of both providers."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx2
from pydantic import SecretStr

from signal9_core.provider_port import RawResponse
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from tests.fakes import SetClock

KEY = "K3YK3YK3YK3YK3Y1"
SECRET = "5ecr3t/5ecr3t+5ecr3t"

Reply = httpx2.Response | Exception


def body(content: object) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def response(
    content: object = b"{}", status: int = 200, headers: Mapping[str, str] | None = None
) -> httpx2.Response:
    """A response of JSON, unless its content is bytes already."""
    kind = {"content-type": "application/json"} if headers is None else {}
    return httpx2.Response(status, content=body(content), headers={**kind, **(headers or {})})


@dataclass
class Wire:
    """Sends the replies in turn, the last one for ever; remembers the requests."""

    replies: list[Reply]
    requests: list[httpx2.Request] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        reply = self.replies[min(len(self.requests), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def params(self) -> list[dict[str, str]]:
        return [dict(request.url.params) for request in self.requests]

    @property
    def transport(self) -> httpx2.MockTransport:
        return httpx2.MockTransport(self)


@dataclass
class CountingQuota:
    """A quota that counts; `refuse` makes the error of an empty one."""

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
class MemoryCache:
    """A raw cache in memory."""

    responses: list[RawResponse] = field(default_factory=list)

    def keep(self, response: RawResponse) -> None:
        self.responses.append(response)


class Broken(httpx2.SyncByteStream):
    """A body that breaks off after its first part."""

    def __init__(self, first: bytes, error: Exception) -> None:
        self._first = first
        self._error = error

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        raise self._error


def alphavantage(*replies: Reply, **options: Any) -> tuple[AlphaVantageClient, Wire]:
    wire = Wire(list(replies))
    options.setdefault("clock", SetClock())
    return AlphaVantageClient(SecretStr(KEY), transport=wire.transport, **options), wire


def alpaca(*replies: Reply, **options: Any) -> tuple[AlpacaClient, Wire]:
    wire = Wire(list(replies))
    key, secret = SecretStr(KEY), SecretStr(SECRET)
    options.setdefault("clock", SetClock())
    return AlpacaClient(key, secret, transport=wire.transport, **options), wire


def daily(symbol: str, days: Mapping[str, Mapping[str, str]]) -> bytes:
    meta = {"1. Information": "Daily", "2. Symbol": symbol, "5. Time Zone": "US/Eastern"}
    return body({"Meta Data": meta, "Time Series (Daily)": days})


def bar(**more: str) -> dict[str, str]:
    """A bar of AlphaVantage."""
    prices = {"1. open": "10.0", "2. high": "12.5", "3. low": "9.125", "4. close": "11.00"}
    return {**prices, "5. volume": "1000", **more}


def adjusted_bar(dividend: str = "0.0000", split: str = "1.0", **more: str) -> dict[str, str]:
    """A bar of AlphaVantage's adjusted series."""
    figures = {"7. dividend amount": dividend, "8. split coefficient": split}
    usual = bar(**{"5. adjusted close": "5.5", "6. volume": "1000"}, **figures)
    return {name: text for name, text in usual.items() if name != "5. volume"} | more


def balance_sheet(symbol: str, *quarters: Mapping[str, object]) -> bytes:
    return body({"symbol": symbol, "annualReports": [], "quarterlyReports": quarters})


def earnings(symbol: str, years: Mapping[str, str], quarters: int = 8) -> bytes:
    annual = [{"fiscalDateEnding": end, "reportedEPS": eps} for end, eps in years.items()]
    ends = [f"20{20 + at // 4}-{3 * (at % 4) + 3:02}-28" for at in range(quarters)]
    quarterly = [{"fiscalDateEnding": end} for end in ends]
    return body({"symbol": symbol, "annualEarnings": annual, "quarterlyEarnings": quarterly})


def news_item(url: str, published: str = "20240105T143000", **more: object) -> dict[str, object]:
    """An article of AlphaVantage."""
    return {
        "title": f"About {url}",
        "url": url,
        "time_published": published,
        "authors": ["A. Writer"],
        "summary": "Short.",
        "source": "Example Wire",
        "topics": [{"topic": "Mergers & Acquisitions", "relevance_score": "0.108179"}],
        "overall_sentiment_score": 0.021785,
        "overall_sentiment_label": "Neutral",
        "ticker_sentiment": [
            {
                "ticker": "BRK-B",
                "relevance_score": "0.868004",
                "ticker_sentiment_score": "0.038021",
                "ticker_sentiment_label": "Neutral",
            }
        ],
        **more,
    }
