"""`/v2/assets`: what can be traded, or could be once."""

from typing import Final

from ...domain import Asset, Ticker
from .. import payload
from ..payload import fields, models_of, plain
from ..tickers import is_ticker
from .bodies import objects, place
from .spelling import canonical

__all__ = ["read_assets"]

_REQUIRED: Final = ("symbol", "status")
_READ: Final = frozenset({"symbol", "class"})

Raw = dict[str, object]


def read_assets(body: bytes, ticker: Ticker | None = None) -> list[Asset]:
    """Return the assets in a body, each ticker once; what is no ticker is left out.

    Of several assets under one ticker the active one counts, then one that can be traded, then one
    that has a name, then the first: a ticker that was given to another company is the new one's.
    """
    where = place("assets", ticker)
    found = payload.decode(body, where)
    winners: dict[Ticker, Raw] = {}
    for raw in objects([found] if isinstance(found, dict) else found, where):
        payload.need(raw, _REQUIRED, where)
        about = canonical(str(raw["symbol"]))
        if about in winners:
            winners[about] = max(winners[about], raw, key=_claim)
        elif is_ticker(about):
            winners[about] = raw
    with models_of(where):
        return [_asset(about, raw) for about, raw in winners.items()]


def _claim(raw: Raw) -> tuple[bool, bool, bool]:
    return raw["status"] == "active", raw.get("tradable") is True, bool(raw.get("name"))


def _asset(ticker: Ticker, raw: Raw) -> Asset:
    kept = fields(raw, _READ)
    if "class" in raw:
        kept["assetType"] = plain(raw["class"])
    kept["ticker"] = ticker
    return Asset.model_validate(kept)
