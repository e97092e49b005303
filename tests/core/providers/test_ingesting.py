"""The stores hold the whole truth of an answer, or are untouched."""

import itertools
from collections.abc import Callable

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.bootstrap import App
from signal9_core.domain import DataSet
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.alphavantage.provider import AlphaVantageProvider
from tests.core.conftest import app_over, opened
from tests.fakes import SetClock
from tests.spied import SpiedStore

from .alphavantage.bodies import balance_sheet, body, daily, earnings, news_item, texts
from .wire import KEY, Broken, answer

SHEET = balance_sheet("IBM", {"fiscalDateEnding": "2023-09-30", "totalAssets": "1"})
BODIES = {
    "BALANCE_SHEET": SHEET,
    "CASH_FLOW": SHEET,
    "EARNINGS": earnings("IBM", {"2023-12-31": "9", "2022-12-31": "8"}),
    "INCOME_STATEMENT": SHEET,
    "NEWS_SENTIMENT": body({"feed": [news_item("u1"), news_item("u2")]}),
    "OVERVIEW": body({"Symbol": "IBM", "Name": "IBM", "Sector": "TECHNOLOGY"}),
    "TIME_SERIES_DAILY": daily("IBM", {"2024-01-04": texts(), "2024-01-05": texts()}),
}
FAULTS: tuple[Callable[[], httpx2.Response | Exception], ...] = (
    lambda: httpx2.ConnectTimeout("slow"),
    lambda: httpx2.ReadError("reset"),
    lambda: answer(b"<html>busy</html>", 503, {"content-type": "text/html"}),
    lambda: answer({"Note": "Please ask more sparingly."}),
    lambda: httpx2.Response(200, stream=Broken(b"{", httpx2.ReadTimeout("slow"))),
)


class Faithful:
    """AlphaVantage, with a fault on every so many answers."""

    def __init__(self, every: int | None = None) -> None:
        self._calls = itertools.count(1)
        self._faults = itertools.cycle(FAULTS)
        self._every = every

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if self._every and next(self._calls) % self._every == 0:
            fault = next(self._faults)()
            if isinstance(fault, Exception):
                raise fault
            return fault
        return answer(self.found(request.url.params["function"]))

    def found(self, function: str) -> bytes:
        return BODIES[function]


class Lying(Faithful):
    """AlphaVantage, with another body for one function."""

    def __init__(self, function: str, lie: bytes) -> None:
        super().__init__()
        self._function, self._lie = function, lie

    def found(self, function: str) -> bytes:
        return self._lie if function == self._function else super().found(function)


def _app(store: SpiedStore, wire: Faithful) -> App:
    clock = SetClock()
    transport = httpx2.MockTransport(wire)
    client = AlphaVantageClient(SecretStr(KEY), clock=clock, transport=transport)
    return app_over(store, clock, AlphaVantageProvider(client, clock=clock))


def _stored(app: App) -> list[object]:
    page = app.news.recent(limit=100)
    return [
        app.assets.get("IBM"),
        app.prices.between("IBM"),
        sorted(page.items, key=lambda each: each.id),
    ]


def test_a_fault_on_every_third_answer_leaves_no_trace() -> None:
    with opened() as calm, opened() as troubled:
        faithful, faulty = _app(calm, Faithful()), _app(troubled, Faithful(every=3))

        assert faithful.ingest(tickers=["IBM"]).failed == []
        assert faulty.ingest(tickers=["IBM"]).failed == []

        assert _stored(faulty) == _stored(faithful)
        profile = faithful.assets.get("IBM")
        assert profile is not None
        assert profile.freshness[DataSet.FINANCIALS].count == 13


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
    ],
)
def test_an_answer_that_is_none_changes_nothing_and_is_reported(
    function: str, data_set: DataSet, lie: bytes
) -> None:
    with opened() as store:
        app = _app(store, Lying(function, lie))

        outcome = app.ingest(tickers=["IBM"])

        # With a key that is refused nothing else is asked for.
        wrong_key = b"apikey" in lie
        tried = list(DataSet)[list(DataSet).index(data_set) :] if wrong_key else [data_set]
        assert [each.data_set for each in outcome.failed] == tried
        assert not any(each.transient for each in outcome.failed)
        assert f"alphavantage {function} IBM: " in outcome.failed[0].reason
        profile = app.assets.get("IBM")
        assert profile is None or data_set not in profile.freshness
        assert outcome.stored.get(data_set, 0) == 0
