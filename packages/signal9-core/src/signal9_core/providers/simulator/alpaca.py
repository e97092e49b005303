"""Alpaca's endpoints over a provider's data."""

import base64
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from ...domain.adjustment import CorporateAction
from ...domain.companies import Asset
from ...domain.news import NewsArticle
from ...domain.prices import Bar
from ...provider_port import Provider
from ..alpaca.parsers import canonical, spelled
from .replies import Reply, as_json, error

T = TypeVar("T")
Params = Mapping[str, str]
Json = dict[str, Any]

_NEW_YORK: Final = ZoneInfo("America/New_York")
_EXCHANGES: Final = frozenset({"AMEX", "ARCA", "BATS", "NASDAQ", "NYSE"})
_BARS: Final = 10_000
_ACTIONS: Final = 1_000
_NEWS: Final = 50


class Alpaca:
    """Answers requests to Alpaca's hosts."""

    def __init__(self, data: Provider) -> None:
        self._data = data
        self._paths: dict[str, Callable[[Params], Reply]] = {
            "/v2/assets": self._assets,
            "/v2/stocks/bars": self._bars,
            "/v1/corporate-actions": self._actions,
            "/v1beta1/news": self._news,
        }

    def knows(self, path: str) -> bool:
        """Return whether a path is one of Alpaca's."""
        return path in self._paths

    def answer(self, path: str, params: Params) -> Reply:
        """Return the response to a request."""
        return self._paths[path](params)

    def _assets(self, params: Params) -> Reply:
        status = params.get("status")
        assets = [asset for asset in self._data.assets() if status in {None, asset.status}]
        return as_json([_asset(asset) for asset in assets])

    def _bars(self, params: Params) -> Reply:
        symbols = _symbols(params)
        if not symbols:
            return error("422")
        first, last = _day(params.get("start")), _day(params.get("end"))
        rows = [
            (symbol, _bar(bar))
            for symbol in sorted(symbols)
            for history in [self._data.history(canonical(symbol), first)]
            if history is not None and history.bars is not None
            for bar in history.bars.between(first, last)
        ]
        page, token = _page(rows, params, _BARS)
        bars: dict[str, list[Json]] = {}
        for symbol, bar in page:
            bars.setdefault(symbol, []).append(bar)
        return as_json({"bars": bars, "next_page_token": token})

    def _actions(self, params: Params) -> Reply:
        first, last = _day(params.get("start")) or date.min, _day(params.get("end")) or date.max
        kinds = {kind for kind in params.get("types", "").split(",") if kind}
        found = [
            action
            for symbol in _symbols(params)
            for history in [self._data.history(canonical(symbol))]
            for action in (history.actions if history else ())
            if first <= action.ex_date <= last and (not kinds or _kind(action) in kinds)
        ]
        page, token = _page(sorted(found, key=lambda item: item.ex_date), params, _ACTIONS)
        actions: dict[str, list[Json]] = {}
        for action in page:
            actions.setdefault(f"{_kind(action)}s", []).append(_action(action))
        return as_json({"corporate_actions": actions, "next_page_token": token})

    def _news(self, params: Params) -> Reply:
        first, last = _moment(params.get("start")), _moment(params.get("end"))
        articles = {
            article.id: article
            for ticker in map(canonical, _symbols(params) or (self._data.covered() or ()))
            for article in self._data.news(ticker, first)
            if isinstance(article, NewsArticle) and (last is None or article.published_at <= last)
        }
        ordered = sorted(
            articles.values(),
            key=lambda article: (article.published_at, article.id),
            reverse=params.get("sort", "desc").lower() != "asc",
        )
        page, token = _page(ordered, params, _NEWS)
        return as_json({"news": [_article(item) for item in page], "next_page_token": token})


def _symbols(params: Params) -> list[str]:
    return [symbol for symbol in params.get("symbols", "").split(",") if symbol]


def _page(records: Sequence[T], params: Params, most: int) -> tuple[Sequence[T], str | None]:
    """Return the records after a token, and the token of the next page."""
    token = params.get("page_token")
    start = int(base64.b64decode(token)) if token else 0
    stop = start + min(most, int(params.get("limit") or most))
    more = base64.b64encode(str(stop).encode()).decode() if stop < len(records) else None
    return records[start:stop], more


def _asset(asset: Asset) -> Json:
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


def _bar(bar: Bar) -> Json:
    midnight = datetime.combine(bar.day, time(), _NEW_YORK).astimezone(UTC)
    prices = {"o": bar.open, "h": bar.high, "l": bar.low, "c": bar.close, "vw": bar.close}
    numbers = {name: float(price) for name, price in prices.items()}
    return {"t": f"{midnight:%Y-%m-%dT%H:%M:%SZ}", **numbers, "v": bar.volume, "n": 1}


def _kind(action: CorporateAction) -> str:
    if action.ratio is None:
        return "cash_dividend"
    return "forward_split" if action.ratio > 1 else "reverse_split"


def _action(action: CorporateAction) -> Json:
    day = action.ex_date.isoformat()
    common = {
        "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{action.ticker} {day} {action.kind}")),
        "symbol": spelled(action.ticker),
        **dict.fromkeys(("process_date", "ex_date", "record_date", "payable_date"), day),
        **dict.fromkeys(("cusip", "new_cusip", "old_cusip"), ""),
    }
    if action.ratio is None:
        return {**common, "rate": float(action.amount or 0), "special": False, "foreign": False}
    new, old = action.ratio.as_integer_ratio()
    return {**common, "new_rate": new, "old_rate": old}


def _article(article: NewsArticle) -> Json:
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
        "symbols": [spelled(mention.ticker) for mention in article.tickers],
    }


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _day(text: str | None) -> date | None:
    moment = _moment(text)
    if moment is None or text is None:
        return None
    is_day = len(text) == len("2013-03-01")
    return moment.date() if is_day else moment.astimezone(_NEW_YORK).date()
