"""How fast responses are read, beside the providers' own clients, and how exact the quotas are.

Both sides start from the bytes of the body and end with what their users get: series of exact
prices and validated models here; there the frames of alpha_vantage and the models of alpaca-py,
made by the very calls that their clients make.
"""

import json
import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import repeat
from typing import Any, Final

from pydantic import TypeAdapter

from signal9_core.aws import aws_client
from signal9_core.providers.alpaca.parsers import FORMAT as ALPACA
from signal9_core.providers.alphavantage.parsers import FORMAT as ALPHAVANTAGE
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.providers.simulator.simulator import Simulator
from signal9_core.tables import STATE
from tests.core.spending import BUDGET, calls_of_processes
from tests.core.stores.dynamodb_tables import create_table
from tests.emulator import CREDENTIALS, running_emulator

from .measure import Measure
from .timing import installed

__all__ = ["measures"]

_ROUNDS: Final = 5
_GOAL: Final = 1
_TICKER: Final = "IBM"
_SHORT: Final = {
    "TIME_SERIES_DAILY": "daily",
    "TIME_SERIES_DAILY_ADJUSTED": "adjusted",
    "INCOME_STATEMENT": "income",
    "BALANCE_SHEET": "balance",
    "NEWS_SENTIMENT": "sentiment",
    "stocks_bars": "bars",
}
_KEYS: Final = {"apca-api-key-id": "demo", "apca-api-secret-key": "demo"}

Call = Callable[[], object]
Theirs = Callable[[bytes], object]


def measures() -> Iterator[Measure]:
    """Yield how many times as fast each body is read, then how far quotas are off."""
    simulator = Simulator(SampleProvider())
    if installed("alpha_vantage", "alpha_vantage"):
        for function, theirs in _alphavantage().items():
            yield _compared(function, "alpha_vantage", _asked(simulator, function), theirs)
    if installed("alpaca", "alpaca-py"):
        for function, theirs in _alpaca().items():
            yield _compared(function, "alpaca-py", _asked_alpaca(simulator, function), theirs)
    for name, spent in (("sqlite", _spent_in_file()), ("ministack", _spent_in_table())):
        yield Measure(f"quota_{name}_off", abs(spent - BUDGET), f"of {BUDGET} calls", 0, "lower")


def _compared(function: str, peer: str, body: bytes, theirs: Theirs) -> Measure:
    parser = {**ALPHAVANTAGE.parsers, **ALPACA.parsers}[function]
    ours_s, theirs_s = _best(lambda: list(parser(body, _TICKER)), lambda: theirs(body))
    ratio = theirs_s / ours_s
    name = f"parse_{_SHORT.get(function, function).lower()}"
    return Measure(name, ratio, "times as fast", _GOAL, "higher", peer, ratio)


def _best(*calls: Call) -> list[float]:
    """Return the best time of each call, all taken in turns."""
    rounds = [[min(repeat(call, number=1, repeat=3)) for call in calls] for _ in range(_ROUNDS)]
    return [min(times) for times in zip(*rounds, strict=True)]


def _asked(simulator: Simulator, function: str) -> bytes:
    params = {"function": function, "apikey": "demo", "symbol": _TICKER, "tickers": _TICKER}
    return simulator.reply("/query", params | {"outputsize": "full", "limit": "1000"}, {}).body


def _asked_alpaca(simulator: Simulator, function: str) -> bytes:
    path = {"assets": "/v2/assets", "news": "/v1beta1/news", "stocks_bars": "/v2/stocks/bars"}
    params = {"symbols": _TICKER} if function == "stocks_bars" else {}
    return simulator.reply(path[function], params, _KEYS).body


def _alphavantage() -> Mapping[str, Theirs]:
    """Return what `alpha_vantage` does with a body once `requests` has it."""
    series = import_module("alpha_vantage.timeseries").TimeSeries
    fundamentals = import_module("alpha_vantage.fundamentaldata").FundamentalData
    intelligence = import_module("alpha_vantage.alphaintelligence").AlphaIntelligence
    return {
        "TIME_SERIES_DAILY": _reading(series, "get_daily"),
        "TIME_SERIES_DAILY_ADJUSTED": _reading(series, "get_daily_adjusted"),
        "OVERVIEW": _reading(fundamentals, "get_company_overview"),
        "INCOME_STATEMENT": _both(
            _reading(fundamentals, "get_income_statement_annual"),
            _reading(fundamentals, "get_income_statement_quarterly"),
        ),
        "BALANCE_SHEET": _both(
            _reading(fundamentals, "get_balance_sheet_annual"),
            _reading(fundamentals, "get_balance_sheet_quarterly"),
        ),
        "CASH_FLOW": _both(
            _reading(fundamentals, "get_cash_flow_annual"),
            _reading(fundamentals, "get_cash_flow_quarterly"),
        ),
        "EARNINGS": _both(
            _reading(fundamentals, "get_earnings_annual"),
            _reading(fundamentals, "get_earnings_quarterly"),
        ),
        "NEWS_SENTIMENT": _reading(intelligence, "get_news_sentiment"),
    }


def _reading(kind: Any, method: str) -> Theirs:
    client = kind(key="demo", output_format="pandas")

    def read(body: bytes) -> object:
        client._handle_api_call = lambda _: json.loads(body)
        return getattr(client, method)(_TICKER)

    return read


def _both(*reads: Theirs) -> Theirs:
    """Return a reader of all that a body holds, where their client gives half of it at a time."""
    return lambda body: [read(body) for read in reads]


def _alpaca() -> Mapping[str, Theirs]:
    """Return what `alpaca-py` does with a body once `requests` has it."""
    bars = import_module("alpaca.data.models").BarSet
    news = import_module("alpaca.data.models.news").NewsSet
    asset: Any = import_module("alpaca.trading.models").Asset
    assets: Any = list[asset]
    return {
        "assets": lambda body: TypeAdapter(assets).validate_python(json.loads(body)),
        "news": lambda body: news(json.loads(body)),
        "stocks_bars": lambda body: bars(json.loads(body)["bars"]),
    }


def _spent_in_file() -> int:
    with TemporaryDirectory() as folder:
        return calls_of_processes(str(Path(folder, "signal9.db")))


def _spent_in_table() -> int:
    with running_emulator() as address:
        os.environ.update(CREDENTIALS)
        client = aws_client("dynamodb", endpoint_url=address)
        table = create_table(client, STATE, f"State-{uuid.uuid4().hex}")
        return calls_of_processes(address, table, environment=CREDENTIALS)
