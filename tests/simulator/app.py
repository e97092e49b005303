"""The ASGI application: keys, quotas and faults before any data."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from signal9_core.ports import Clock, Provider, utc_now
from signal9_core.providers.sample.provider import SampleProvider

from .alpaca import Alpaca
from .alphavantage import AlphaVantage
from .faults import alphavantage_text, fault
from .limits import Limit
from .replies import Reply, as_json

__all__ = ["Simulator"]

_ON_DEMAND: Final = "x-simulate-fault"
_NEW_YORK: Final = ZoneInfo("America/New_York")
_SECOND: Final = timedelta(seconds=1)

Headers = Mapping[str, str]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass
class Simulator:
    """Both providers behind one address.

    `trouble` gets the name of a provider and returns the fault of its next reply, or `None`; a
    request may ask for one itself, in the header `X-Simulate-Fault`. `asked` has the functions and
    paths in the order in which they came. `per_day` makes AlphaVantage's
    plan the free one: also one call a second, and no premium endpoints.
    """

    data: Provider = field(default_factory=SampleProvider)
    keys: frozenset[str] = frozenset({"demo", "secret-key-of-tests"})
    clock: Clock = utc_now
    per_day: int | None = None
    alpaca_per_minute: int = 200
    trouble: Callable[[str], str | None] = lambda _: None
    delay_s: float = 0
    seen: Counter[str] = field(default_factory=Counter, init=False)
    asked: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._alphavantage = AlphaVantage(self.data, premium=self.per_day is None)
        self._alpaca = Alpaca(self.data)
        self._day = Limit(self.per_day or 0, lambda now: now.astimezone(_NEW_YORK).date())
        self._minute = Limit(self.alpaca_per_minute, _minute)
        self._last: datetime | None = None

    async def __call__(self, scope: dict[str, Any], receive: object, send: Send) -> None:
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        params = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        await asyncio.sleep(self.delay_s)
        await _send(self.reply(scope["path"], params, headers), send)

    def reply(self, path: str, params: dict[str, str], headers: Headers) -> Reply:
        """Return what comes back to a request."""
        self.asked.append(params.get("function", path))
        if path == "/query":
            return self._from_alphavantage(params, headers)
        if self._alpaca.knows(path):
            return self._from_alpaca(path, params, headers)
        return as_json({"code": 40410000, "message": "endpoint not found."}, 404)

    def _from_alphavantage(self, params: dict[str, str], headers: Headers) -> Reply:
        key, function = params.get("apikey", ""), params.get("function", "")
        if key not in self.keys:
            return self._noted("alphavantage refused", alphavantage_text("bad_key"))
        if self.per_day is not None:
            now, last = self.clock(), self._last
            self._last = now
            if last is not None and now - last < _SECOND:
                return self._noted("alphavantage refused", alphavantage_text("burst"))
            if not self._day.take(now):
                return self._noted("alphavantage refused", alphavantage_text("daily", key))
        reply = self._alphavantage.answer(params)
        name = headers.get(_ON_DEMAND) or self.trouble("alphavantage")
        if name:
            return self._noted("alphavantage faults", fault(name, reply, key, function))
        return self._noted("alphavantage answered", reply)

    def _from_alpaca(self, path: str, params: dict[str, str], headers: Headers) -> Reply:
        now = self.clock()
        allowed = self._minute.take(now)
        limits = {
            "X-RateLimit-Limit": str(self.alpaca_per_minute),
            "X-RateLimit-Remaining": str(self._minute.left),
            "X-RateLimit-Reset": str(int(_minute(now).timestamp()) + 60),
        }
        given = {headers.get(f"apca-api-{name}") for name in ("key-id", "secret-key")}
        if not given <= self.keys:
            return self._noted("alpaca refused", fault("401", Reply(b"")))
        if not allowed:
            return self._noted("alpaca refused", _with(fault("429", Reply(b"")), limits))
        reply = self._alpaca.answer(path, params)
        name = headers.get(_ON_DEMAND) or self.trouble("alpaca")
        if name:
            return self._noted("alpaca faults", fault(name, reply))
        return self._noted("alpaca answered", _with(reply, limits))

    def _noted(self, what: str, reply: Reply) -> Reply:
        self.seen[what] += 1
        return reply


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)


def _with(reply: Reply, headers: Mapping[str, str]) -> Reply:
    return Reply(reply.body, reply.status, reply.content_type, {**reply.headers, **headers})


async def _send(reply: Reply, send: Send) -> None:
    headers = {
        "content-type": reply.content_type,
        "content-length": str(len(reply.body)),
        **{name.lower(): value for name, value in reply.headers.items()},
    }
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": encoded})
    if reply.cut:
        # The server closes a connection on which less comes than was announced.
        part = reply.body[: len(reply.body) // 2]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        raise ConnectionAbortedError
    await send({"type": "http.response.body", "body": reply.body})
