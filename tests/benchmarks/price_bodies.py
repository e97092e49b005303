"""How fast the bodies of providers become series, beside their own clients and bare JSON parsers.

Everyone starts from the bytes that came. A peer ends with its frame, as that is what it offers.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import Final
from zoneinfo import ZoneInfo

from signal9_core.providers.alphavantage.timeseries import read_daily

from signal9_core.domain import PriceSeries
from signal9_core.providers.alpaca.parsers import read_daily_bars

from .measure import Measure
from .timing import best_ms, installed

__all__ = ["parsing"]

_TICKER: Final = "AAPL"
_NEW_YORK: Final = ZoneInfo("America/New_York")
_STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"

Read = Callable[[], object]


def parsing(series: PriceSeries) -> Iterator[Measure]:
    """Yield times to read a long daily history, sent as each provider would."""
    body, table, page = _json(series), _csv(series), _page(series)
    read = partial(read_daily, body, None)
    if installed("orjson", "orjson"):
        ours, theirs = best_ms(read, partial(import_module("orjson").loads, body))
        times = ours / theirs
        yield Measure(
            "prices_json_orjson", times, "times as long", 1.5, "lower", "orjson", 1 / times
        )
    if installed("alpha_vantage", "alpha_vantage"):
        yield _compared("prices_json", "alpha_vantage", 5, read, _alpha_vantage(body))
    if installed("pandas", "pandas"):
        theirs_read = partial(_read_csv, table)
        yield _compared(
            "prices_csv", "read_csv", 1, partial(read_daily, table, _TICKER), theirs_read
        )
    if installed("alpaca", "alpaca-py"):
        yield _compared(
            "prices_alpaca", "alpaca-py", 20, partial(read_daily_bars, page), _alpaca(page)
        )


def _compared(name: str, peer: str, goal: float, read: Read, theirs_read: Read) -> Measure:
    ours, theirs = best_ms(read, theirs_read)
    ratio = theirs / ours
    return Measure(name, ratio, "times as fast", goal, "higher", peer, ratio)


def _json(series: PriceSeries) -> bytes:
    """Return a body of TIME_SERIES_DAILY: newest first, every number a text."""
    days = {
        str(bar.day): {
            "1. open": f"{bar.open:.4f}",
            "2. high": f"{bar.high:.4f}",
            "3. low": f"{bar.low:.4f}",
            "4. close": f"{bar.close:.4f}",
            "5. volume": str(bar.volume),
        }
        for bar in reversed(list(series))
    }
    about = {"2. Symbol": _TICKER, "5. Time Zone": "US/Eastern"}
    return json.dumps({"Meta Data": about, "Time Series (Daily)": days}, indent=4).encode()


def _csv(series: PriceSeries) -> bytes:
    rows = (
        f"{bar.day},{bar.open:.4f},{bar.high:.4f},{bar.low:.4f},{bar.close:.4f},{bar.volume}"
        for bar in reversed(list(series))
    )
    return "\r\n".join(("timestamp,open,high,low,close,volume", *rows)).encode()


def _page(series: PriceSeries) -> bytes:
    """Return a page of Alpaca's bars: oldest first, stamped at midnight in New York."""
    rows = [
        {
            "t": f"{datetime(*bar.day.timetuple()[:3], tzinfo=_NEW_YORK).astimezone(UTC):{_STAMP}}",
            "o": float(bar.open),
            "h": float(bar.high),
            "l": float(bar.low),
            "c": float(bar.close),
            "v": bar.volume,
            "n": 51_234,
            "vw": float(bar.close),
        }
        for bar in series
    ]
    page = {"bars": {_TICKER: rows}, "next_page_token": None}
    return json.dumps(page, separators=(",", ":")).encode()


def _alpha_vantage(body: bytes) -> Read:
    """Return what its client does with a body once `requests` has it."""
    client = import_module("alpha_vantage.timeseries").TimeSeries("demo", output_format="pandas")
    client._handle_api_call = lambda _: json.loads(body)
    return partial(client.get_daily, _TICKER)


def _alpaca(body: bytes) -> Read:
    models = import_module("alpaca.data.models")
    return lambda: models.BarSet(json.loads(body)["bars"]).df


def _read_csv(body: bytes) -> object:
    return import_module("pandas").read_csv(BytesIO(body), index_col=0, parse_dates=True)
