"""Schemas drift: whatever comes on top or elsewhere, the same is stored; what is missed is named.

Each body goes the whole way: through a client and an ingest into the tables.
"""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.bootstrap import App
from signal9_core.ports import Provider
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alpaca.provider import AlpacaProvider
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.alphavantage.provider import AlphaVantageProvider
from tests.core.conftest import app_over, opened
from tests.fakes import SetClock
from tests.spied import SpiedStore

from .alphavantage.bodies import earnings, news_item, texts
from .wire import KEY, answer

SHEET = {"fiscalDateEnding": "2023-09-30", "reportedCurrency": "EUR", "totalAssets": "-12"}
REPORTS = {"symbol": "IBM", "annualReports": [], "quarterlyReports": [SHEET]}
META = {"2. Symbol": "IBM", "5. Time Zone": "US/Eastern"}
SERIES = {"2024-01-05": texts(), "2024-01-04": texts()}
BAR = {"t": "2024-01-05T05:00:00Z", "o": 1.5, "h": 2, "l": 1, "c": 1.25, "v": 7, "n": 1, "vw": 1.5}
PAID = {"symbol": "IBM", "ex_date": "2024-01-05", "rate": 0.5, "special": False}
STORY = {
    "id": 1,
    "headline": "News",
    "created_at": "2024-01-05T10:00:00Z",
    "summary": "Short.",
    "symbols": ["IBM"],
    "url": "https://example.com/1",
}
ASSET = {
    "symbol": "IBM",
    "name": "IBM",
    "status": "active",
    "class": "us_equity",
    "exchange": "NYSE",
}
BODIES: dict[str, Any] = {
    "OVERVIEW": {"Symbol": "IBM", "Name": "IBM", "Sector": "TECHNOLOGY", "EBITDA": "-"},
    "TIME_SERIES_DAILY": {"Meta Data": META, "Time Series (Daily)": SERIES},
    "INCOME_STATEMENT": REPORTS,
    "BALANCE_SHEET": REPORTS,
    "CASH_FLOW": REPORTS,
    "EARNINGS": json.loads(earnings("IBM", {"2023-12-31": "9", "2022-12-31": "8"})),
    "NEWS_SENTIMENT": {"items": "1", "feed": [news_item("u1")]},
    "LISTING_STATUS": "symbol,name,exchange,assetType,ipoDate,delistingDate,status\n"
    "IBM,Machines,NYSE,Stock,1962-01-02,null,Active\n",
    "EARNINGS_CALENDAR": "symbol,name,reportDate,fiscalDateEnding,estimate,currency\n"
    "IBM,Machines,2024-01-24,2023-12-31,3.78,USD\n",
    "/v2/assets": [ASSET],
    "/v2/stocks/bars": {"bars": {"IBM": [BAR]}, "next_page_token": None},
    "/v1/corporate-actions": {
        "corporate_actions": {"cash_dividends": [PAID]},
        "next_page_token": None,
    },
    "/v1beta1/news": {"news": [STORY], "next_page_token": None},
}
RENAMED = {
    "OVERVIEW": "Symbol",
    "TIME_SERIES_DAILY": "4. close",
    "INCOME_STATEMENT": "fiscalDateEnding",
    "BALANCE_SHEET": "quarterlyReports",
    "CASH_FLOW": "symbol",
    "EARNINGS": "annualEarnings",
    "NEWS_SENTIMENT": "time_published",
    "LISTING_STATUS": "exchange",
    "EARNINGS_CALENDAR": "reportDate",
    "/v2/assets": "status",
    "/v2/stocks/bars": "c",
    "/v1/corporate-actions": "ex_date",
    "/v1beta1/news": "headline",
}
"""A name of each body that nothing works without."""

Change = Callable[[Any], Any]


def _is_table(body: Any) -> bool:
    return isinstance(body, str) and "\n" in body


