"""Tables hold the whole truth of a response, or are untouched, whatever the provider does.

Each body goes through a client and an ingest into the tables.
"""

import csv
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from signal9_core.bootstrap import App
from signal9_core.domain.companies import DataSet
from signal9_core.provider_port import Provider
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from tests.core.conftest import app_over, opened
from tests.core.strategies import damaged
from tests.fakes import SetClock
from tests.spied import SpiedStore

from .wire import KEY, bar, earnings, news_item, response

QUARTER = {"fiscalDateEnding": "2023-09-30", "reportedCurrency": "EUR"}
META = {"2. Symbol": "IBM", "5. Time Zone": "US/Eastern"}
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
ASSET = {"symbol": "IBM", "name": "IBM", "status": "active", "class": "us_equity"}
BODIES: dict[str, Any] = {
    "OVERVIEW": {"Symbol": "IBM", "Name": "IBM", "Sector": "TECHNOLOGY", "EBITDA": "-"},
    "TIME_SERIES_DAILY": {
        "Meta Data": META,
        "Time Series (Daily)": {"2024-01-05": bar(), "2024-01-04": bar()},
    },
    **{
        function: {
            "symbol": "IBM",
            "annualReports": [],
            "quarterlyReports": [{**QUARTER, figure: "-12"}],
        }
        for function, figure in (
            ("INCOME_STATEMENT", "totalRevenue"),
            ("BALANCE_SHEET", "totalAssets"),
            ("CASH_FLOW", "operatingCashflow"),
        )
    },
    "EARNINGS": json.loads(earnings("IBM", {"2023-12-31": "9", "2022-12-31": "8"})),
    "NEWS_SENTIMENT": {"items": "2", "feed": [news_item("u1"), news_item("u2")]},
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
"""A required name of each body."""

Change = Callable[[Any], Any]


def _same(content: Any) -> Any:
    return content


def _is_table(content: Any) -> bool:
    return isinstance(content, str) and "\n" in content


def _with_more(content: Any) -> Any:
    """Return a body with another field in every object, and another column in a table."""
    if _is_table(content):
        head, *rows = content.splitlines()
        return "\n".join([f"{head},futureField", *(f"{row},7" for row in rows)])
    if isinstance(content, list):
        return [_with_more(item) for item in content]
    if not isinstance(content, dict):
        return content
    changed = {name: _with_more(item) for name, item in content.items()}
    # Objects whose keys are days, symbols or kinds have no fields.
    keyed = any(name[:2] == "20" for name in content) or content.keys() & {"IBM", "cash_dividends"}
    return changed if keyed else {**changed, "9z": "7"}


def _reordered(content: Any) -> Any:
    """Return a body with every object and every table in the opposite order."""
    if _is_table(content):
        text = io.StringIO()
        rows = [row[::-1] for row in csv.reader(content.splitlines())]
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue()
    if isinstance(content, list):
        return [_reordered(item) for item in content]
    if isinstance(content, dict):
        return {name: _reordered(content[name]) for name in reversed(content)}
    return content


def _renaming(name: str) -> Change:
    def change(content: Any) -> Any:
        if _is_table(content):
            return content.replace(name, "other", 1)
        if isinstance(content, list):
            return [change(item) for item in content]
        if isinstance(content, dict):
            return {("other" if key == name else key): change(content[key]) for key in content}
        return content

    return change


def _app(store: SpiedStore, name: str, wire: Callable[[httpx2.Request], httpx2.Response]) -> App:
    clock, key = SetClock(), SecretStr(KEY)
    transport = httpx2.MockTransport(wire)
    provider: Provider
    if name == "alpaca":
        provider = AlpacaClient(key, key, clock=clock, transport=transport)
    else:
        provider = AlphaVantageClient(key, clock=clock, transport=transport)
    return app_over(store, clock, provider)


def _function(request: httpx2.Request) -> str:
    return str(request.url.params.get("function", request.url.path))


def _sent(content: Any) -> httpx2.Response:
    return response(content.encode() if isinstance(content, str) else content)


def _stored(function: str, change: Change) -> tuple[dict[Any, Any], list[str]]:
    """Return what the tables hold if one body is changed, and why something is missing."""

    def wire(request: httpx2.Request) -> httpx2.Response:
        name = _function(request)
        return _sent(change(BODIES[name]) if name == function else BODIES[name])

    with opened() as store:
        app = _app(store, "alpaca" if function.startswith("/") else "alphavantage", wire)
        failed = [*app.ingest().failed, *app.ingest(tickers=["IBM"]).failed]
        contents = {
            key: item for key, item in store.contents().items() if "listing" not in str(key)
        }
    return contents, [failure.reason for failure in failed]


def _known(value: Any) -> Any:
    """Return stored values without the fields that were added."""
    if isinstance(value, Mapping):
        added = {"9z", "futureField", "future_field", "other", "digest"}
        return {name: _known(item) for name, item in value.items() if name not in added}
    return [_known(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("change", [_with_more, _reordered])
@pytest.mark.parametrize("function", BODIES)
def test_another_field_or_another_order_changes_nothing_that_is_known(
    function: str, change: Change
) -> None:
    expected, nothing = _stored(function, _same)

    contents, failed = _stored(function, change)

    assert nothing == failed == []
    assert _known(contents) == _known(expected)


@pytest.mark.parametrize("function", BODIES)
def test_a_missing_field_is_named_and_its_data_set_untouched(function: str) -> None:
    expected, _ = _stored(function, _same)

    contents, failed = _stored(function, _renaming(RENAMED[function]))

    assert len(failed) == 1
    assert RENAMED[function].removeprefix("4. ") in failed[0]
    assert contents.keys() < expected.keys() or contents != expected


@pytest.mark.parametrize(
    ("function", "data_set"),
    [
        ("EARNINGS", DataSet.FINANCIALS),
        ("NEWS_SENTIMENT", DataSet.NEWS),
        ("OVERVIEW", DataSet.OVERVIEW),
        ("TIME_SERIES_DAILY", DataSet.PRICES),
    ],
)
@pytest.mark.parametrize(
    "lie",
    [
        b'{"Information": "Thank you! You have 25 requests per day."}',
        b'{"Information": "This is a premium endpoint."}',
        b'{"Error Message": "the parameter apikey is invalid or missing."}',
        b'{"Symbol": "IBM", "symbol": "I',
        b'{"unexpected": []}',
        b"<html></html>",
        b"[" * 100_000,
        b'{"Symbol":' * 100_000,
        b'{"symbol": "IBM", "annualReports": [{"totalAssets": "1"}], "quarterlyReports": []}',
    ],
)
def test_an_error_instead_of_data_changes_nothing_and_is_reported(
    function: str, data_set: DataSet, lie: bytes
) -> None:
    def lying(request: httpx2.Request) -> httpx2.Response:
        name = _function(request)
        return response(lie) if name == function else _sent(BODIES[name])

    with opened() as store:
        app = _app(store, "alphavantage", lying)

        answer = app.ingest(tickers=["IBM"])

        # Once the key is rejected, nothing else is requested.
        tried = [data_set]
        if b"apikey" in lie:
            tried = list(DataSet)[list(DataSet).index(data_set) :]
        assert [failure.data_set for failure in answer.failed] == tried
        assert not any(failure.transient for failure in answer.failed)
        assert f"alphavantage {function} IBM: " in answer.failed[0].reason
        profile = app.assets.get("IBM")
        assert profile is None or data_set not in profile.freshness
        assert answer.stored.get(data_set, 0) == 0


@pytest.mark.parametrize("name", ["alphavantage", "alpaca"])
@given(data=st.data())
def test_no_damage_stops_an_ingest(name: str, data: st.DataObject) -> None:
    def damaging(request: httpx2.Request) -> httpx2.Response:
        whole = _sent(BODIES[_function(request)])
        body = data.draw(st.just(whole.content) | damaged(whole.content))
        return response(body, headers=dict(whole.headers))

    with opened() as store:
        app = _app(store, name, damaging)

        answers = [app.ingest(tickers=["IBM"]), app.ingest()]

    reasons = [failure.reason for answer in answers for failure in answer.failed]
    assert all(reason.startswith(f"{name} ") for reason in reasons), reasons
