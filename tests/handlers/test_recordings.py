"""Every recorded response, replayed: the API serves what its source says.

Sources are read here by plain `json` and `csv`, independently of the project's parsers.
"""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.schemas.operations import ReplayAnswer
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import FINANCIALS
from tests.fakes import SetClock
from tests.recordings import RECORDINGS, needs_recordings
from tests.spied import SpiedStore

from .sample import target

pytestmark = [needs_recordings, pytest.mark.xdist_group("recordings")]  # replayed once

ALPACA: Final = RECORDINGS / "alpaca"
ALPHAVANTAGE: Final = RECORDINGS / "alphavantage"
MISSING: Final = {"None", "-", "", "null", None}
STATEMENTS: Final = ("INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW")
NO_FIGURES: Final = {"fiscalDateEnding", "reportedCurrency", "reportedDate", "reportTime"}
PRICES: Final = ("open", "high", "low", "close", "volume")
TICKER: Final = re.compile(r"[A-Z0-9][A-Z0-9.:_\-]{0,19}")

Row = Mapping[str, Any]


class Replays(NamedTuple):
    app: App
    api: httpx2.Client
    first: ReplayAnswer
    second: ReplayAnswer
    written: list[str]

    def get(self, path: str, **query: object) -> Any:
        """Return an answer with its numbers as they are written."""
        response = self.api.get(path, params={name: str(value) for name, value in query.items()})
        assert response.status_code == 200, response.text
        return json.loads(response.text, parse_float=Decimal)

    def items(self, path: str, **query: object) -> Iterator[Row]:
        """Yield the items of all pages."""
        page = self.get(path, **query)
        yield from page["items"]
        while page["nextCursor"] is not None:
            page = self.get(path, **query, cursor=page["nextCursor"])
            yield from page["items"]


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replays]:
    home, clock = tmp_path_factory.mktemp("home"), SetClock()
    with closing(SqliteStore.open(home / "signal9.db", clock=clock)) as store:
        spied = SpiedStore(store)
        app = App(Settings(home=home), store=spied, clock=clock)
        first = app.replay(RECORDINGS)
        before = len(spied.written)
        second = app.replay(RECORDINGS)
        with pytest.MonkeyPatch.context() as patch:
            patch.delenv("SIGNAL9_TEST_URL", raising=False)
            with target(home) as served, served.client() as api:
                yield Replays(app, api, first, second, spied.written[before:])


@cache
def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes(), parse_float=Decimal)


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def by_time(*folders: Path) -> list[Path]:
    """Return the files of these folders, later ones last; those without a time come first."""
    paths = [path for folder in folders for path in folder.glob("*")]
    return sorted(paths, key=lambda path: (_time_of(path), path.relative_to(RECORDINGS).as_posix()))


def _time_of(path: Path) -> str:
    match = re.search(r"_(\d{4})(-\d\d)?$", path.stem)
    return f"{match[1]}{match[2] or '-12'}" if match else ""


def recorded(*functions: str) -> Iterator[tuple[str, Path]]:
    """Yield ticker and file of all recordings of AlphaVantage functions."""
    for path in by_time(*(ALPHAVANTAGE / function for function in functions)):
        yield alphavantage_ticker(path.stem.partition("_")[0]), path


def alphavantage_ticker(symbol: str) -> str:
    ticker = re.sub(r"^([A-Z0-9]+)[-/]P-?([A-Z])$", r"\1.P\2", symbol.strip().upper())
    return re.sub(r"^([A-Z0-9]+)[-/]([A-Z]{1,2})$", r"\1.\2", ticker)


def alpaca_ticker(symbol: str) -> str:
    return re.sub(r"^([A-Z0-9]+)\.PR([A-Z])$", r"\1.P\2", symbol.strip().upper())


def number(text: Any) -> Decimal | None:
    return None if text in MISSING else Decimal(text)


def text_or_none(text: Any) -> str | None:
    return None if text in MISSING else str(text)


def test_a_second_replay_changes_nothing(replays: Replays) -> None:
    assert replays.first.changed > 10_000
    assert replays.second == replays.first.model_copy(update={"changed": 0})
    assert replays.written == []


