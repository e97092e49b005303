import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from signal9_core.domain import IntradayInterval, article_id
from signal9_core.errors import PayloadError
from signal9_core.providers.alpaca import parsers as spelling
from signal9_core.providers.alpaca.parsers import (
    PARSERS,
    intraday_series,
    read_actions,
    read_assets,
    read_bars,
    read_daily_bars,
    read_news,
)

BAR = {"t": "2022-03-09T05:00:00Z", "o": 161.51, "h": 163.41, "l": 159.41, "c": 162.95, "v": 8}


def _body(document: object) -> bytes:
    return json.dumps(document).encode()


def _asset(symbol: str, status: str = "active", **more: object) -> dict[str, object]:
    usual = {"id": "1", "class": "us_equity", "exchange": "NYSE", "name": f"{symbol} Inc."}
    return {**usual, "symbol": symbol, "status": status, "tradable": status == "active", **more}


def _bars(*bars: dict[str, object], symbol: str = "AAPL") -> bytes:
    return _body({"bars": {symbol: bars}, "next_page_token": None})


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        (_asset("IR", id="new"), _asset("IR", "inactive", id="old")),
        (_asset("IR", id="new"), _asset("IR", tradable=False, id="old")),
        (_asset("IR", id="new"), _asset("IR", name="", id="old")),
    ],
)
def test_the_asset_that_is_traded_wins_its_ticker(
    winner: dict[str, object], loser: dict[str, object], *, backwards: bool
) -> None:
    both = [loser, winner] if backwards else [winner, loser]

    (asset,) = read_assets(_body(both))

    assert asset.model_extra is not None
    assert asset.model_extra["id"] == "new"


def test_of_equal_assets_the_first_wins() -> None:
    (asset,) = read_assets(_body([_asset("IR", id="first"), _asset("IR", id="second")]))

    assert asset.model_extra is not None
    assert asset.model_extra["id"] == "first"


def test_an_asset_keeps_what_it_came_with_and_may_have_no_name() -> None:
    raw = _asset("ABR.PRD", name="", cusip=None, attributes=["ipo"], margin="100")

    (asset,) = read_assets(_body([raw, _asset("NOT A TICKER")]))

    assert (asset.ticker, asset.name, asset.asset_type) == ("ABR.PD", None, "us_equity")
    assert asset.model_extra == {
        "id": "1",
        "tradable": True,
        "cusip": None,
        "attributes": ["ipo"],
        "margin": "100",
    }


@pytest.mark.parametrize(
    ("symbol", "ticker"), [("BRK.B", "BRK.B"), ("ABR.PRD", "ABR.PD"), ("ALUB.WS", "ALUB.WS")]
)
def test_tickers_are_spelled_one_way_there_and_one_way_here(symbol: str, ticker: str) -> None:
    assert spelling.canonical(symbol) == ticker
    assert spelling.spelled(ticker) == symbol


def test_days_are_those_of_new_york_in_summer_and_winter() -> None:
    stamps = ["2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z", "2024-11-04T05:00:00Z"]

    (series,) = read_daily_bars(_bars(*({**BAR, "t": stamp} for stamp in stamps)))

    assert [series.day(at) for at in range(3)] == [
        date(2024, 3, 8),
        date(2024, 3, 11),
        date(2024, 11, 4),
    ]


def test_prices_have_the_digits_that_were_sent() -> None:
    (series,) = read_daily_bars(_bars({**BAR, "h": 1899.9983}))

    assert series.bar(0).high == Decimal("1899.9983")
    assert series.bar(0).open == Decimal("161.51")


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (_bars({name: BAR[name] for name in "tohlv"}), "missing required field `c`"),
        (_bars({**BAR, "o": "much"}), r"\$.bars"),
        (_bars({**BAR, "t": "2022-03-09T14:30:00Z"}), "does not span a whole day"),
        (_bars(BAR, BAR), "2022-03-09 occurs twice"),
        (_bars({**BAR, "l": 162}), "outside low..high"),
        (_body({"bars": {}}), "missing required field `next_page_token`"),
        (_body({"bars": [BAR], "next_page_token": None}), "symbol is missing"),
        (b'{"bars": {"AAPL": [{"t"', "truncated"),
    ],
)
def test_what_is_wrong_with_bars_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alpaca stocks_bars.*{problem}"):
        read_daily_bars(found)


@pytest.mark.parametrize("none", [{}, None, []])
def test_nobody_traded(none: object) -> None:
    assert read_daily_bars(_body({"bars": none, "next_page_token": None})) == []


