"""The local server under load: a steady stream, and a thousand connections at once.

The server has one core to itself, where the system can see to that; the clients have the rest.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from .measure import Measure
from .serve import answered, serving

__all__ = ["load_measures"]

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
"""What is asked in turn: what a page about a company asks."""


def load_measures() -> Iterator[Measure]:
    """Yield how a stream of requests is answered, and how a crowd."""
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
    """Ask at fixed moments, whatever the answers do; return the times from those moments on."""
    started = perf_counter()

    async def ask(at: int) -> float:
        due = started + at / _PER_S
        await asyncio.sleep(max(0, due - perf_counter()))
        status = await _get(url, _PATHS[at % len(_PATHS)])
        if status != 200:
            raise RuntimeError(f"{_PATHS[at % len(_PATHS)]} answered {status}")
        return perf_counter() - due

    return await asyncio.gather(*(ask(at) for at in range(_PER_S * _SECONDS)))


async def _crowd(url: str) -> int:
    """Open a thousand connections, then ask on all of them; return how many were not answered."""
    together = asyncio.Barrier(_CONNECTIONS)
    asked = (_get(url, "/assets/AAPL", together) for _ in range(_CONNECTIONS))
    found = await asyncio.gather(*asked, return_exceptions=True)
    return sum(each != 200 for each in found)


async def _get(url: str, path: str, together: asyncio.Barrier | None = None) -> int:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        if together is not None:
            await together.wait()
        head = (
            f"GET {parts.path}{path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
        )
        writer.write(head.encode())
        answer = await reader.read()
        return int(answer.split(b" ", 2)[1])
    finally:
        writer.close()
