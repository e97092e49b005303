"""Alpaca: requests, pages, and how each kind of body is read."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.companies import DataSet
from signal9_core.errors import PayloadError
from signal9_core.provider_port import Financials, Provider
from signal9_core.providers.alpaca.parsers import (
    FORMAT,
    canonical,
    parse_actions,
    parse_assets,
    parse_daily_bars,
    parse_news,
    spelled,
)
from tests.fakes import NOW

from .wire import CountingQuota, MemoryCache, alpaca, body, response

BAR = {"t": "2022-03-09T05:00:00Z", "o": 161.51, "h": 163.41, "l": 159.41, "c": 162.95, "v": 8}
DAY = {"o": 10, "h": 12, "l": 9, "c": 11, "v": 100}


def _page(token: str | None, **days: list[str]) -> dict[str, object]:
    bars = {
        symbol.replace("_", "."): [{**DAY, "t": f"2024-01-{day}T05:00:00Z"} for day in some]
        for symbol, some in days.items()
    }
    return {"bars": bars, "next_page_token": token}


def _news_page(token: str | None, *numbers: int) -> dict[str, object]:
    at = {"created_at": "2024-01-05T10:00:00Z", "symbols": ["IBM"]}
    items = [{"id": number, "headline": f"H{number}", **at} for number in numbers]
    return {"news": items, "next_page_token": token}


def test_bars_of_many_companies_are_read_page_by_page_to_the_end() -> None:
    quota, cache = CountingQuota(), MemoryCache()
    client, wire = alpaca(
        response(_page("p2", AAPL=["02", "03"])),
        response({}, 500),
        response(_page("p3", AAPL=["04"], BRK_B=["02"])),
        response(_page("p4")),
        response(_page(None, BRK_B=["03"])),
        quota=quota,
        cache=cache,
    )

    found = client.daily_bars(["AAPL", "BRK.B", "NOPE"], date(2024, 1, 2), date(2024, 1, 4))

    assert {ticker: len(series) for ticker, series in found.items()} == {"AAPL": 3, "BRK.B": 2}
    # The page that failed is requested again, and no other.
    tokens = [params.get("page_token") for params in wire.params]
    assert tokens == [None, "p2", "p2", "p3", "p4"]
    assert wire.params[0] == {
        "start": "2024-01-02",
        "end": "2024-01-04",
        "timeframe": "1Day",
        "symbols": "AAPL,BRK.B,NOPE",
        "adjustment": "raw",
        "feed": "sip",
        "limit": "10000",
        "sort": "asc",
    }
    assert (quota.reserved, len(cache.responses)) == (5, 4)
    assert {(kept.function, kept.ticker) for kept in cache.responses} == {("stocks_bars", None)}


def test_a_page_token_that_repeats_is_refused() -> None:
    pages = [_page("p2", A=["02"]), _page("p3", A=["03"]), _page("p2", A=["04"])]
    client, wire = alpaca(*map(response, pages))

    with pytest.raises(PayloadError, match="alpaca stocks_bars A: page token 'p2' repeats"):
        client.daily_bars(["A"])

    assert len(wire.requests) == 3


def test_assets_are_requested_where_orders_are_placed() -> None:
    client, wire = alpaca(response([]))

    assert client.assets() == []
    assert wire.requests[0].url.host == "paper-api.alpaca.markets"
    assert wire.params == [{"asset_class": "us_equity", "status": "active"}]


def test_every_page_of_actions_is_read_and_dividends_of_one_day_are_one() -> None:
    def page(token: str | None, day: int, **more: object) -> dict[str, object]:
        paid = {"symbol": "A", "ex_date": f"2024-01-{day:02}", "rate": 0.1, **more}
        return {"corporate_actions": {"cash_dividends": [paid]}, "next_page_token": token}

    pages = [page("p2", 5), page("p3", 4), page(None, 5, special=True, rate=2)]
    client, wire = alpaca(*map(response, pages))

    found = client.corporate_actions(["A"], date(2024, 1, 1))

    assert [(action.ex_date.day, action.amount) for action in found] == [
        (4, Decimal("0.1")),
        (5, Decimal("2.1")),
    ]
    assert wire.requests[0].url.path == "/v1/corporate-actions"
    assert "forward_split" in wire.params[0]["types"]


def test_articles_are_read_page_by_page_each_once() -> None:
    pages = [
        _news_page(f"p{at}" if at < 19 else None, *range(at * 50, at * 50 + 51)) for at in range(20)
    ]
    client, wire = alpaca(*map(response, pages))

    assert len(client.news("IBM", NOW - timedelta(days=9))) == 1_001
    assert len(wire.requests) == 20
    assert wire.params[0] == {"start": "2023-12-30T12:00:00Z", "symbols": "IBM", "limit": "50"}


@pytest.mark.parametrize(
    ("since", "start", "complete"),
    [(None, date(2016, 1, 1), True), (date(2024, 1, 3), date(2024, 1, 3), False)],
)
def test_only_new_bars_and_actions_are_requested(
    since: date | None, start: date, *, complete: bool
) -> None:
    client, wire = alpaca(
        response(_page(None, IBM=["05"])),
        response({"corporate_actions": {}, "next_page_token": None}),
    )

    history = client.history("IBM", since)

    assert history is not None
    assert history.bars is not None
    assert (len(history.bars), history.actions) == (1, [])
    assert (history.coverage, history.complete) == (((start, date(2024, 1, 5)),), complete)
    for params in wire.params:
        assert (params["start"], params["end"]) == (str(start), "2024-01-07")


def test_the_provider_fills_its_port() -> None:
    client, wire = alpaca(response(_news_page(None, 1)), response(_news_page(None)), response([]))
    provider: Provider = client

    assert len(list(provider.news("IBM"))) == 1
    assert wire.params[0]["start"] == "2023-10-10T12:00:00Z"
    assert list(provider.news("IBM", NOW)) == []
    assert wire.params[1]["start"] == "2024-01-08T12:00:00Z"
    assert (list(provider.assets()), list(provider.calendar())) == ([], [])
    assert (provider.overview("IBM"), provider.financials("IBM")) == (None, Financials())
    assert (provider.covered(), provider.retrieved_at()) == (None, NOW)
    assert not provider.complete(DataSet.NEWS, 1)


def test_unknown_companies_and_unfinished_days_have_no_prices() -> None:
    client, wire = alpaca(response(_page(None)))

    assert client.history("NOPE") is None
    assert client.history("IBM", NOW.date()) is None
    assert len(wire.requests) == 1


def _asset(symbol: str, status: str = "active", **more: object) -> dict[str, object]:
    usual = {"id": "1", "class": "us_equity", "exchange": "NYSE", "name": f"{symbol} Inc."}
    return {**usual, "symbol": symbol, "status": status, "tradable": status == "active", **more}


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (_asset("IR", id="new"), _asset("IR", "inactive", id="old")),
        (_asset("IR", id="new"), _asset("IR", tradable=False, id="old")),
        (_asset("IR", id="new"), _asset("IR", name="", id="old")),
    ],
)
def test_the_asset_that_is_traded_gets_its_ticker(
    winner: dict[str, object], loser: dict[str, object], *, backwards: bool
) -> None:
    both = [loser, winner] if backwards else [winner, loser]

    (asset,) = parse_assets(body(both))
    (first,) = parse_assets(body([winner, {**winner, "id": "second"}]))

    assert (asset.model_extra or {})["id"] == (first.model_extra or {})["id"] == "new"


def test_an_asset_keeps_unknown_fields_and_may_have_no_name() -> None:
    raw = _asset("ABR.PRD", name="", cusip="", attributes=["ipo", ""], margin="100")

    (asset,) = parse_assets(body([raw, _asset("NOT A TICKER")]))

    assert (asset.ticker, asset.name, asset.asset_type) == ("ABR.PD", None, "us_equity")
    assert asset.model_extra == {
        "id": "1",
        "tradable": True,
        "cusip": None,
        "attributes": ["ipo", None],
        "margin": "100",
    }


@pytest.mark.parametrize(
    ("symbol", "ticker"), [("BRK.B", "BRK.B"), ("ABR.PRD", "ABR.PD"), ("ALUB.WS", "ALUB.WS")]
)
def test_tickers_are_spelled_one_way_there_and_one_way_here(symbol: str, ticker: str) -> None:
    assert canonical(symbol) == ticker
    assert spelled(ticker) == symbol


def _bars(*bars: dict[str, object]) -> bytes:
    return body({"bars": {"AAPL": bars}, "next_page_token": None})


def test_days_are_those_of_new_york_in_summer_and_winter() -> None:
    stamps = ["2024-11-04T05:00:00Z", "2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z"]

    (series,) = parse_daily_bars(_bars(*({**BAR, "t": stamp} for stamp in stamps)))

    days = [series.day(at) for at in range(3)]
    assert days == [date(2024, 3, 8), date(2024, 3, 11), date(2024, 11, 4)]


@settings(deadline=None)
@given(st.lists(st.decimals(90, 100, places=5), min_size=4, max_size=4))
def test_prices_are_read_with_every_digit_that_was_sent(prices: list[Decimal]) -> None:
    low, first, last, high = sorted(prices)
    sent = {"o": float(first), "h": float(high), "l": float(low), "c": float(last), "v": 7}

    (series,) = parse_daily_bars(_bars({"t": BAR["t"], **sent}))

    row = series.bar(0)
    assert (row.open, row.high, row.low, row.close) == (first, high, low, last)


@pytest.mark.parametrize(
    ("price", "high"),
    [("1e-9", "839"), ("1.0000000000001", "2"), ("123456789012.3456", "123456789012.3456")],
)
def test_prices_with_many_digits_are_exact(price: str, high: str) -> None:
    row = f'{{"t":"2024-01-05T05:00:00Z","o":{price},"h":{high},"l":0,"c":1,"v":1}}'

    (series,) = parse_daily_bars(f'{{"bars":{{"IBM":[{row}]}},"next_page_token":null}}'.encode())

    assert series.bar(0).open == Decimal(price)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (_bars({name: BAR[name] for name in "tohlv"}), "missing required field `c`"),
        (_bars({**BAR, "o": "much"}), r"\$.bars"),
        (_bars({**BAR, "o": 1e-30, "l": 0}), "too big"),
        (_bars({**BAR, "v": 1.5}), "Expected `int`, got `float`"),
        (_bars({**BAR, "t": "2022-03-09T14:30:00Z"}), "is not a daily one"),
        (_bars(BAR, BAR), "2022-03-09 occurs twice"),
        (_bars({**BAR, "l": 162}), "outside low..high"),
        (body({"bars": {}}), "missing required field `next_page_token`"),
        (body({"bars": [BAR], "next_page_token": None}), "symbol is missing"),
    ],
)
def test_what_is_wrong_with_bars_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alpaca stocks_bars.*{problem}"):
        list(FORMAT.parsers["stocks_bars"](found, None))


def _actions(**kinds: list[dict[str, object]]) -> bytes:
    return body({"corporate_actions": kinds, "next_page_token": None})


def test_splits_and_dividends_are_read_with_their_unknown_fields() -> None:
    def on(day: int, **figures: object) -> dict[str, object]:
        return {"symbol": "BRK.B", "ex_date": f"2024-01-{day:02}", **figures}

    found = parse_actions(
        _actions(
            cash_dividends=[on(2, rate=0.086928, special=False)],
            forward_splits=[on(3, new_rate=3, old_rate=2)],
            reverse_splits=[on(4, new_rate=1, old_rate=50)],
            stock_dividends=[on(5, rate=0.05)],
            name_changes=[{"old_symbol": "FB", "new_symbol": "META"}],
        )
    )

    assert [(action.kind, str(action.amount or action.ratio)) for action in found] == [
        ("dividend", "0.086928"),
        ("split", "1.5"),
        ("split", "0.02"),
        ("split", "1.05"),
    ]
    extra = found[0].model_extra or {}
    assert (extra["special"], extra["rate"]) == (False, Decimal("0.086928"))


SPLIT = {"symbol": "A", "ex_date": "2024-01-05", "new_rate": 1, "old_rate": 0}


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (
            _actions(cash_dividends=[{"symbol": "A", "rate": 1}]),
            "missing required field `ex_date`.*cash_dividends",
        ),
        (_actions(forward_splits=[SPLIT]), "DivisionByZero"),
        (body({"corporate_actions": [], "next_page_token": None}), "Expected `object"),
        (body({"corporate_actions": {}}), "missing required field `next_page_token`"),
    ],
)
def test_what_is_wrong_with_actions_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alpaca corporate_actions.*{problem}"):
        list(FORMAT.parsers["corporate_actions"](found, None))


@pytest.mark.parametrize(
    ("function", "empty"),
    [
        ("assets", []),
        ("corporate_actions", {"corporate_actions": None, "next_page_token": None}),
        (
            "corporate_actions",
            {"corporate_actions": {"cash_dividends": None}, "next_page_token": ""},
        ),
        ("news", {"news": None, "next_page_token": ""}),
        ("stocks_bars", {"bars": {"AAPL": []}, "next_page_token": None}),
        ("stocks_bars", {"bars": None, "next_page_token": None}),
    ],
)
def test_no_data_is_not_an_error(function: str, empty: object) -> None:
    assert list(FORMAT.parsers[function](body(empty), None)) == []


def _news(*items: dict[str, object]) -> bytes:
    return body({"news": items, "next_page_token": None})


def test_an_article_names_companies_without_a_sentiment() -> None:
    item = {
        "id": 7,
        "headline": "Big &amp; news",
        "author": "A. Writer",
        "created_at": "2021-04-03T11:35:21-04:00",
        "content": "",
        "summary": "",
        "url": "https://www.example.com/7",
        "symbols": ["BRK.B", "GOOG", "GOOG", "???"],
    }

    (article,) = parse_news(_news(item))

    assert article.id == "alpaca-7"
    assert article.published_at == datetime(2021, 4, 3, 15, 35, 21, tzinfo=UTC)
    assert (article.title, article.summary) == ("Big &amp; news", None)
    assert article.source == "www.example.com"
    assert [(tone.ticker, tone.relevance, tone.sentiment) for tone in article.tickers] == [
        ("BRK.B", Decimal(1), None),
        ("GOOG", Decimal(1), None),
    ]
    assert article.model_extra == {"author": "A. Writer", "content": None}


def test_an_article_without_a_headline_is_named_by_its_address() -> None:
    bare = {"id": 8, "headline": "", "created_at": "2021-04-03T15:35:21Z", "source": "wire"}

    (article,) = parse_news(_news({**bare, "url": "https://example.com/8"}))

    assert (article.title, article.source, article.tickers) == ("https://example.com/8", "wire", ())


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (_news({"id": 1}), "missing required field `headline`"),
        (
            _news({"id": 1, "headline": "", "created_at": "2021-04-03T15:35:21Z"}),
            "neither headline",
        ),
        (_news({"id": 1, "headline": "H", "created_at": "soon"}), "created_at"),
        (_news({"id": 1, "headline": "H", "created_at": "2021-04-03T15:35:21"}), "created_at"),
    ],
)
def test_what_is_wrong_with_news_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alpaca news.*{problem}"):
        list(FORMAT.parsers["news"](found, None))
