"""Every recorded body, replayed: what the API serves is what its source says."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from signal9_core.answers import ReplayAnswer
from signal9_core.app import App, build
from signal9_core.domain import Period, ReportKind
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import FINANCIALS
from tests.core.providers.recorded import RECORDINGS, needs_recordings
from tests.fakes import SetClock
from tests.spied import SpiedStore

pytestmark = needs_recordings

ALPHAVANTAGE = RECORDINGS / "alphavantage"
MISSING = {"None", "-", "", "null", None}
STATEMENTS = {
    "INCOME_STATEMENT": ReportKind.INCOME_STATEMENT,
    "BALANCE_SHEET": ReportKind.BALANCE_SHEET,
    "CASH_FLOW": ReportKind.CASH_FLOW,
}
LISTED = "LISTING_STATUS/active_2026-05.csv"
NO_FIGURES = {"fiscalDateEnding", "reportedCurrency", "reportedDate", "reportTime"}


class Replays(NamedTuple):
    app: App
    first: ReplayAnswer
    second: ReplayAnswer
    written: list[str]


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replays]:
    clock = SetClock()
    with SqliteStore.open(":memory:", clock=clock) as store:
        app = build(Settings(home=tmp_path_factory.mktemp("home")), clock=clock)
        app.store = spied = SpiedStore(store)
        first = app.replay(RECORDINGS)
        before = len(spied.written)
        second = app.replay(RECORDINGS)
        yield Replays(app, first, second, spied.written[before:])


@cache
def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _recorded(function: str) -> Iterator[tuple[str, Path]]:
    """Yield tickers and files, in order of time: later ones win."""
    files = sorted((ALPHAVANTAGE / function).glob("*"), key=lambda path: (_said(path), path.name))
    for path in files:
        yield path.stem.partition("_")[0].replace("-", "."), path


def _said(path: Path) -> str:
    found = re.search(r"_(\d{4}(-\d\d)?)$", path.stem)
    return found[1] if found else ""


def test_a_second_replay_changes_nothing(replays: Replays) -> None:
    assert replays.first.changed > 10_000
    assert replays.second.changed == 0
    assert replays.second.model_copy(update={"changed": 0}) == replays.first.model_copy(
        update={"changed": 0}
    )
    assert replays.written == []


def test_every_file_is_stored_or_reported(replays: Replays) -> None:
    files = [*RECORDINGS.glob("*/*/*.json"), *RECORDINGS.glob("*/*/*.csv")]

    assert replays.first.files == len(files)
    assert set(replays.first.stored) == {
        "actions",
        "calendar",
        "financials",
        "listing",
        "news",
        "overview",
        "prices",
    }


def test_error_texts_are_left_out_and_said_so(replays: Replays) -> None:
    reasons = {each.file: each.reason for each in replays.first.skipped}
    errors = list(RECORDINGS.glob("*/_errors/*"))

    assert errors
    for path in errors:
        assert "error text" in reasons[path.relative_to(RECORDINGS).as_posix()]


@pytest.mark.parametrize("function", [*STATEMENTS, "EARNINGS"])
@pytest.mark.parametrize("period", list(Period))
def test_every_reported_figure_is_served(replays: Replays, function: str, period: Period) -> None:
    expected: dict[tuple[str, str], Mapping[str, Any]] = {}
    suffix = "Earnings" if function == "EARNINGS" else "Reports"
    running = set()
    for ticker, path in _recorded(function):
        reports = _json(path)[f"{period}{suffix}"]
        expected |= {(ticker, each["fiscalDateEnding"]): each for each in reports}
        if function == "EARNINGS" and period is Period.ANNUAL:
            running.add((ticker, reports[0]["fiscalDateEnding"]))
    kind = STATEMENTS.get(function, ReportKind.EARNINGS)

    served = {
        (ticker, str(row.fiscal_date_ending)): row
        for ticker in {ticker for ticker, _ in expected}
        for row in _rows(replays.app, ticker, kind, period)
    }

    # The running year may be left out: it is no annual figure.
    assert expected.keys() - running <= served.keys() <= expected.keys()
    for key, row in served.items():
        source = expected[key]
        figures = {name: _number(each) for name, each in source.items() if name not in NO_FIGURES}
        assert row.values == figures, key
        currency = source.get("reportedCurrency")
        assert row.currency == (None if currency in MISSING else currency)


def _rows(app: App, ticker: str, kind: ReportKind, period: Period) -> Iterator[Any]:
    cursor = None
    while True:
        page = app.get_financials(ticker, report=kind, period=period, limit=100, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _number(text: Any) -> Decimal | None:
    return None if text in MISSING else Decimal(text)


def test_every_description_is_served(replays: Replays) -> None:
    latest = {ticker: _json(path) for ticker, path in _recorded("OVERVIEW")}

    for ticker, source in latest.items():
        found = replays.app.get_asset(ticker)
        assert found.description == source["Description"]
        assert (found.sector, found.industry) == (source["Sector"], source["Industry"])
        assert found.market_capitalization == _number(source["MarketCapitalization"])
        profile = replays.app.assets.get(ticker)
        assert profile is not None
        assert profile.overview is not None
        assert _number(source["EBITDA"]) == (profile.overview.model_extra or {})["ebitda"]


def test_every_bar_is_served(replays: Replays) -> None:
    expected: dict[tuple[str, str], tuple[Decimal, ...]] = {}
    for function in ("TIME_SERIES_DAILY", "TIME_SERIES_DAILY_ADJUSTED"):
        for ticker, path in _recorded(function):
            for day, row in _bars(path):
                expected[ticker, day] = row
    for symbol, day, row in _alpaca_bars():
        expected[symbol, day] = row

    served = {
        (ticker, str(bar.date)): (bar.open, bar.high, bar.low, bar.close, Decimal(bar.volume))
        for ticker in {ticker for ticker, _ in expected}
        for bar in _series(replays.app, ticker)
    }

    assert served == expected


def _series(app: App, ticker: str) -> Iterator[Any]:
    cursor = None
    while True:
        page = app.get_prices(ticker, cursor=cursor)
        assert not isinstance(page.items, tuple)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _bars(path: Path) -> Iterator[tuple[str, tuple[Decimal, ...]]]:
    if path.suffix == ".csv":
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
            names = ("open", "high", "low", "close", "volume")
            yield row["timestamp"], tuple(Decimal(row[name]) for name in names)
        return
    found = _json(path)
    for day, bar in next(each for name, each in found.items() if "Time Series" in name).items():
        plain = {name.split(". ")[1]: value for name, value in bar.items()}
        yield day, tuple(Decimal(plain[n]) for n in ("open", "high", "low", "close", "volume"))


def _alpaca_bars() -> Iterator[tuple[str, str, tuple[Decimal, ...]]]:
    for path in sorted((RECORDINGS / "alpaca" / "stocks_bars").glob("*.json")):
        found = json.loads(path.read_bytes(), parse_float=Decimal)
        bars = found["bars"]
        by_symbol = bars if isinstance(bars, dict) else {found["symbol"]: bars}
        for symbol, rows in by_symbol.items():
            for row in rows:
                if re.search(r"T0[45]:00:00Z$", row["t"]):
                    values = tuple(Decimal(row[name]) for name in "ohlcv")
                    yield symbol, row["t"][:10], values


def test_every_article_is_served(replays: Replays) -> None:
    for ticker, path in _recorded("NEWS_SENTIMENT"):
        expected = {each["url"]: each for each in _json(path)["feed"]}

        page = replays.app.list_news(ticker=ticker, limit=100)
        served = {each.url: each for each in page.items}

        assert expected.keys() <= served.keys()
        for url, source in expected.items():
            assert served[url].title == source["title"]
            assert served[url].sentiment == Decimal(str(source["overall_sentiment_score"]))
            stamp = served[url].published_at.strftime("%Y%m%dT%H%M%S")
            assert stamp == source["time_published"]


def test_every_announced_date_and_every_listing_is_stored(replays: Replays) -> None:
    rows = _table(ALPHAVANTAGE / "EARNINGS_CALENDAR/all_2025-07.csv")
    entry = next(row for row in rows if row["symbol"] == "AA")
    place = {"ticker": "AA", "reportType#date": f"earnings_calendar#{entry['reportDate']}"}

    found = replays.app.store.get(FINANCIALS, place)

    assert found is not None
    values = found.item["values"]
    assert isinstance(values, dict)
    assert values["estimate"] == Decimal(entry["estimate"])
    assert replays.first.stored["calendar"] > 0.99 * len(rows)
    plain = [row for row in _table(ALPHAVANTAGE / LISTED) if row["symbol"].isalpha()]
    for row in plain[::500]:
        asset = replays.app.get_asset(row["symbol"])
        assert (asset.name, asset.exchange) == (row["name"], row["exchange"])


def _table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def test_freshness_tells_where_it_comes_from(replays: Replays) -> None:
    freshness = replays.app.get_asset("IBM").freshness

    assert {each.source for each in freshness.values()} == {"alphavantage"}
    assert freshness[next(iter(freshness))].complete
    assert max(each.as_of for each in freshness.values()) == date(2026, 5, 15)
