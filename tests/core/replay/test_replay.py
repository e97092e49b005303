"""Replaying what was kept: later values win, nothing is invented, nothing is done twice."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import DataSet
from signal9_core.ports import RawResponse
from signal9_core.raw_archive import copies_in
from signal9_core.settings import Settings
from tests.fakes import NOW, AttentivePublisher, SetClock
from tests.spied import SpiedStore


@pytest.fixture
def app(spied: SpiedStore, clock: SetClock, publisher: AttentivePublisher, tmp_path: Path) -> App:
    return App(Settings(home=tmp_path / "home"), store=spied, bus=publisher, clock=clock)


def kept(app: App, function: str, body: object, *, day: int = 0, ticker: str = "IBM") -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    app.cache.keep(
        RawResponse(
            provider="alphavantage",
            function=function,
            ticker=ticker,
            request={"function": function},
            body=text.encode(),
            received_at=NOW + timedelta(days=day),
        )
    )


def overview(name: str) -> dict[str, str]:
    return {"Symbol": "IBM", "Name": name, "Sector": "TECHNOLOGY"}


ADJUSTED = ("2024-01-04,1,1,1,1,0.5,10,0,1", "2024-01-03,1,1,1,1,0.5,10,0,1")


def table(*rows: str, adjusted: bool = False) -> str:
    more = ",adjusted_close,volume,dividend_amount,split_coefficient" if adjusted else ",volume"
    return "\n".join([f"timestamp,open,high,low,close{more}", *rows])


def test_later_values_win_and_earlier_ones_stay_in_the_cache(app: App) -> None:
    kept(app, "OVERVIEW", overview("New"), day=2)
    kept(app, "OVERVIEW", overview("Old"), day=1)

    answer = app.replay()

    assert app.get_asset("IBM").sector == "TECHNOLOGY"
    profile = app.assets.get("IBM")
    assert profile is not None
    assert profile.overview is not None
    assert profile.overview.name == "New"
    assert profile.freshness[DataSet.OVERVIEW].fetched_at == NOW + timedelta(days=2)
    assert (answer.files, answer.changed) == (2, 1)
    assert app.replay().changed == 0
    assert len(list(app.cache.copies())) == 2


def test_a_value_that_came_back_is_the_latest_one(app: App) -> None:
    for day, name in enumerate(("First", "Second", "First")):
        kept(app, "OVERVIEW", overview(name), day=day)

    app.replay()

    profile = app.assets.get("IBM")
    assert profile is not None
    assert profile.overview is not None
    assert profile.overview.name == "First"


def test_a_bar_of_a_day_that_was_not_over_is_not_taken(app: App) -> None:
    kept(app, "TIME_SERIES_DAILY", table("2024-01-08,2,2,2,2,10", "2024-01-05,1,1,1,1,10"))

    app.replay()

    assert [bar.day for bar in app.prices.between("IBM")] == [date(2024, 1, 5)]


def test_bars_without_adjusted_closes_take_nothing_from_those_with(app: App) -> None:
    adjusted = table(
        "2024-01-04,1,1,1,1,0.5,10,0,1", "2024-01-03,1,1,1,1,0.5,10,0,1", adjusted=True
    )
    kept(app, "TIME_SERIES_DAILY_ADJUSTED", adjusted)
    kept(app, "TIME_SERIES_DAILY", table("2024-01-04,1,1,1,1,11"), day=1)

    app.replay()

    found = app.prices.between("IBM")
    assert list(found.volume) == [10, 11]
    assert found.adjusted_closes() == [Decimal("0.50")] * 2


def test_bars_that_differ_are_taken_as_they_are(app: App) -> None:
    adjusted = table(
        "2024-01-04,1,1,1,1,0.5,10,0,1", "2024-01-03,1,1,1,1,0.5,10,0,1", adjusted=True
    )
    kept(app, "TIME_SERIES_DAILY_ADJUSTED", adjusted)
    kept(app, "TIME_SERIES_DAILY", table("2024-01-04,2,2,2,2,11"), day=1)

    app.replay()

    assert app.prices.between("IBM").prices("close") == [Decimal(1), Decimal(2)]


def test_articles_belong_to_whom_they_were_asked_for(app: App) -> None:
    def mention(ticker: str) -> dict[str, str]:
        return {"ticker": ticker, "relevance_score": "1", "ticker_sentiment_score": "0.5"}

    article = {
        "title": "Both",
        "url": "https://example.com/both",
        "time_published": "20240105T100000",
        "source": "Example",
        "overall_sentiment_score": 0.5,
        "ticker_sentiment": [mention("IBM"), mention("AAPL")],
    }
    kept(app, "NEWS_SENTIMENT", {"items": "1", "feed": [article]})

    app.replay()

    assert [each.title for each in app.list_news(ticker="IBM").items] == ["Both"]
    profile = app.assets.get("AAPL")
    assert profile is None or DataSet.NEWS not in profile.freshness


def test_what_is_no_data_is_left_out_with_its_reason(app: App) -> None:
    kept(app, "OVERVIEW", {"Information": "This is a premium endpoint."})
    kept(app, "SYMBOL_SEARCH", {"bestMatches": []})
    kept(app, "EARNINGS", {"symbol": "IBM"})

    answer = app.replay()

    reasons = {each.file.split("/")[1]: each.reason for each in answer.skipped}
    assert "premium" in reasons["OVERVIEW"]
    assert reasons["SYMBOL_SEARCH"] == "SYMBOL_SEARCH is not kept in any table"
    assert "annualEarnings" in reasons["EARNINGS"]
    assert answer.stored == {}


def test_a_hundred_bars_do_not_look_like_a_history_until_they_meet_one(app: App) -> None:
    def days(count: int, last: date) -> list[str]:
        return [f"{last - timedelta(days=at)},1,1,1,1,10" for at in range(count)]

    def complete() -> bool:
        app.replay()
        profile = app.assets.get("IBM")
        assert profile is not None
        return profile.freshness[DataSet.PRICES].complete

    kept(app, "TIME_SERIES_DAILY", table(*days(100, date(2024, 1, 5))))
    assert not complete()
    kept(app, "TIME_SERIES_DAILY", table(*days(150, date(2023, 9, 1))), day=-99)
    assert not complete()
    kept(app, "TIME_SERIES_DAILY", table(*days(200, date(2024, 1, 5))), day=1)
    assert complete()
    kept(app, "TIME_SERIES_DAILY", table(*days(100, date(2024, 1, 9))), day=2)
    assert complete()


def test_reports_are_complete_once_all_kinds_were_asked_for_be_they_empty(app: App) -> None:
    def complete() -> bool:
        app.replay()
        profile = app.assets.get("IBM")
        assert profile is not None
        return profile.freshness[DataSet.FINANCIALS].complete

    quarter = {"fiscalDateEnding": "2023-09-30", "reportedEPS": "1"}
    kept(app, "EARNINGS", {"symbol": "IBM", "annualEarnings": [], "quarterlyEarnings": [quarter]})
    kept(app, "INCOME_STATEMENT", {})
    assert not complete()
    kept(app, "BALANCE_SHEET", {})
    kept(app, "CASH_FLOW", {})
    assert complete()


def test_that_nothing_ever_happened_is_known_after_a_replay(app: App) -> None:
    def from_alpaca(function: str, body: object) -> None:
        request = {"symbols": "IBM"}
        text = json.dumps(body).encode()
        app.cache.keep(RawResponse("alpaca", function, "IBM", request, text, NOW))

    bar = {"t": "2024-01-05T05:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 10}
    from_alpaca("stocks_bars", {"bars": {"IBM": [bar]}, "next_page_token": None})
    app.replay()
    assert app.actions.known("IBM") == ([], None)

    from_alpaca("corporate_actions", {"corporate_actions": {}, "next_page_token": None})
    app.replay()

    assert app.actions.known("IBM") == ([], (date(2024, 1, 5),) * 2)
    assert app.replay().changed == 0


def test_splits_and_dividends_of_a_day_that_was_not_over_are_not_taken(app: App) -> None:
    row = "1,1,1,1,1,10,0.5,2.0"
    kept(
        app,
        "TIME_SERIES_DAILY_ADJUSTED",
        table(f"2024-01-08,{row}", f"2024-01-05,{row}", adjusted=True),
    )

    answer = app.replay()

    assert (answer.stored["actions"], app.replay().changed) == (2, 0)
    assert {each.ex_date for each in app.actions.since("IBM")} == {date(2024, 1, 5)}


def test_a_company_that_a_replay_lists_is_found_though_others_were_published_before(
    app: App,
) -> None:
    app.ingest()
    listing = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"
    kept(app, "LISTING_STATUS", f"{listing}\nQQQX,Quixotic Quilts,NYSE,Stock,null,null,Active\n")
    assert app.search("quixotic").items == []

    app.replay()

    assert [each.ticker for each in app.search("quixotic").items] == ["QQQX"]


def test_a_replay_announces_what_it_changed(app: App, publisher: AttentivePublisher) -> None:
    kept(app, "OVERVIEW", overview("IBM"))

    app.replay()

    assert [event.detail_type for event in publisher.heard] == ["Asset Data Updated"]


@pytest.mark.parametrize(
    ("name", "symbol", "at"),
    [
        ("IBM_2023-01.json", "IBM", datetime(2023, 1, 31, 23, 59, 59, tzinfo=UTC)),
        ("IBM_2024-02-03.json", "IBM", datetime(2024, 2, 3, 23, 59, 59, tzinfo=UTC)),
        ("BRK-B_2022.json", "BRK-B", datetime(2022, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("IBM_full_2020-11.csv", "IBM", datetime(2020, 11, 30, 23, 59, 59, tzinfo=UTC)),
        ("IBM_5min_testdata.csv", "IBM", None),
        ("IBM_2024-13.csv", "IBM", None),
        ("AMJ.csv", "AMJ", None),
    ],
)
def test_names_say_whom_and_when(
    tmp_path: Path, name: str, symbol: str, at: datetime | None
) -> None:
    folder = tmp_path / "alphavantage" / "OVERVIEW"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"{}")
    (folder / "README.md").write_text("no recording")

    (copy,) = copies_in(tmp_path).copies()

    assert (copy.symbol, copy.at, copy.read()) == (symbol, at, b"{}")


def test_a_folder_of_a_provider_that_nobody_knows_is_left_out(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "recordings" / "nobody" / "OVERVIEW"
    folder.mkdir(parents=True)
    (folder / "IBM.json").write_bytes(b"{}")

    answer = app.replay(tmp_path / "recordings")

    assert [each.reason for each in answer.skipped] == ["no provider is called nobody"]