def test_bars_of_minutes_are_read_oldest_first() -> None:
    bars = [{**BAR, "t": "2022-03-09T14:45:00Z"}, {**BAR, "t": "2022-03-09T14:30:00Z"}]
    page = read_bars(_body({"bars": {"A": bars}, "next_page_token": "t"}), "here")

    found = intraday_series("A", page.by_ticker("here")["A"], IntradayInterval.HALF_HOUR, "here")

    assert [bar.at for bar in found] == [
        datetime(2022, 3, 9, 14, 30, tzinfo=UTC),
        datetime(2022, 3, 9, 14, 45, tzinfo=UTC),
    ]


def _actions(**kinds: list[dict[str, object]]) -> bytes:
    return _body({"corporate_actions": kinds, "next_page_token": None})


def test_splits_and_dividends_are_read_and_what_came_with_them_kept() -> None:
    def on(day: int, **figures: object) -> dict[str, object]:
        return {"symbol": "BRK.B", "ex_date": f"2024-01-{day:02}", **figures}

    found = read_actions(
        _actions(
            cash_dividends=[on(2, rate=0.086928, special=False)],
            forward_splits=[on(3, new_rate=3, old_rate=2)],
            reverse_splits=[on(4, new_rate=1, old_rate=50)],
            stock_dividends=[on(5, rate=0.05)],
            name_changes=[{"old_symbol": "FB", "new_symbol": "META"}],
        )
    )

    assert [(each.kind, str(each.amount or each.ratio)) for each in found] == [
        ("dividend", "0.086928"),
        ("split", "1.5"),
        ("split", "0.02"),
        ("split", "1.05"),
    ]
    assert found[0].model_extra is not None
    assert (found[0].model_extra["special"], found[0].model_extra["rate"]) == (
        False,
        Decimal("0.086928"),
    )


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (_actions(cash_dividends=[{"symbol": "A", "rate": 1}]), "cash_dividends: field ex_date"),
        (
            _actions(
                forward_splits=[
                    {"symbol": "A", "ex_date": "2024-01-05", "new_rate": 1, "old_rate": 0}
                ]
            ),
            "DivisionByZero",
        ),
        (_body({"corporate_actions": [], "next_page_token": None}), "in place of an object"),
        (_body({"corporate_actions": {}}), "field next_page_token is missing"),
        (_body({"corporate_actions": {}, "next_page_token": 7}), "next_page_token is 7"),
        (_body([]), "list came in place of an object"),
    ],
)
def test_what_is_wrong_with_actions_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alpaca corporate_actions.*{problem}"):
        read_actions(found)


@pytest.mark.parametrize(
    ("function", "empty"),
    [
        ("assets", []),
        ("corporate_actions", {"corporate_actions": None, "next_page_token": None}),
        ("news", {"news": None, "next_page_token": ""}),
        ("stocks_bars", {"bars": {"AAPL": []}, "next_page_token": None}),
    ],
)
def test_nothing_is_no_error(function: str, empty: object) -> None:
    assert list(PARSERS[function](_body(empty), None)) == []


def _news(*items: dict[str, object]) -> bytes:
    return _body({"news": items, "next_page_token": None})


def test_an_article_names_companies_without_a_tone() -> None:
    item = {
        "id": 7,
        "headline": "Big &amp; news",
        "author": "A. Writer",
        "created_at": "2021-04-03T15:35:21Z",
        "updated_at": "2021-04-03T16:00:00Z",
        "summary": "",
        "url": "https://www.example.com/7",
        "symbols": ["BRK.B", "GOOG", "GOOG", "???"],
    }

    (article,) = read_news(_news(item))

    assert article.id == article_id("alpaca", "7")
    assert article.published_at == datetime(2021, 4, 3, 15, 35, 21, tzinfo=UTC)
    assert (article.title, article.summary) == ("Big &amp; news", None)
    assert article.source == "www.example.com"
    assert [(each.ticker, each.relevance, each.sentiment) for each in article.tickers] == [
        ("BRK.B", Decimal(1), None),
        ("GOOG", Decimal(1), None),
    ]
    assert article.model_extra == {"author": "A. Writer", "updated_at": "2021-04-03T16:00:00Z"}


def test_an_article_without_a_headline_is_called_by_what_there_is() -> None:
    bare = {"id": 8, "headline": "", "created_at": "2021-04-03T15:35:21Z", "source": "wire"}

    (article,) = read_news(_news({**bare, "url": "https://example.com/8"}))

    assert (article.title, article.source, article.tickers) == ("https://example.com/8", "wire", ())


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (_news({"id": 1}), "field headline, created_at is missing"),
        (_body({"news": ["?"], "next_page_token": None}), "list of objects"),
        (_news({"id": 1, "headline": "", "created_at": "2021-04-03T15:35:21Z"}), "title"),
        (_news({"id": 1, "headline": "H", "created_at": "soon"}), "publishedAt 'soon'"),
    ],
)
def test_what_is_wrong_with_news_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alpaca news.*{problem}"):
        read_news(found)