def test_every_file_is_stored_or_reported(replays: Replays) -> None:
    files = [*RECORDINGS.glob("*/*/*.json"), *RECORDINGS.glob("*/*/*.csv")]
    reasons = {skipped.file: skipped.reason for skipped in replays.first.skipped}
    errors = list(RECORDINGS.glob("*/_errors/*"))

    assert replays.first.files == len(files)
    data_sets = {"actions", "calendar", "financials", "listing", "news", "overview", "prices"}
    assert set(replays.first.stored) == data_sets
    assert errors
    for path in errors:
        assert "error text" in reasons[path.relative_to(RECORDINGS).as_posix()]


@pytest.mark.parametrize("function", [*STATEMENTS, "EARNINGS"])
@pytest.mark.parametrize("period", ["annual", "quarterly"])
def test_every_reported_figure_is_served(replays: Replays, function: str, period: str) -> None:
    expected: dict[tuple[str, str], Row] = {}
    suffix = "Earnings" if function == "EARNINGS" else "Reports"
    running = set()
    for ticker, path in recorded(function):
        reports = read_json(path)[f"{period}{suffix}"]
        expected |= {(ticker, report["fiscalDateEnding"]): report for report in reports}
        if function == "EARNINGS" and period == "annual":
            running.add((ticker, reports[0]["fiscalDateEnding"]))

    query = {"report": function.lower(), "period": period, "limit": 100}
    served = {
        (ticker, row["fiscalDateEnding"]): row
        for ticker in {ticker for ticker, _ in expected}
        for row in replays.items(f"/financials/{ticker}", **query)
    }

    # The running year may be left out: its figure is not annual.
    assert expected.keys() - running <= served.keys() <= expected.keys()
    for key, row in served.items():
        source = expected[key]
        figures = {name: number(text) for name, text in source.items() if name not in NO_FIGURES}
        assert row["values"] == figures, key
        assert row["currency"] == text_or_none(source.get("reportedCurrency"))


def test_every_description_is_served(replays: Replays) -> None:
    names = ("Description", "Sector", "Industry", "Country", "Currency", "FiscalYearEnd")

    for ticker, path in dict(recorded("OVERVIEW")).items():
        source, asset = read_json(path), replays.get(f"/assets/{ticker}")
        for name in names:
            assert asset[f"{name[0].lower()}{name[1:]}"] == text_or_none(source[name])
        assert asset["cik"] == text_or_none(source["CIK"])
        assert asset["marketCapitalization"] == number(source["MarketCapitalization"])
        stored = replays.app.assets.get(ticker)
        assert stored is not None
        assert stored.overview is not None
        figures = set(map(str, (stored.overview.model_extra or {}).values()))
        assert {source[name] for name in ("EBITDA", "PERatio", "Beta")} <= figures


def test_every_bar_is_served(replays: Replays) -> None:
    expected: dict[tuple[str, str], list[Decimal]] = {}
    for ticker, path in recorded("TIME_SERIES_DAILY", "TIME_SERIES_DAILY_ADJUSTED"):
        for day, bar in alphavantage_bars(path).items():
            expected[ticker, day] = [Decimal(bar[name]) for name in PRICES]
    expected |= alpaca_bars()

    served = {
        (ticker, bar["date"]): [Decimal(bar[name]) for name in PRICES]
        for ticker in {ticker for ticker, _ in expected}
        for bar in replays.items(f"/assets/{ticker}/prices", limit=10_000)
    }

    assert served == expected
    assert len(served) > 20_000


def test_every_adjusted_close_is_served(replays: Replays) -> None:
    for ticker, path in dict(recorded("TIME_SERIES_DAILY_ADJUSTED")).items():
        served = adjusted_closes(replays, ticker)
        for day, bar in alphavantage_bars(path).items():
            vendors = Decimal(bar["adjusted close"])
            assert abs(served[day] - vendors) <= vendors * Decimal("1e-7"), (ticker, day)


def test_old_adjusted_closes_follow_from_later_dividends_and_splits(replays: Replays) -> None:
    path = ALPHAVANTAGE / "TIME_SERIES_DAILY_ADJUSTED" / "IBM_full_2020-11.csv"
    served = adjusted_closes(replays, "IBM")

    factors = [
        served[day] / Decimal(bar["adjusted close"]) for day, bar in alphavantage_bars(path).items()
    ]

    assert max(factors) < Decimal("0.96")  # there was a split of 1.046 at the least
    assert max(factors) - min(factors) < Decimal("1e-5")


