"""What one request costs, and how the local server answers many at once."""

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from signal9_core.tables import ASSETS
from signal9_handlers.local.gateway import Gateway, proxy_event
from signal9_handlers.runtime import application

from .measure import Measure
from .serve import answered, serving
from .timing import milliseconds

__all__ = ["measures"]

_PER_S: Final = 200
_SECONDS: Final = 10
_CONNECTIONS: Final = 1_000
_PATHS: Final = (
    "/assets/AAPL",
    "/search?q=microsft",
    "/assets/IBM/prices?from=2013-01-01",
    "/news?ticker=GOOG&limit=5",
    "/financials/MSFT",
)
"""What a page about a company requests, in turn."""


def measures() -> Iterator[Measure]:
    """Yield the cost of one request, and the server under load."""
    with TemporaryDirectory() as home:
        os.environ["SIGNAL9_HOME"] = home
        yield from _requests()
    yield from _load()


def _requests() -> Iterator[Measure]:
    """Measure requests within this process, on SQLite and the bundled sample."""
    application.cache_clear()
    with application() as app:
        app.ingest()
        in_store = _p50_us(lambda: app.store.get(ASSETS, {"ticker": "AAPL"}))
        asset = _p50_us(_request("/assets/AAPL"))
        prices = _p50_us(_request("/assets/AAPL/prices", "from=2008-03-01"), runs=100)
        search = _p50_us(_request("/search", "q=microsft"))
        health = _p50_us(_request("/health"))
    application.cache_clear()
    yield Measure("request_overhead", asset - in_store, "us", 100, "lower")
    yield Measure("request_health", health, "us", 100, "lower")
    yield Measure("request_asset_p50", asset / 1_000, "ms", 1, "lower")
    yield Measure("request_prices_5_years_p50", prices / 1_000, "ms", 4, "lower")
    yield Measure("request_search_p50", search / 1_000, "ms", 2, "lower")


def _request(path: str, query: str = "") -> Callable[[], object]:
    gateway, event = Gateway(), proxy_event("GET", f"/api/v1{path}", query)
    response = gateway(event)
    if response.status != 200:
        raise RuntimeError(json.dumps(event) + response.body.decode())
    return partial(gateway, event)


def _p50_us(call: Callable[[], object], runs: int = 1_000) -> float:
    return median(milliseconds(call) for _ in range(runs)) * 1_000


def _load() -> Iterator[Measure]:
    """Measure a steady stream, and a thousand connections at once.

    The server has one core to itself, where the system allows that; the clients have the rest.
    """
    with TemporaryDirectory() as folder, serving(Path(folder), core=0) as server:
        answered(server, "/assets/AAPL/prices")
        answered(server, "/search?q=aple")
        times = asyncio.run(_stream(server.url))
        achieved = len(times) / _SECONDS
        yield Measure("load_200_per_s_answered", achieved, "req/s", _PER_S, "higher")
        yield Measure("load_200_per_s_p99", quantiles(times, n=100)[-1] * 1_000, "ms", 50, "lower")
        failed = asyncio.run(_crowd(server.url))
        yield Measure("load_1000_connections_failed", failed, "errors", 0, "lower")


async def _stream(url: str) -> list[float]:
    """Send requests at fixed moments, whatever the responses do; return the times from then on."""
    started = perf_counter()

    async def send(number: int) -> float:
        due = started + number / _PER_S
        await asyncio.sleep(max(0, due - perf_counter()))
        status = await _get(url, _PATHS[number % len(_PATHS)])
        if status != 200:
            raise RuntimeError(f"{_PATHS[number % len(_PATHS)]} answered {status}")
        return perf_counter() - due

    return await asyncio.gather(*(send(number) for number in range(_PER_S * _SECONDS)))


async def _crowd(url: str) -> int:
    """Open a thousand connections, then send a request on each; return how many failed."""
    barrier = asyncio.Barrier(_CONNECTIONS)
    requests = (_get(url, "/assets/AAPL", barrier) for _ in range(_CONNECTIONS))
    statuses = await asyncio.gather(*requests, return_exceptions=True)
    return sum(status != 200 for status in statuses)


async def _get(url: str, path: str, barrier: asyncio.Barrier | None = None) -> int:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        if barrier is not None:
            await barrier.wait()
        head = (
            f"GET {parts.path}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        response = await reader.read()
        return int(response.split(b" ", 2)[1])
    finally:
        writer.close()
