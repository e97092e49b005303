"""How long the first command of a new user takes until it answers, and its memory."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from .measure import Measure
from .report import say

__all__ = ["Server", "answered", "measures", "serving"]

_PATIENCE_S: Final = 60.0
_PAUSE_S: Final = 0.02


@dataclass(frozen=True)
class Server:
    """A running server, and when it was started."""

    process: subprocess.Popen[bytes]
    url: str
    started: float


def measures() -> Iterator[Measure]:
    """Yield the times from an empty home to the first answers, and the peak of memory."""
    with TemporaryDirectory() as folder, serving(Path(folder)) as server:
        yield Measure("serve_health", answered(server, "/health"), "s", 5, "lower")
        yield Measure("serve_prices", answered(server, "/assets/AAPL/prices"), "s", 5, "lower")
        yield Measure("serve_search", answered(server, "/search?q=aple"), "s", 5, "lower")
        peak = _peak_mb(server.process.pid)
        if peak is None:
            say("this system does not report a process's peak memory: not measured")
        else:
            yield Measure("serve_memory", peak, "MB", 250, "lower")


@contextmanager
def serving(folder: Path, *, core: int | None = None) -> Iterator[Server]:
    """Serve a home in the folder, on one core if given; ingests the sample unless it is there."""
    port, log = _free_port(), folder / "server.log"
    signal9 = Path(sys.executable).with_name("signal9")
    started = perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(signal9), "serve", "--ingest", "--port", str(port)],
            env=os.environ | {"SIGNAL9_HOME": str(folder / "home")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        if core is not None and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(process.pid, {core})
    try:
        yield Server(process, f"http://127.0.0.1:{port}/api/v1", started)
    except RuntimeError as error:
        error.add_note(log.read_text(encoding="utf-8", errors="replace"))
        raise
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answered(server: Server, path: str) -> float:
    """Return the seconds from the start to the first answer with content."""
    while not _has_content(server.url + path):
        waited = perf_counter() - server.started
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended with code {server.process.returncode}")
        if waited > _PATIENCE_S:
            raise RuntimeError(f"no answer from {path} after {waited:.0f} s")
        sleep(_PAUSE_S)
    return perf_counter() - server.started


def _has_content(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as response:
            body = json.load(response)
    except (URLError, ConnectionError, TimeoutError):  # not up yet, or AAPL not ingested yet
        return False
    return bool(body.get("items", body))


def _peak_mb(pid: int) -> float | None:
    status = Path(f"/proc/{pid}/status")
    peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return None if peak is None else int(peak[1]) / 1_024


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