def adjusted_closes(replays: Replays, ticker: str) -> dict[str, Decimal]:
    bars = replays.items(f"/assets/{ticker}/prices", adjusted="true", limit=10_000)
    return {bar["date"]: bar["close"] for bar in bars}


def alphavantage_bars(path: Path) -> dict[str, dict[str, str]]:
    """Return bars by day, their columns under plain names."""
    if path.suffix == ".csv":
        return {
            row["timestamp"]: {name.replace("_", " "): text for name, text in row.items()}
            for row in read_csv(path)
        }
    series = next(value for name, value in read_json(path).items() if "Time Series" in name)
    return {
        day: {name.split(". ")[1]: text for name, text in bar.items()}
        for day, bar in series.items()
    }


def alpaca_bars() -> dict[tuple[str, str], list[Decimal]]:
    bars = {}
    for path in sorted((ALPACA / "stocks_bars").glob("*.json")):
        body = read_json(path)
        by_symbol = (
            body["bars"] if isinstance(body["bars"], dict) else {body["symbol"]: body["bars"]}
        )
        for symbol, rows in by_symbol.items():
            for row in rows:
                if re.search(r"T0[45]:00:00Z$", row["t"]):
                    key = alpaca_ticker(symbol), row["t"][:10]
                    bars[key] = [Decimal(row[name]) for name in "ohlcv"]
    return bars


def test_every_split_and_dividend_is_stored(replays: Replays) -> None:
    expected = {
        (ticker, day, kind): figure
        for actions in (alphavantage_actions(), alpaca_actions())
        for ticker, day, kind, figure in actions
    }

    stored = {
        (ticker, str(action.ex_date), action.kind): action.ratio or action.amount
        for ticker in {ticker for ticker, _, _ in expected}
        for action in replays.app.actions.since(ticker)
    }

    assert stored == expected
    assert replays.first.stored["actions"] == len(expected) > 180


def alphavantage_actions() -> Iterator[tuple[str, str, str, Decimal]]:
    for ticker, path in recorded("TIME_SERIES_DAILY_ADJUSTED"):
        for day, bar in alphavantage_bars(path).items():
            if (ratio := Decimal(bar["split coefficient"])) != 1:
                yield ticker, day, "split", ratio
            if amount := Decimal(bar["dividend amount"]):
                yield ticker, day, "dividend", amount
    for ticker, path in recorded("SPLITS"):
        for row in read_csv(path):
            yield ticker, row["effective_date"], "split", Decimal(row["split_factor"])
    for ticker, path in recorded("DIVIDENDS"):
        for row in read_csv(path):
            yield ticker, row["ex_dividend_date"], "dividend", Decimal(row["amount"])


def alpaca_actions() -> Iterator[tuple[str, str, str, Decimal]]:
    for path in (ALPACA / "corporate_actions").glob("*.json"):
        for kind, rows in read_json(path)["corporate_actions"].items():
            for row in rows:
                if kind == "cash_dividends":
                    yield row["symbol"], row["ex_date"], "dividend", Decimal(row["rate"])
                elif kind == "stock_dividends":
                    yield row["symbol"], row["ex_date"], "split", 1 + Decimal(row["rate"])
                elif kind in {"forward_splits", "reverse_splits"}:
                    ratio = Decimal(row["new_rate"]) / Decimal(row["old_rate"])
                    yield row["symbol"], row["ex_date"], "split", ratio


def test_every_article_of_alphavantage_is_served(replays: Replays) -> None:
    for ticker, path in recorded("NEWS_SENTIMENT"):
        expected = {article["url"]: article for article in read_json(path)["feed"]}

        served = {row["url"]: row for row in replays.items("/news", ticker=ticker, limit=100)}

        assert expected.keys() <= served.keys()
        for url, source in expected.items():
            article = served[url]
            assert (article["title"], article["source"]) == (source["title"], source["source"])
            assert article["summary"] == text_or_none(source["summary"])
            assert article["sentiment"] == source["overall_sentiment_score"]
            assert article["label"] == source["overall_sentiment_label"]
            assert re.sub(r"[-:Z]", "", article["publishedAt"]) == source["time_published"]
            assert article["topics"] == [slug(topic["topic"]) for topic in source["topics"]]
            assert article["tickers"] == [
                {
                    "ticker": alphavantage_ticker(company["ticker"]),
                    "relevance": Decimal(company["relevance_score"]),
                    "sentiment": Decimal(company["ticker_sentiment_score"]),
                    "label": company["ticker_sentiment_label"],
                }
                for company in source["ticker_sentiment"]
            ]