def _with_more(body: Any) -> Any:
    """Return a body with a field more in every object, and a column more in a table."""
    if _is_table(body):
        head, *rows = body.splitlines()
        return "\n".join([f"{head},futureField", *(f"{row},7" for row in rows)])
    if isinstance(body, list):
        return [_with_more(each) for each in body]
    if not isinstance(body, dict):
        return body
    changed = {name: _with_more(each) for name, each in body.items()}
    days = any(name[:2] == "20" for name in body)
    # What maps days, symbols or kinds to lists has names for keys, and no fields.
    return changed if days or "IBM" in body or "cash_dividends" in body else {**changed, "9z": "7"}


def _reordered(body: Any) -> Any:
    """Return a body with every object and every table the other way round."""
    if _is_table(body):
        rows = [row[::-1] for row in csv.reader(body.splitlines())]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue()
    if isinstance(body, list):
        return [_reordered(each) for each in body]
    if isinstance(body, dict):
        return {name: _reordered(body[name]) for name in reversed(body)}
    return body


def _renamed(name: str) -> Change:
    def change(body: Any) -> Any:
        if _is_table(body):
            return body.replace(name, "other", 1)
        if isinstance(body, list):
            return [change(each) for each in body]
        if isinstance(body, dict):
            return {("other" if key == name else key): change(each) for key, each in body.items()}
        return body

    return change


def _app(store: SpiedStore, name: str, changed: str, change: Change) -> App:
    """Return an application whose provider sends one body changed."""

    def wire(request: httpx2.Request) -> httpx2.Response:
        asked = request.url.params.get("function", request.url.path)
        body = BODIES[asked] if asked != changed else change(BODIES[asked])
        return answer(body.encode() if isinstance(body, str) else body)

    clock, transport = SetClock(), httpx2.MockTransport(wire)
    return app_over(store, clock, _provider(name, clock, transport))


def _provider(name: str, clock: SetClock, transport: httpx2.BaseTransport) -> Provider:
    key = SecretStr(KEY)
    if name == "alpaca":
        return AlpacaProvider(AlpacaClient(key, key, clock=clock, transport=transport), clock=clock)
    client = AlphaVantageClient(key, clock=clock, transport=transport)
    return AlphaVantageProvider(client, clock=clock)


def _provider_of(function: str) -> str:
    return "alpaca" if function.startswith("/") else "alphavantage"


def _stored(function: str, change: Change) -> tuple[dict[Any, Any], list[str]]:
    """Return what is in the tables in the end, and why something is not."""
    with opened() as store:
        app = _app(store, _provider_of(function), function, change)
        failed = [*app.ingest().failed, *app.ingest(tickers=["IBM"]).failed]
        found = {
            place: {name: each for name, each in item.items() if name != "other"}
            for place, item in store.contents().items()
            if "listing" not in str(place)
        }
    return found, [each.reason for each in failed]


@pytest.mark.parametrize("change", [_with_more, _reordered])
@pytest.mark.parametrize("function", BODIES)
def test_a_column_more_or_another_order_changes_nothing_that_is_known(
    function: str, change: Change
) -> None:
    expected, nothing = _stored(function, lambda body: body)
    assert nothing == []

    found, failed = _stored(function, change)

    assert failed == []
    assert _known(found) == _known(expected)


def _known(contents: dict[Any, Any]) -> dict[Any, Any]:
    """Return items without what is kept of fields that nobody knows."""
    unknown = {"9z", "futureField", "future_field"}

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            named = {name: each for name, each in value.items() if name not in {*unknown, "other"}}
            return {name: without(each) for name, each in named.items()}
        return [without(each) for each in value] if isinstance(value, list) else value

    return {place: without(item) for place, item in contents.items()}


@pytest.mark.parametrize("function", BODIES)
def test_a_column_that_nothing_works_without_is_missed_by_its_name(function: str) -> None:
    name = RENAMED[function]

    found, failed = _stored(function, _renamed(name))

    expected, _ = _stored(function, lambda body: body)
    assert len(failed) == 1
    assert name.removeprefix("4. ") in failed[0]
    assert found.keys() < expected.keys() or found != expected
