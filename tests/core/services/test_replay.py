"""A replay ingests what was kept: later values win, nothing is made up, nothing is done twice."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import AssetProfile, DataSet
from signal9_core.provider_port import RawResponse
from signal9_core.raw_archive import copies_in
from signal9_core.settings import Settings
from tests.fakes import NOW, AttentivePublisher, FakeProvider, SetClock
from tests.spied import SpiedStore


@pytest.fixture
def app(
    spied: SpiedStore,
    clock: SetClock,
    provider: FakeProvider,
    publisher: AttentivePublisher,
    tmp_path: Path,
) -> App:
    settings = Settings(home=tmp_path / "home")
    return App(settings, store=spied, provider=provider, bus=publisher, clock=clock)


def keep(
    app: App, function: str, body: object, *, day: int = 0, provider: str = "alphavantage"
) -> None:
    text = body if isinstance(body, str) else json.dumps(body)
    at = NOW + timedelta(days=day)
    request = {"function": function}
    app.cache.keep(RawResponse(provider, function, "IBM", request, text.encode(), at))


def profile(app: App) -> AssetProfile:
    found = app.assets.get("IBM")
    assert found is not None
    return found


def overview(name: str) -> dict[str, str]:
    return {"Symbol": "IBM", "Name": name, "Sector": "TECHNOLOGY"}


def table(*rows: str, adjusted: bool = False) -> str:
    more = ",adjusted_close,volume,dividend_amount,split_coefficient" if adjusted else ",volume"
    return "\n".join([f"timestamp,open,high,low,close{more}", *rows])


@pytest.mark.parametrize("names", [["New", "Old"], ["First", "Second", "First"]])
def test_the_latest_value_wins(names: list[str], app: App, publisher: AttentivePublisher) -> None:
    days = [2, 1] if names[1] == "Old" else [0, 1, 2]
    for name, day in zip(names, days, strict=True):
        keep(app, "OVERVIEW", overview(name), day=day)

    answer = app.replay()

    described = profile(app).overview
    assert described is not None
    assert described.name == names[0]
    assert profile(app).freshness[DataSet.OVERVIEW].fetched_at == NOW + timedelta(days=2)
    assert (answer.files, answer.changed) == (len(names), 1)
    assert [event.detail_type for event in publisher.heard] == ["Asset Data Updated"]
    assert app.replay().changed == 0


def test_what_is_about_a_day_that_was_not_over_is_not_taken(app: App) -> None:
    row = "1,1,1,1,1,10,0.5,2.0"
    rows = f"2024-01-08,{row}", f"2024-01-05,{row}"
    keep(app, "TIME_SERIES_DAILY_ADJUSTED", table(*rows, adjusted=True))

    answer = app.replay()

    assert [bar.day for bar in app.prices.between("IBM")] == [date(2024, 1, 5)]
    assert {action.ex_date for action in app.actions.since("IBM")} == {date(2024, 1, 5)}
    assert (answer.stored["actions"], app.replay().changed) == (2, 0)


def test_later_bars_win_and_earlier_ones_stay(app: App) -> None:
    rows = "2024-01-04,1,1,1,1,0.5,10,0,1", "2024-01-03,1,1,1,1,0.5,10,0,1"
    keep(app, "TIME_SERIES_DAILY_ADJUSTED", table(*rows, adjusted=True))
    keep(app, "TIME_SERIES_DAILY", table("2024-01-04,2,2,2,2,11"), day=1)

    app.replay()

    bars = app.prices.between("IBM")
    assert list(bars.volume) == [10, 11]
    assert bars.prices("close") == [Decimal(1), Decimal(2)]


OLDER_DAYS = ("2023-01-01", "2023-01-02")


def test_an_older_copy_replaces_nothing_that_came_later(app: App, tmp_path: Path) -> None:
    rows = [f"{date(2023, 1, 2) + timedelta(days=at)},1,1,1,1,0.5,10,0,1" for at in range(366)]
    keep(app, "TIME_SERIES_DAILY_ADJUSTED", table(*rows, adjusted=True))
    app.replay()
    folder = tmp_path / "older" / "alphavantage" / "TIME_SERIES_DAILY_ADJUSTED"
    folder.mkdir(parents=True)
    older = table(*(f"{day},3,3,3,3,3,10,0,1" for day in OLDER_DAYS), adjusted=True)
    (folder / "IBM_2023-01.csv").write_text(older)

    assert app.replay(tmp_path / "older").changed == 1
    assert app.prices.between("IBM").prices("close")[:2] == [3, 1]
    fresh = profile(app).freshness[DataSet.PRICES]
    assert (fresh.count, fresh.fetched_at) == (367, NOW)


def test_articles_belong_to_the_company_that_was_requested(app: App) -> None:
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
    keep(app, "NEWS_SENTIMENT", {"items": "1", "feed": [article]})

    app.replay()

    assert [found.title for found in app.list_news(ticker="IBM").items] == ["Both"]
    other = app.assets.get("AAPL")
    assert other is None or DataSet.NEWS not in other.freshness


def test_what_cannot_be_stored_is_skipped_with_its_reason(app: App, tmp_path: Path) -> None:
    keep(app, "OVERVIEW", {"Information": "This is a premium endpoint."})
    keep(app, "SYMBOL_SEARCH", {"bestMatches": []})
    keep(app, "MARKET_STATUS", {"Note": "Later, please."})
    keep(app, "EARNINGS", {"symbol": "IBM"})
    folder = tmp_path / "recordings" / "nobody" / "OVERVIEW"
    folder.mkdir(parents=True)
    (folder / "IBM.json").write_bytes(b"{}")

    answer = app.replay()

    reasons = {skipped.file.split("/")[1]: skipped.reason for skipped in answer.skipped}
    assert "premium" in reasons["OVERVIEW"]
    assert reasons["SYMBOL_SEARCH"] == "SYMBOL_SEARCH is not stored in any table"
    assert reasons["MARKET_STATUS"] == "an error text instead of data"
    assert "annualEarnings" in reasons["EARNINGS"]
    assert answer.stored == {}
    (skipped,) = app.replay(tmp_path / "recordings").skipped
    assert skipped.reason == "unknown provider 'nobody'"


def test_a_hundred_bars_are_not_a_whole_history_until_they_meet_one(app: App) -> None:
    def days(count: int, last: date) -> str:
        return table(*(f"{last - timedelta(days=at)},1,1,1,1,10" for at in range(count)))

    def complete() -> bool:
        app.replay()
        return profile(app).freshness[DataSet.PRICES].complete

    keep(app, "TIME_SERIES_DAILY", days(100, date(2024, 1, 5)))
    assert not complete()
    keep(app, "TIME_SERIES_DAILY", days(150, date(2023, 9, 1)), day=-99)
    assert not complete()
    keep(app, "TIME_SERIES_DAILY", days(200, date(2024, 1, 5)), day=1)
    assert complete()
    keep(app, "TIME_SERIES_DAILY", days(100, date(2024, 1, 9)), day=2)
    assert complete()


def test_reports_are_complete_once_all_kinds_were_requested_even_if_empty(app: App) -> None:
    def complete() -> bool:
        app.replay()
        return profile(app).freshness[DataSet.FINANCIALS].complete

    quarter = {"fiscalDateEnding": "2023-09-30", "reportedEPS": "1"}
    keep(app, "EARNINGS", {"symbol": "IBM", "annualEarnings": [], "quarterlyEarnings": [quarter]})
    keep(app, "INCOME_STATEMENT", {})
    assert not complete()
    keep(app, "BALANCE_SHEET", {})
    keep(app, "CASH_FLOW", {})
    assert complete()


def test_it_is_known_after_a_replay_that_no_split_or_dividend_happened(app: App) -> None:
    bar = {"t": "2024-01-05T05:00:00Z", "o": 1, "h": 1, "l": 1, "c": 1, "v": 10}
    bars = {"bars": {"IBM": [bar]}, "next_page_token": None}
    keep(app, "stocks_bars", bars, provider="alpaca")
    app.replay()
    assert app.actions.known("IBM") == ([], ())

    actions: dict[str, object] = {"corporate_actions": {}, "next_page_token": None}
    keep(app, "corporate_actions", actions, provider="alpaca")
    app.replay()

    assert app.actions.known("IBM") == ([], ((date(2024, 1, 5),) * 2,))
    assert app.replay().changed == 0


def test_splits_and_dividends_alone_list_no_company(
    app: App, publisher: AttentivePublisher
) -> None:
    dividend = {"symbol": "IBM", "ex_date": "2024-01-03", "rate": 0.5}
    actions = {"corporate_actions": {"cash_dividends": [dividend]}, "next_page_token": None}
    keep(app, "corporate_actions", actions, provider="alpaca")

    app.replay()

    assert app.assets.get("IBM") is None
    assert publisher.heard == []
    assert [str(action.amount) for action in app.actions.since("IBM")] == ["0.5"]


def test_a_company_that_a_replay_lists_can_be_searched_for(app: App) -> None:
    app.ingest()
    listing = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"
    keep(app, "LISTING_STATUS", f"{listing}\nQQQX,Quixotic Quilts,NYSE,Stock,null,null,Active\n")
    assert app.search("quixotic").items == []

    app.replay()

    assert [hit.ticker for hit in app.search("quixotic").items] == ["QQQX"]


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
def test_a_name_tells_ticker_and_time(
    tmp_path: Path, name: str, symbol: str, at: datetime | None
) -> None:
    folder = tmp_path / "alphavantage" / "OVERVIEW"
    folder.mkdir(parents=True)
    (folder / name).write_bytes(b"{}")
    (folder / "README.md").write_text("no recording")

    (copy,) = copies_in(tmp_path).copies()

    assert (copy.symbol, copy.at, copy.read()) == (symbol, at, b"{}")
