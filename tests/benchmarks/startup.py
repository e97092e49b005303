"""How long a notebook, a shell and a Lambda function take to start.

Functions are measured by the CPU time of a fresh process until the application and the client of
DynamoDB exist, against the same queries behind other frameworks; no request is sent.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from .measure import Measure
from .report import say
from .timing import cpu_ms, import_ms, installed, run_ms

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

_GROUPS: Final = ("health", "assets", "search", "news", "financials", "users")
_RUNS: Final = 9
_GOAL: Final = 0.75
"""The most CPU time of a function, as a share of Powertools'."""

_OURS: Final = """
from signal9_handlers.api.{group} import handler
from signal9_handlers.runtime import application
application().store
"""

_QUERIES: Final = """
import boto3
from signal9_core.schemas.companies import AssetAnswer, AssetsAnswer
from signal9_core.schemas.prices import PricesAnswer
from signal9_handlers.runtime import application
core = application()
table = boto3.resource("dynamodb").Table("a")

@app.get("/assets")
def assets(limit: int = 100) -> AssetsAnswer:
    return core.list_assets(limit=limit)

@app.get("{asset}")
def asset(ticker: str) -> AssetAnswer:
    return core.get_asset(ticker)

@app.get("{asset}/prices")
def prices(ticker: str, limit: int = 5_000) -> PricesAnswer:
    return core.get_prices(ticker, limit=limit)
"""
_POWERTOOLS: Final = """
import jwt
from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
logger, metrics = Logger("a"), Metrics("a", "a")
app = APIGatewayRestResolver(enable_validation=True)
""" + _QUERIES.format(asset="/assets/<ticker>")
_FASTAPI: Final = """
from fastapi import FastAPI
from mangum import Mangum
app = FastAPI()
handler = Mangum(app)
""" + _QUERIES.format(asset="/assets/{ticker}")

_AWS: Final = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "none",
    "SIGNAL9_HOME": "/tmp",
    "SIGNAL9_STORE": "dynamodb",
}


def measures() -> Iterator[Measure]:
    """Yield the times of the imports, of the shortest command, and of the functions."""
    yield Measure("import", import_ms("import signal9_core", runs=15), "ms", 30, "lower")
    yield _facade()
    command = [str(Path(sys.executable).with_name("signal9")), "--version"]
    yield Measure("command_version", run_ms(command, runs=9), "ms", 150, "lower")
    yield from _functions()


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


def _functions() -> Iterator[Measure]:
    powertools = cpu_ms(_POWERTOOLS, runs=_RUNS, environment=_AWS)
    fastapi = None
    if installed("fastapi", "fastapi") and installed("mangum", "mangum"):
        fastapi = cpu_ms(_FASTAPI, runs=_RUNS, environment=_AWS)
    for group in _GROUPS:
        ours = cpu_ms(_OURS.format(group=group), runs=_RUNS, environment=_AWS)
        goal = powertools * _GOAL
        ratio = powertools / ours
        yield Measure(f"start_{group}", ours, "ms", goal, "lower", "powertools", ratio)
        if fastapi is not None:
            name = f"start_{group}_fastapi"
            yield Measure(name, ours, "ms", fastapi, "lower", "fastapi", fastapi / ours)
    if fastapi is None:
        say("fastapi or mangum is not installed: no comparison with them")
