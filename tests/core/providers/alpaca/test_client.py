from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from signal9_core.domain import DataSet, IntradayInterval
from signal9_core.errors import PayloadError
from signal9_core.ports import Financials
from signal9_core.providers.alpaca.provider import AlpacaProvider
from tests.fakes import NOW, SetClock

from ..wire import Budget, Shelf, alpaca, answer

DAY = {"o": 10, "h": 12, "l": 9, "c": 11, "v": 100}


def _bars(token: str | None, **days: list[str]) -> dict[str, object]:
    bars = {
        symbol.replace("_", "."): [{**DAY, "t": f"2024-01-{day}T05:00:00Z"} for day in each]
        for symbol, each in days.items()
    }
    return {"bars": bars, "next_page_token": token}


def _news(token: str | None, *numbers: int) -> dict[str, object]:
    items = [
        {"id": at, "headline": f"H{at}", "created_at": "2024-01-05T10:00:00Z", "symbols": ["IBM"]}
        for at in numbers
    ]
    return {"news": items, "next_page_token": token}


def test_bars_of_many_companies_are_read_page_by_page_to_the_end() -> None:
    budget, shelf = Budget(), Shelf()
    client, wire = alpaca(
        answer(_bars("p2", AAPL=["02", "03"])),
        answer(_bars("p3", AAPL=["04"], BRK_B=["02"])),
        answer(_bars("p4")),
        answer(_bars(None, BRK_B=["03"])),
        budget=budget,
        shelf=shelf,
    )

    found = client.daily_bars(["AAPL", "BRK.B", "NOPE"], date(2024, 1, 2), date(2024, 1, 4))

    assert {ticker: len(series) for ticker, series in found.items()} == {"AAPL": 3, "BRK.B": 2}
    assert [each.get("page_token") for each in wire.params] == [None, "p2", "p3", "p4"]
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
    assert budget.reserved == len(shelf.kept) == 4
    assert {(each.function, each.ticker) for each in shelf.kept} == {("stocks_bars", None)}


def test_a_page_that_fails_is_asked_for_again_and_no_other() -> None:
    client, wire = alpaca(
        answer(_bars("p2", AAPL=["02"])), answer({}, 500), answer(_bars(None, AAPL=["03"]))
    )

    assert len(client.daily_bars(["AAPL"])["AAPL"]) == 2
    assert [each.get("page_token") for each in wire.params] == [None, "p2", "p2"]


def test_a_page_token_that_repeats_is_refused() -> None:
    client, wire = alpaca(
        answer(_bars("p2", A=["02"])), answer(_bars("p3", A=["03"])), answer(_bars("p2", A=["04"]))
    )

    with pytest.raises(PayloadError, match="alpaca stocks_bars A: page token 'p2' repeats"):
        client.daily_bars(["A"])

    assert len(wire.asked) == 3


def test_bars_of_minutes_are_kept_apart_from_those_of_days() -> None:
    shelf = Shelf()
    page = {"bars": {"A": [{**DAY, "t": "2024-01-05T14:30:00Z"}]}, "next_page_token": None}
    client, wire = alpaca(answer(page), shelf=shelf)

    found = client.intraday_bars(["A"], "15Min", datetime(2024, 1, 5, 14, tzinfo=UTC))

    assert found["A"].instant(0) == datetime(2024, 1, 5, 14, 30, tzinfo=UTC)
    assert found["A"].interval is IntradayInterval.FIFTEEN_MINUTES
    assert wire.params[0]["start"] == "2024-01-05T14:00:00Z"
    assert shelf.kept[0].function == "stocks_bars_15Min"


def test_assets_are_asked_for_where_orders_are_placed() -> None:
    client, wire = alpaca(answer([]))

    assert client.assets() == client.assets(None) == []
    assert wire.asked[0].url.host == "paper-api.alpaca.markets"
    assert wire.params == [
        {"asset_class": "us_equity", "status": "active"},
        {"asset_class": "us_equity"},
    ]


def test_every_page_of_actions_is_read() -> None:
    def page(token: str | None, day: int, **more: object) -> dict[str, object]:
        paid = {"symbol": "A", "ex_date": f"2024-01-{day:02}", "rate": 0.1, **more}
        return {"corporate_actions": {"cash_dividends": [paid]}, "next_page_token": token}

    client, wire = alpaca(
        answer(page("p2", 5)), answer(page("p3", 4)), answer(page(None, 5, special=True, rate=2))
    )

    found = client.corporate_actions(["A"], date(2024, 1, 1))

    # A special dividend beside the usual one makes one dividend of the day.
    assert [(each.ex_date.day, each.amount) for each in found] == [
        (4, Decimal("0.1")),
        (5, Decimal("2.1")),
    ]
    assert wire.asked[0].url.path == "/v1/corporate-actions"
    assert "forward_split" in wire.params[0]["types"]


def test_ten_thousand_articles_are_read_page_by_page_each_once() -> None:
    pages = [
        answer(_news(f"p{at}" if at < 199 else None, *range(at * 50, at * 50 + 51)))
        for at in range(200)
    ]
    client, wire = alpaca(*pages)

    assert len(client.news(["IBM"], NOW - timedelta(days=9))) == 10_001
    assert len(wire.asked) == 200
    assert wire.params[0] == {
        "start": "2023-12-30T12:00:00Z",
        "symbols": "IBM",
        "limit": "50",
    }


def test_a_provider_fills_the_port_with_what_alpaca_has() -> None:
    client, wire = alpaca(
        answer(_bars(None, IBM=["05"])),
        answer({"corporate_actions": {}, "next_page_token": None}),
        answer(_news(None, 1)),
        answer(_news(None)),
        answer([]),
    )
    provider = AlpacaProvider(client, clock=SetClock())

    found = provider.history("IBM")

    assert found is not None
    assert found.bars is not None
    assert (len(found.bars), found.actions, found.told) == (1, [], (date(2024, 1, 5),) * 2)
    for asked in wire.params[:2]:
        assert (asked["symbols"], asked["start"], asked["end"]) == (
            "IBM",
            "2016-01-01",
            "2024-01-07",
        )
    assert len(list(provider.news("IBM"))) == 1
    assert wire.params[2]["start"] == "2023-10-10T12:00:00Z"
    assert list(provider.news("IBM", NOW)) == []
    assert wire.params[3]["start"] == "2024-01-08T12:00:00Z"
    assert (list(provider.assets()), list(provider.calendar())) == ([], [])
    assert (provider.overview("IBM"), provider.financials("IBM")) == (None, Financials())
    assert (provider.covered(), provider.retrieved_at()) == (None, NOW)
    assert found.complete
    assert not provider.complete(DataSet.NEWS, 1)
    provider.close()


def test_a_company_that_alpaca_does_not_know_has_no_prices() -> None:
    client, _ = alpaca(answer(_bars(None)))

    assert AlpacaProvider(client, clock=SetClock()).history("NOPE") is None


def test_a_day_that_is_not_over_is_not_asked_for() -> None:
    client, wire = alpaca(answer(_bars(None)))

    assert AlpacaProvider(client, clock=SetClock()).history("IBM", NOW.date()) is None
    assert wire.asked == []


def test_a_client_closes_its_connections() -> None:
    client, _ = alpaca(answer([]))

    with client:
        client.assets()

    assert client._trading.http.is_closed
    assert client._data.http.is_closed
