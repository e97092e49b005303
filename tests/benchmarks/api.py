"""What a request costs: to start for it, to answer it, and to answer many at once.

A function is started anew for every rush of requests, so start-up is measured as CPU time of a
fresh process until everything is loaded and the client of DynamoDB is made; no request is sent.
"""

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from signal9_core.tables import ASSETS
from signal9_handlers.local.exchange import LocalContext, Request, proxy_event
from signal9_handlers.local.gateway import Handler
from signal9_handlers.runtime import application

from .api_load import load_measures
from .measure import Measure
from .report import say
from .timing import cpu_ms, milliseconds

__all__ = ["measures"]

_GROUPS: Final = ("health", "assets", "search", "news", "briefing", "financials", "users")
_RUNS: Final = 9
_SHARE: Final = 0.45

_OURS: Final = """
from signal9_handlers.api.{group} import handler
from signal9_handlers.runtime import application
application().store
"""

# The same queries and the same models, put behind what tutorials put them behind.
_FULL: Final = """
import boto3, jwt
from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from signal9_core.answers import AssetAnswer, AssetsAnswer, PricesAnswer
from signal9_core.bootstrap import App
from signal9_core.settings import load_settings
logger, metrics, tracer = Logger("a"), Metrics("a", "a"), Tracer("a")
app, core = APIGatewayRestResolver(enable_validation=True), App(load_settings())
table = boto3.resource("dynamodb").Table("a")
keys = jwt.PyJWKClient("https://issuer.example/.well-known/jwks.json")

@app.get("/assets")
def assets(limit: int = 100) -> AssetsAnswer:
    return core.list_assets(limit=limit)

@app.get("/assets/<ticker>")
def asset(ticker: str) -> AssetAnswer:
    return core.get_asset(ticker)

@app.get("/assets/<ticker>/prices")
def prices(ticker: str, limit: int = 5_000) -> PricesAnswer:
    return core.get_prices(ticker, limit=limit)

@logger.inject_lambda_context
@metrics.log_metrics
@tracer.capture_lambda_handler
def handler(event, context):
    return app.resolve(event, context)
"""

_FASTAPI: Final = """
import boto3
from fastapi import FastAPI
from mangum import Mangum
from signal9_core.answers import AssetAnswer, AssetsAnswer, PricesAnswer
from signal9_core.bootstrap import App
from signal9_core.settings import load_settings
app, core = FastAPI(), App(load_settings())
table = boto3.resource("dynamodb").Table("a")

@app.get("/assets")
def assets(limit: int = 100) -> AssetsAnswer:
    return core.list_assets(limit=limit)

@app.get("/assets/{ticker}")
def asset(ticker: str) -> AssetAnswer:
    return core.get_asset(ticker)

@app.get("/assets/{ticker}/prices")
def prices(ticker: str, limit: int = 5_000) -> PricesAnswer:
    return core.get_prices(ticker, limit=limit)

handler = Mangum(app)
"""

_AWS: Final = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_SECRET_ACCESS_KEY": "none",
    "SIGNAL9_HOME": "/tmp",
    "SIGNAL9_STORE": "dynamodb",
}


def measures() -> Iterator[Measure]:
    """Yield start-up against others, the cost of one request, and the server under load."""
    yield from _start_up()
    with TemporaryDirectory() as home:
        os.environ["SIGNAL9_HOME"] = home
        yield from _warm()
    yield from load_measures()


def _start_up() -> Iterator[Measure]:
    full = _peer("powertools, boto3, PyJWT", ("aws_xray_sdk", "jwt"), _FULL)
    fastapi = _peer("fastapi, mangum, boto3", ("fastapi", "mangum"), _FASTAPI)
    for group in _GROUPS:
        ours = cpu_ms(_OURS.format(group=group), runs=_RUNS, environment=_AWS)
        yield Measure(f"start_{group}", ours, "ms", (full or ours) * _SHARE, "lower")
        if full is not None:
            yield Measure(
                f"start_{group}_share", ours / full, "x", _SHARE, "lower", "powertools", full / ours
            )
        if fastapi is not None:
            yield Measure(
                f"start_{group}_fastapi", ours, "ms", fastapi, "lower", "fastapi", fastapi / ours
            )


def _peer(name: str, modules: tuple[str, ...], program: str) -> float | None:
    if missing := [each for each in modules if find_spec(each) is None]:
        say(f"{', '.join(missing)} not installed here: no comparison with {name}")
        return None
    return cpu_ms(program, runs=_RUNS, environment=_AWS)


def _warm() -> Iterator[Measure]:
    """Measure requests within this process, on SQLite and the bundled sample."""
    application.cache_clear()
    with application() as app:
        app.ingest()
        in_store = _p50_us(lambda: app.store.get(ASSETS, {"ticker": "AAPL"}))
        asset = _p50_us(_asking("assets", "/assets/AAPL"))
        prices = _p50_us(_asking("assets", "/assets/AAPL/prices", "from=2008-03-01"), runs=100)
        search = _p50_us(_asking("search", "/search", "q=microsft"))
        health = _p50_us(_asking("health", "/health"))
    application.cache_clear()
    yield Measure("request_overhead", asset - in_store, "us", 60, "lower")
    yield Measure("request_health", health, "us", 60, "lower")
    yield Measure("request_asset_p50", asset / 1_000, "ms", 1, "lower")
    yield Measure("request_prices_5_years_p50", prices / 1_000, "ms", 4, "lower")
    yield Measure("request_search_p50", search / 1_000, "ms", 2, "lower")


def _asking(group: str, path: str, query: str = "") -> Callable[[], object]:
    handler: Handler = import_module(f"signal9_handlers.api.{group}").handler
    event = proxy_event(Request("GET", f"/api/v1{path}", query), path)
    answer = handler(event, LocalContext("benchmark"))
    if answer["statusCode"] != 200:
        raise RuntimeError(json.dumps(answer))
    return partial(handler, event, LocalContext("benchmark"))


def _p50_us(call: Callable[[], object], runs: int = 1_000) -> float:
    return median(milliseconds(call) for _ in range(runs)) * 1_000
