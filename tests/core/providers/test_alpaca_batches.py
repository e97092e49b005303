"""Alpaca's requests about many companies: they are few, and no company spoils those of others."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, DataSet
from signal9_core.errors import PayloadError, ProviderError, RequestRefusedError
from signal9_core.provider_port import BatchProvider, History
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.simulator.alpaca import Alpaca
from signal9_core.raw_archive import FolderFiles, RawArchive
from signal9_core.repositories.companies import CompanySummary
from signal9_core.services.planner import Planner, Published
from tests.core.conftest import app_over, opened
from tests.fakes import NOW, FakeProvider, SetClock, article, series

from .wire import KEY, SECRET

Change = Callable[[Any], Any]
MOST_CALLS = 250
FRIDAY = date(2024, 1, 5)
TICKERS = ("AAPL", "BRK.B", "MSFT", "ZZZ")


@dataclass
class Network:
    """The simulated Alpaca behind a transport; `refused` symbols spoil every request with them."""

    data: FakeProvider
    refused: Mapping[str, str] = field(default_factory=dict)
    change: Change = lambda content: content
    requests: list[tuple[str, list[str]]] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        params = dict(request.url.params)
        symbols = params.get("symbols", "").split(",")
        self.requests.append((request.url.path, symbols))
        for symbol, message in self.refused.items():
            if symbol in symbols:
                return httpx2.Response(400, json={"message": message})
        reply = Alpaca(self.data).answer(request.url.path, params)
        content = self.change(json.loads(reply.body))
        text = content if isinstance(content, bytes) else json.dumps(content).encode()
        return httpx2.Response(200, content=text, headers={"content-type": "application/json"})

    def client(self, archive: RawArchive | None = None) -> AlpacaClient:
        keys = SecretStr(KEY), SecretStr(SECRET)
        transport = httpx2.MockTransport(self)
        return AlpacaClient(*keys, transport=transport, cache=archive, clock=SetClock())


def network(**more: Any) -> Network:
    data = FakeProvider(covering=None, actions={ticker: [] for ticker in TICKERS})
    data.series = {
        ticker: series(ticker, day_20240104="10", day_20240105="11") for ticker in TICKERS
    }
    data.articles = [article("About two", "2024-01-05T10:00", "AAPL", "BRK.B")]
    return Network(data, **more)


def answered(answers: Mapping[str, object]) -> set[str]:
    return {ticker for ticker, answer in answers.items() if not isinstance(answer, ProviderError)}


def test_ten_thousand_companies_have_their_prices_within_few_requests() -> None:
    tickers = [f"T{number}" for number in range(10_000)]
    fresh = {DataSet.PRICES: NOW - timedelta(days=3), DataSet.NEWS: NOW}
    companies = [
        CompanySummary(ticker=ticker, status="active", requested=fresh, rank=rank)
        for rank, ticker in enumerate(tickers, 1)
    ]
    bars = {ticker: series(ticker, day_20240105="11") for ticker in tickers}
    alpaca = Network(FakeProvider(covering=None, series=bars))
    client = alpaca.client()
    planner = Planner("alpaca", client.calls, batch_sizes=client.batch_sizes)
    plan = planner.plan(companies, Published(NOW - timedelta(days=1), {}), NOW)
    asleep = {ticker: FRIDAY - timedelta(days=90) for ticker in tickers[::100]}
    received = 0
    for item in plan.now:
        since = {ticker: asleep.get(ticker, FRIDAY - timedelta(days=7)) for ticker in item.tickers}
        received += sum(isinstance(each, History) for each in client.histories(since).values())

    assert received == len(tickers)
    assert sum(item.calls for item in plan.now) <= MOST_CALLS
    assert len(alpaca.requests) <= MOST_CALLS


def test_each_company_has_what_is_since_its_own_day() -> None:
    alpaca = network()

    answers = alpaca.client().histories(
        {"AAPL": date(2024, 1, 4), "BRK.B": FRIDAY, "MSFT": None, "NOPE": FRIDAY}
    )

    bars = {
        ticker: len(answer.bars or ()) if isinstance(answer, History) else answer
        for ticker, answer in answers.items()
    }
    assert bars == {"AAPL": 2, "BRK.B": 1, "MSFT": 2, "NOPE": None}
    assert [symbols for path, symbols in alpaca.requests if path == "/v2/stocks/bars"] == [
        ["BRK.B", "NOPE", "AAPL"],
        ["MSFT"],
    ]
    whole = {
        ticker: answer.complete for ticker, answer in answers.items() if isinstance(answer, History)
    }
    assert whole == {"AAPL": False, "BRK.B": False, "MSFT": True}


def test_long_histories_are_requested_for_fewer_companies() -> None:
    tickers = [f"T{number}" for number in range(200)]
    alpaca = network()
    client = alpaca.client()

    client.histories(dict.fromkeys(tickers))
    client.articles_about(dict.fromkeys(tickers))
    long = [len(symbols) for _, symbols in alpaca.requests]
    alpaca.requests.clear()
    client.histories(dict.fromkeys(tickers, FRIDAY))
    client.articles_about(dict.fromkeys(tickers, NOW - timedelta(days=1)))

    assert max(long) < 100
    assert sum(long) == 2 * len(tickers)
    assert [len(symbols) for _, symbols in alpaca.requests] == [200, 200]


@pytest.mark.parametrize("message", ["invalid symbol: MSFT", "invalid symbol"])
def test_a_symbol_for_which_a_request_is_refused_is_requested_alone(message: str) -> None:
    alpaca = network(refused={"MSFT": message})
    client = alpaca.client()

    prices = client.histories(dict.fromkeys(TICKERS, FRIDAY))
    news = client.articles_about(dict.fromkeys(TICKERS, NOW))

    assert answered(prices) == answered(news) == {"AAPL", "BRK.B", "ZZZ"}
    assert isinstance(prices["MSFT"], RequestRefusedError)
    assert isinstance(news["MSFT"], RequestRefusedError)
    if "MSFT" in message:
        assert len(alpaca.requests) == 3 + 1 + 3


@pytest.mark.parametrize(
    "bar",
    [
        '{"t":"2024-01-05T05:00:00Z","o":"much","h":2,"l":1,"c":1,"v":1}',
        '{"t":"2024-01-05T05:00:00Z","o":1e400,"h":2,"l":1,"c":1,"v":1}',
        '{"t":"2024-01-05T05:00:00Z","o":1,"h":2,"l":1,"c":1,"v":1,"vw":1.%s}' % ("9" * 60),
        '{"t":"2024-01-05T05:00:00Z","o":1,"h":2,"l":3,"c":1,"v":1}',
        '{"t":"2024-01-05T05:00:00Z","o":1,"h":2,"l":1}',
        "7",
    ],
)
def test_bars_that_cannot_be_read_are_one_companys_problem(bar: str, tmp_path: Path) -> None:
    def spoil(content: Any) -> Any:
        if "MSFT" not in content.get("bars", {}):
            return content
        content["bars"]["MSFT"] = ["bar"]
        return json.dumps(content).replace('"bar"', bar).encode()

    alpaca, archive = network(change=spoil), RawArchive(FolderFiles(tmp_path))

    answers = alpaca.client(archive).histories(dict.fromkeys(TICKERS, FRIDAY))

    assert answered(answers) == {"AAPL", "BRK.B", "ZZZ"}
    assert isinstance(answers["MSFT"], PayloadError)
    assert "alpaca stocks_bars MSFT" in str(answers["MSFT"])
    assert len(alpaca.requests) == 2
    with opened() as store:
        replayed = app_over(store, SetClock(), FakeProvider()).replay(tmp_path)
    assert (replayed.stored["prices"], replayed.failed) == (3, [])
    (skipped,) = replayed.skipped
    assert "MSFT" in skipped.reason


def test_bars_of_a_company_that_was_not_requested_are_refused_by_name() -> None:
    def rename(content: Any) -> Any:
        bars = content.get("bars", {})
        if "MSFT" in bars:
            bars["MSFU"] = bars.pop("MSFT")
        return content

    answers = network(change=rename).client().histories(dict.fromkeys(TICKERS, FRIDAY))

    assert answered(answers) == {"AAPL", "BRK.B", "ZZZ"}
    assert "MSFU, which were not requested" in str(answers["MSFT"])


def test_an_article_that_cannot_be_read_is_the_problem_of_those_that_it_mentions() -> None:
    def spoil(content: Any) -> Any:
        for story in content.get("news", ()):
            story["created_at"] = "yesterday"
        return content

    alpaca = network(change=spoil)

    answers = alpaca.client().articles_about(dict.fromkeys(TICKERS, NOW - timedelta(days=9)))

    assert answered(answers) == {"MSFT", "ZZZ"}


def test_a_response_that_can_never_be_read_is_not_requested_for_every_company() -> None:
    tickers = [f"T{number}" for number in range(200)]
    alpaca = network(change=lambda _: b'{"moved": true}')

    answers = alpaca.client().histories(dict.fromkeys(tickers, FRIDAY))

    assert answered(answers) == set()
    assert len(alpaca.requests) < 70


@pytest.mark.parametrize("later", [timedelta(0), timedelta(hours=3)])
def test_a_replay_of_batches_stores_what_their_ingest_stored(
    tmp_path: Path, later: timedelta
) -> None:
    alpaca, archive = network(), RawArchive(FolderFiles(tmp_path))
    alpaca.data.listing = [Asset(ticker=ticker) for ticker in TICKERS]
    alpaca.data.series["AAPL"] = series("AAPL", day_20231201="9", day_20240105="11")
    client: BatchProvider = alpaca.client(archive)
    with opened() as live, opened() as rebuilt:
        app = app_over(live, SetClock(NOW + later), client)
        app.run()
        again = app_over(rebuilt, SetClock(NOW + later), FakeProvider())
        answer = again.replay(tmp_path)
        assert (answer.skipped, answer.failed) == ([], [])
        assert _facts(app) == _facts(again)
    assert len([path for path, _ in alpaca.requests]) == 1 + 2 + 1


def _facts(app: App) -> list[Sequence[object]]:
    return [
        (
            app.prices.between(ticker).columns(),
            app.actions.since(ticker),
            [last for _, last in app.actions.known(ticker)[1]],
            [item.id for item in app.news.between(ticker, NOW - timedelta(days=99), NOW)],
        )
        for ticker in TICKERS
    ]
