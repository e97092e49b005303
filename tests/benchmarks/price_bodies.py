"""How fast a long daily history becomes a series, beside the frames of the providers' clients."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Final
from zoneinfo import ZoneInfo

from signal9_core.domain import PriceSeries
from signal9_core.providers.alpaca.parsers import parse_daily_bars
from signal9_core.providers.alphavantage.prices import parse_daily

from .measure import Measure
from .timing import best_ms, installed

__all__ = ["parsing"]

_TICKER: Final = "AAPL"
_NEW_YORK: Final = ZoneInfo("America/New_York")
_STAMP: Final = "%Y-%m-%dT%H:%M:%SZ"

Read = Callable[[], object]


def parsing(series: PriceSeries) -> Iterator[Measure]:
    """Yield how many times as fast a history is read as each provider sends it."""
    body, table, page = _json(series), _csv(series), _page(series)
    if installed("alpha_vantage", "alpha_vantage"):
        read, peer = partial(parse_daily, body, None), "alpha_vantage"
        yield _compared("prices_json", peer, read, _alpha_vantage(body))
        read = partial(parse_daily, table, _TICKER)
        yield _compared("prices_csv", "alpha_vantage's JSON", read, _alpha_vantage(body))
    if installed("alpaca", "alpaca-py"):
        yield _compared(
            "prices_alpaca", "alpaca-py", partial(parse_daily_bars, page), _alpaca(page)
        )


def _compared(name: str, peer: str, read: Read, theirs_read: Read) -> Measure:
    ours, theirs = best_ms(read, theirs_read)
    ratio = theirs / ours
    return Measure(name, ratio, "times as fast", 1, "higher", peer, ratio)


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
