"""How long a notebook or a shell waits before anything happens."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from .measure import Measure
from .timing import import_ms, installed, run_ms

__all__ = ["measures"]


class _Peer(NamedTuple):
    distribution: str
    module: str
    statement: str


_PEERS: Final = (
    _Peer("alpha_vantage", "alpha_vantage", "from alpha_vantage.timeseries import TimeSeries"),
    _Peer("alpaca-py", "alpaca", "from alpaca.data import StockHistoricalDataClient"),
    _Peer("yfinance", "yfinance", "from yfinance import Ticker"),
)


def measures() -> Iterator[Measure]:
    """Yield the times of the imports, and of the shortest command."""
    yield Measure("import", import_ms("import signal9_core", runs=15), "ms", 30, "lower")
    yield _facade()
    command = [str(Path(sys.executable).with_name("signal9")), "--version"]
    yield Measure("command_version", run_ms(command, runs=9), "ms", 150, "lower")


def _facade() -> Measure:
    """Measure what a notebook imports, against the fastest of the clients that others import."""
    ours = import_ms("from signal9_core import Signal9", runs=7)
    theirs = {
        peer.distribution: import_ms(peer.statement, runs=3)
        for peer in _PEERS
        if installed(peer.module, peer.distribution)
    }
    fastest = min(theirs, key=theirs.__getitem__, default=None)
    ratio = None if fastest is None else theirs[fastest] / ours
    return Measure("import_facade", ours, "ms", 300, "lower", fastest, ratio)
