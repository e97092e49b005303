"""AlphaVantage's time series, as documents and as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from signal9_core.domain import CorporateAction, PriceSeries

from .replies import Reply, as_csv, as_json

__all__ = ["bar_rows", "series_reply"]


def series_reply(
    params: Mapping[str, str],
    rows: Sequence[tuple[str, dict[str, Any]]],
    columns: Sequence[str],
    name: str,
    zone: str,
) -> Reply:
    """Return bars as the table or the document that was asked for."""
    if params.get("datatype") == "csv":
        named = [each.replace(" ", "_") for each in columns]
        picked = ([stamp, *(row[each] for each in columns)] for stamp, row in rows)
        return as_csv(["timestamp", *named], picked)
    bars = {
        stamp: {f"{at}. {each}": str(row[each]) for at, each in enumerate(columns, 1)}
        for stamp, row in rows
    }
    meta = {
        "1. Information": "Prices (open, high, low, close) and Volumes",
        "2. Symbol": params["symbol"],
        "3. Last Refreshed": next(iter(bars), ""),
        "4. Output Size": "Full size" if params.get("outputsize") == "full" else "Compact",
        zone: "US/Eastern",
    }
    return as_json({"Meta Data": meta, name: bars})


def bar_rows(
    series: PriceSeries, actions: Sequence[CorporateAction]
) -> list[tuple[str, dict[str, Any]]]:
    """Return bars, newest first."""
    found = []
    paid = {each.ex_date: each.amount for each in actions if each.amount is not None}
    split = {each.ex_date: each.ratio for each in actions if each.ratio is not None}
    for bar in series:
        values = {
            "open": f"{bar.open:.4f}",
            "high": f"{bar.high:.4f}",
            "low": f"{bar.low:.4f}",
            "close": f"{bar.close:.4f}",
            "adjusted close": bar.close if bar.adjusted_close is None else bar.adjusted_close,
            "volume": bar.volume,
            "dividend amount": f"{paid.get(bar.day, 0):.4f}",
            "split coefficient": str(split.get(bar.day, "1.0")),
        }
        found.append((bar.day.isoformat(), values))
    return found[::-1]