def slug(topic: str) -> str:
    """Return a topic as AlphaVantage spells it in requests."""
    return re.sub(r"\W+", "_", topic.replace("&", "and")).lower()


def test_every_article_of_alpaca_is_served(replays: Replays) -> None:
    sources = [row for path in (ALPACA / "news").glob("*.json") for row in read_json(path)["news"]]
    served = {
        article["url"]: article
        for ticker in {alpaca_ticker(symbol) for source in sources for symbol in source["symbols"]}
        for article in replays.items("/news", ticker=ticker, limit=100)
    }

    assert sources
    for source in sources:
        article = served[source["url"]]
        assert article["title"] == source["headline"]
        assert article["source"] == source.get("source", urlsplit(source["url"]).hostname)
        assert article["summary"] == text_or_none(source["summary"])
        assert article["publishedAt"] == source["created_at"]
        assert [(company["ticker"], company["relevance"]) for company in article["tickers"]] == [
            (alpaca_ticker(symbol), 1) for symbol in source["symbols"]
        ]


def test_every_announced_date_is_stored(replays: Replays) -> None:
    rows = [row for _, path in recorded("EARNINGS_CALENDAR") for row in read_csv(path)]
    expected = {
        (ticker, f"earnings_calendar#{row['reportDate']}"): row
        for row in rows
        if TICKER.fullmatch(ticker := alphavantage_ticker(row["symbol"]))
    }

    keys = ({"ticker": ticker, "reportType#date": place} for ticker, place in expected)
    stored = replays.app.store.get_many(FINANCIALS, keys)

    assert len(stored) == len(expected) == replays.first.stored["calendar"]
    for record in stored:
        values = record.item["values"]
        assert isinstance(values, dict)
        row = expected[str(record.item["ticker"]), str(record.item["reportType#date"])]
        assert values.get("estimate") == number(row["estimate"])


def test_every_listing_is_served(replays: Replays) -> None:
    expected: dict[str, tuple[str | None, str | None]] = {}
    for path in by_time(ALPACA / "assets", ALPHAVANTAGE / "LISTING_STATUS"):
        listed = alphavantage_listing(path) if path.suffix == ".csv" else alpaca_listing(path)
        for ticker, (name, exchange) in listed:
            if TICKER.fullmatch(ticker):
                known = expected.get(ticker, (None, None))
                expected[ticker] = name or known[0], exchange or known[1]
    described = {ticker for ticker, _ in recorded("OVERVIEW")}

    tickers = sorted(expected)
    served = {
        asset["ticker"]: (asset["name"], asset["exchange"])
        for start in range(0, len(tickers), 100)
        for asset in replays.get("/assets", tickers=",".join(tickers[start : start + 100]))["items"]
    }

    assert served.keys() == expected.keys()
    for ticker, names in expected.items():
        if None not in names or ticker not in described:
            assert served[ticker] == names, ticker
    assert len(served) == replays.first.stored["listing"] > 17_000


def alphavantage_listing(path: Path) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    for row in read_csv(path):
        names = text_or_none(row["name"]), text_or_none(row["exchange"])
        yield alphavantage_ticker(row["symbol"]), names


def alpaca_listing(path: Path) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """Yield a ticker's best row last: the active one, else the tradable, the named, the first."""
    body = read_json(path)
    for row in sorted(
        body[::-1] if isinstance(body, list) else [body],
        key=lambda row: (row["status"] == "active", row["tradable"], bool(row.get("name"))),
    ):
        names = text_or_none(row.get("name")), text_or_none(row["exchange"])
        yield alpaca_ticker(row["symbol"]), names


def test_freshness_tells_where_data_comes_from(replays: Replays) -> None:
    freshness = replays.get("/assets/IBM")["freshness"].values()
    incomplete = replays.get("/assets/IBM")["freshness"]["prices"]

    assert {data_set["source"] for data_set in freshness} == {"alphavantage"}
    # Nothing is recorded of the years between the long table and the short one.
    assert [data_set for data_set in freshness if not data_set["complete"]] == [incomplete]
    assert max(data_set["asOf"] for data_set in freshness) == "2026-05-15"
