"""Alpaca's endpoints over a provider's data."""

import base64
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from signal9_core.domain import Asset, Bar, CorporateAction, NewsArticle
from signal9_core.ports import Provider
from signal9_core.providers.alpaca.parsers import canonical, spelled

from .faults import fault
from .replies import Reply, as_json

__all__ = ["Alpaca"]

Params = Mapping[str, str]

_NEW_YORK: Final = ZoneInfo("America/New_York")
_EXCHANGES: Final = frozenset({"AMEX", "ARCA", "BATS", "NASDAQ", "NYSE"})
_BARS: Final = 10_000
_ACTIONS: Final = 1_000
_NEWS: Final = 50


class Alpaca:
    """Answers what is asked of Alpaca's hosts."""

    def __init__(self, data: Provider) -> None:
        self._data = data
        self._paths: dict[str, Callable[[Params], Reply]] = {
            "/v2/assets": self._assets,
            "/v2/stocks/bars": self._bars,
            "/v1/corporate-actions": self._actions,
            "/v1beta1/news": self._news,
        }

    def knows(self, path: str) -> bool:
        return path in self._paths

    def answer(self, path: str, params: Params) -> Reply:
        return self._paths[path](params)

    def _assets(self, params: Params) -> Reply:
        status = params.get("status")
        found = [each for each in self._data.assets() if status in {None, each.status}]
        return as_json([_asset(each) for each in found])

    def _bars(self, params: Params) -> Reply:
        symbols = sorted(filter(None, params.get("symbols", "").split(",")))
        if not symbols:
            return fault("422", Reply(b""))
        first, last = _day(params.get("start")), _day(params.get("end"))
        daily = params.get("timeframe", "1Day").lower() in {"1day", "1d"}
        found = [
            (symbol, _bar(bar))
            for symbol in (symbols if daily else ())
            for found in [self._data.history(canonical(symbol))]
            if found is not None and found.bars is not None
            for bar in found.bars.between(first, last)
        ]
        page, token = _page(found, params, _BARS)
        bars: dict[str, list[dict[str, Any]]] = {}
        for symbol, bar in page:
            bars.setdefault(symbol, []).append(bar)
        return as_json({"bars": bars, "next_page_token": token})

    def _actions(self, params: Params) -> Reply:
        symbols = sorted(filter(None, params.get("symbols", "").split(",")))
        first, last = _day(params.get("start")), _day(params.get("end"))
        kinds = {kind for kind in params.get("types", "").split(",") if kind}
        found = [
            (kind, action)
            for symbol in symbols
            for each in [self._data.history(canonical(symbol))]
            for action in (each.actions if each else ())
            for kind in [_kind(action)]
            if (first or date.min) <= action.ex_date <= (last or date.max)
            and (not kinds or kind in kinds)
        ]
        page, token = _page(sorted(found, key=lambda each: each[1].ex_date), params, _ACTIONS)
        actions: dict[str, list[dict[str, Any]]] = {}
        for kind, action in page:
            actions.setdefault(f"{kind}s", []).append(_action(action))
        return as_json({"corporate_actions": actions, "next_page_token": token})

    def _news(self, params: Params) -> Reply:
        wanted = [canonical(each) for each in params.get("symbols", "").split(",") if each]
        first, last = _moment(params.get("start")), _moment(params.get("end"))
        found = {
            each.id: each
            for ticker in wanted or (self._data.covered() or ())
            for each in self._data.news(ticker)
            if (first or each.published_at) <= each.published_at <= (last or each.published_at)
        }
        ordered = sorted(
            found.values(),
            key=lambda each: (each.published_at, each.id),
            reverse=params.get("sort", "desc").lower() != "asc",
        )
        page, token = _page(ordered, params, _NEWS)
        return as_json({"news": [_article(each) for each in page], "next_page_token": token})


def _page(found: Sequence[Any], params: Params, most: int) -> tuple[Sequence[Any], str | None]:
    """Return what follows a token, and the token of what follows that."""
    token = params.get("page_token")
    start = int(base64.b64decode(token)) if token else 0
    stop = start + min(most, int(params.get("limit") or most))
    more = base64.b64encode(str(stop).encode()).decode() if stop < len(found) else None
    return found[start:stop], more


def _asset(asset: Asset) -> dict[str, Any]:
    exchange = (asset.exchange or "").upper()
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, asset.ticker)),
        "class": "us_equity",
        "exchange": exchange if exchange in _EXCHANGES else "OTC",
        "symbol": spelled(asset.ticker),
        "name": asset.name or "",
        "status": asset.status,
        "tradable": asset.status == "active",
        "marginable": True,
        "shortable": True,
        "easy_to_borrow": True,
        "fractionable": True,
    }


def _bar(bar: Bar) -> dict[str, Any]:
    midnight = datetime.combine(bar.day, time(), _NEW_YORK).astimezone(UTC)
    prices = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close}
    numbers = {name: float(value) for name, value in prices.items()}
    stamp = f"{midnight:%Y-%m-%dT%H:%M:%SZ}"
    return {"t": stamp, **numbers, "v": bar.volume, "n": 1, "vw": numbers["c"]}


def _kind(action: CorporateAction) -> str:
    if action.ratio is None:
        return "cash_dividend"
    return "forward_split" if action.ratio > 1 else "reverse_split"


def _action(action: CorporateAction) -> dict[str, Any]:
    day = action.ex_date.isoformat()
    common = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{action.ticker} {day} {action.kind}")),
        "symbol": spelled(action.ticker),
        "process_date": day,
        "ex_date": day,
        "record_date": day,
        "payable_date": day,
    }
    if action.ratio is None:
        rate = float(action.amount or 0)
        return {**common, "cusip": "", "rate": rate, "special": False, "foreign": False}
    new, old = action.ratio.as_integer_ratio()
    cusips = dict.fromkeys(("cusip", "new_cusip", "old_cusip"), "")
    return {**common, **cusips, "new_rate": new, "old_rate": old}


def _article(article: NewsArticle) -> dict[str, Any]:
    stamp = f"{article.published_at:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "id": int(article.id[:12], 16),
        "headline": article.title,
        "author": "",
        "created_at": stamp,
        "updated_at": stamp,
        "summary": article.summary or "",
        "content": "",
        "url": article.url,
        "source": article.source,
        "images": [],
        "symbols": [spelled(each) for each in _mentioned(article)],
    }


def _mentioned(article: NewsArticle) -> Iterable[str]:
    return (each.ticker for each in article.tickers)


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _day(text: str | None) -> date | None:
    found = _moment(text)
    if found is None:
        return None
    return (
        found.date() if len(text or "") == len("2013-03-01") else found.astimezone(_NEW_YORK).date()
    )
