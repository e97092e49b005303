"""Both providers behind one address: keys, quotas and faults before any data; their server."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Final
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from ...ports import Clock, utc_now
from ...provider_port import Provider
from ..sample.provider import SampleProvider
from .alpaca import Alpaca
from .alphavantage import AlphaVantage
from .replies import Reply, error, fault

_ON_DEMAND: Final = "x-simulate-fault"
_NEW_YORK: Final = ZoneInfo("America/New_York")
_SECOND: Final = timedelta(seconds=1)

Headers = Mapping[str, str]


@dataclass
class Simulator:
    """Both providers behind one address.

    `trouble` gets the name of a provider and returns the fault of its next reply, or `None`; a
    request may ask for one itself, in the header `X-Simulate-Fault`. `asked` lists the functions
    and paths of the requests. `per_day` makes AlphaVantage's plan the free one: also one call a
    second, and no premium endpoints.
    """

    data: Provider = field(default_factory=SampleProvider)
    keys: frozenset[str] = frozenset({"demo", "secret-key-of-tests"})
    clock: Clock = utc_now
    per_day: int | None = None
    alpaca_per_minute: int = 200
    trouble: Callable[[str], str | None] = lambda _: None
    seen: Counter[str] = field(default_factory=Counter, init=False)
    asked: list[str] = field(default_factory=list, init=False)
    _used: Counter[date] = field(default_factory=Counter, init=False)

    def __post_init__(self) -> None:
        self._alphavantage = AlphaVantage(self.data, premium=self.per_day is None)
        self._alpaca = Alpaca(self.data)
        self._last: datetime | None = None

    def reply(self, path: str, params: dict[str, str], headers: Headers) -> Reply:
        """Return the response to a request."""
        self.asked.append(params.get("function", path))
        if path == "/query":
            return self._from_alphavantage(params, headers)
        if self._alpaca.knows(path):
            return self._from_alpaca(path, params, headers)
        return error("404")

    def _from_alphavantage(self, params: dict[str, str], headers: Headers) -> Reply:
        key, function = params.get("apikey", ""), params.get("function", "")
        refusal = self._alphavantage_refusal(key)
        if refusal is not None:
            return self._counted("alphavantage refused", refusal)
        reply = self._alphavantage.answer(params)
        name = headers.get(_ON_DEMAND) or self.trouble("alphavantage")
        if name:
            return self._counted("alphavantage faults", fault(name, reply, key, function))
        return self._counted("alphavantage answered", reply)

    def _alphavantage_refusal(self, key: str) -> Reply | None:
        if key not in self.keys:
            return error("bad_key")
        if self.per_day is None:
            return None
        now, last = self.clock(), self._last
        self._last = now
        if last is not None and now - last < _SECOND:
            return error("burst")
        day = now.astimezone(_NEW_YORK).date()
        self._used[day] += 1
        return error("daily", key) if self._used[day] > self.per_day else None

    def _from_alpaca(self, path: str, params: dict[str, str], headers: Headers) -> Reply:
        minute = self.clock().replace(second=0, microsecond=0)
        self._used[minute] += 1
        left = self.alpaca_per_minute - self._used[minute]
        limits = {
            "X-RateLimit-Limit": str(self.alpaca_per_minute),
            "X-RateLimit-Remaining": str(max(0, left)),
            "X-RateLimit-Reset": str(int(minute.timestamp()) + 60),
        }
        if not {headers.get(f"apca-api-{name}") for name in ("key-id", "secret-key")} <= self.keys:
            return self._counted("alpaca refused", error("401"))
        if left < 0:
            return self._counted("alpaca refused", replace(error("429"), headers=limits))
        reply = self._alpaca.answer(path, params)
        name = headers.get(_ON_DEMAND) or self.trouble("alpaca")
        if name:
            return self._counted("alpaca faults", fault(name, reply))
        return self._counted("alpaca answered", replace(reply, headers=limits))

    def _counted(self, what: str, reply: Reply) -> Reply:
        self.seen[what] += 1
        return reply


_HOST: Final = "127.0.0.1"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    simulator: Simulator

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that went away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: _Server

    def do_GET(self) -> None:
        """Answer a request."""
        url = urlsplit(self.path)
        params = dict(parse_qsl(url.query, keep_blank_values=True))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self.server.simulator.reply(url.path, params, headers))

    def _send(self, reply: "Reply") -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        self.close_connection |= reply.cut

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: requests contain keys."""


@contextmanager
def running(simulator: Simulator, port: int = 0) -> Iterator[str]:
    """Serve a simulator on 127.0.0.1 from a thread of this process; yield its address."""
    with _Server((_HOST, port), _Handler) as server:
        server.simulator = simulator
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://{_HOST}:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
