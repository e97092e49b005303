"""Every recorded body, replayed: what the API serves is what its source says.

Sources are read here by plain `json` and `csv`, knowing nothing of the project's own parsers.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.schemas import ReplayAnswer
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import FINANCIALS
from tests.fakes import SetClock
from tests.recordings import RECORDINGS, needs_recordings
from tests.spied import SpiedStore

from .sample import target

pytestmark = needs_recordings

ALPACA: Final = RECORDINGS / "alpaca"
ALPHAVANTAGE: Final = RECORDINGS / "alphavantage"
MISSING: Final = {"None", "-", "", "null", None}
STATEMENTS: Final = ("INCOME_STATEMENT", "BALANCE_SHEET", "CASH_FLOW")
NO_FIGURES: Final = {"fiscalDateEnding", "reportedCurrency", "reportedDate", "reportTime"}
PRICES: Final = ("open", "high", "low", "close", "volume")
TICKER: Final = re.compile(r"[A-Z0-9][A-Z0-9.:_\-]{0,19}")


class Replays(NamedTuple):
    app: App
    api: httpx2.Client
    first: ReplayAnswer
    second: ReplayAnswer
    written: list[str]

    def get(self, path: str, **query: object) -> Any:
        """Return what the API answers, numbers as they are written."""
        response = self.api.get(path, params={name: str(each) for name, each in query.items()})
        assert response.status_code == 200, response.text
        return json.loads(response.text, parse_float=Decimal)

    def pages(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield what is on every page."""
        more: dict[str, object] = {}
        while True:
            page = self.get(path, **query, **more)
            yield from page["items"]
            if page["nextCursor"] is None:
                return
            more = {"cursor": page["nextCursor"]}


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
def _json(path: Path) -> Any:
    return json.loads(path.read_bytes(), parse_float=Decimal)


def _table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


def _in_time(paths: Iterable[Path]) -> list[Path]:
    """Return files in order of time: later ones win, and those that say no time are first."""
    return sorted(paths, key=lambda path: (_said(path), path.relative_to(RECORDINGS).as_posix()))


def _said(path: Path) -> str:
    found = re.search(r"_(\d{4})(-\d\d)?$", path.stem)
    return f"{found[1]}{found[2] or '-12'}" if found else ""


def _recorded(*functions: str) -> Iterator[tuple[str, Path]]:
    for path in _in_time(chain(*((ALPHAVANTAGE / each).glob("*") for each in functions))):
        yield _at_alphavantage(path.stem.partition("_")[0]), path


def _at_alphavantage(symbol: str) -> str:
    text = re.sub(r"^([A-Z0-9]+)[-/]P-?([A-Z])$", r"\1.P\2", symbol.strip().upper())
    return re.sub(r"^([A-Z0-9]+)[-/]([A-Z]{1,2})$", r"\1.\2", text)


def _at_alpaca(symbol: str) -> str:
    return re.sub(r"^([A-Z0-9]+)\.PR([A-Z])$", r"\1.P\2", symbol.strip().upper())


def _number(text: Any) -> Decimal | None:
    return None if text in MISSING else Decimal(text)


def _text(text: Any) -> str | None:
    return None if text in MISSING else str(text)


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
@pytest.mark.parametrize("period", ["annual", "quarterly"])
def test_every_reported_figure_is_served(replays: Replays, function: str, period: str) -> None:
    expected: dict[tuple[str, str], Mapping[str, Any]] = {}
    suffix = "Earnings" if function == "EARNINGS" else "Reports"
    running = set()
    for ticker, path in _recorded(function):
        reports = _json(path)[f"{period}{suffix}"]
        expected |= {(ticker, each["fiscalDateEnding"]): each for each in reports}
        if function == "EARNINGS" and period == "annual":
            running.add((ticker, reports[0]["fiscalDateEnding"]))

    asked = {"report": function.lower(), "period": period, "limit": 100}
    served = {
        (ticker, row["fiscalDateEnding"]): row
        for ticker in {ticker for ticker, _ in expected}
        for row in replays.pages(f"/financials/{ticker}", **asked)
    }

    # The running year may be left out: it is no annual figure.
    assert expected.keys() - running <= served.keys() <= expected.keys()
    for key, row in served.items():
        source = expected[key]
        figures = {name: _number(each) for name, each in source.items() if name not in NO_FIGURES}
        assert row["values"] == figures, key
        assert row["currency"] == _text(source.get("reportedCurrency"))


def test_every_description_is_served(replays: Replays) -> None:
    latest = {ticker: _json(path) for ticker, path in _recorded("OVERVIEW")}
    names = ("Description", "Sector", "Industry", "Country", "Currency", "FiscalYearEnd")

    for ticker, source in latest.items():
        found = replays.get(f"/assets/{ticker}")
        for name in names:
            assert found[f"{name[0].lower()}{name[1:]}"] == _text(source[name])
        assert found["cik"] == _text(source["CIK"])
        assert found["marketCapitalization"] == _number(source["MarketCapitalization"])
        kept = replays.app.assets.get(ticker)
        assert kept is not None
        assert kept.overview is not None
        figures = set(map(str, (kept.overview.model_extra or {}).values()))
        assert {source[name] for name in ("EBITDA", "PERatio", "Beta")} <= figures


def test_every_bar_is_served(replays: Replays) -> None:
    expected: dict[tuple[str, str], list[Decimal]] = {}
    for ticker, path in _recorded("TIME_SERIES_DAILY", "TIME_SERIES_DAILY_ADJUSTED"):
        for day, bar in _bars(path).items():
            expected[ticker, day] = [Decimal(bar[name]) for name in PRICES]
    for symbol, day, values in _alpaca_bars():
        expected[symbol, day] = values

    served = {
        (ticker, bar["date"]): [Decimal(bar[name]) for name in PRICES]
        for ticker in {ticker for ticker, _ in expected}
        for bar in replays.pages(f"/assets/{ticker}/prices", limit=10_000)
    }

    assert served == expected
    assert len(served) > 20_000


def test_every_adjusted_close_is_served(replays: Replays) -> None:
    latest = dict(_recorded("TIME_SERIES_DAILY_ADJUSTED"))

    for ticker, path in latest.items():
        bars = _bars(path)
        served = {
            bar["date"]: bar["close"]
            for bar in replays.pages(f"/assets/{ticker}/prices", adjusted="true", limit=10_000)
        }
        assert bars.keys() <= served.keys()
        for day, bar in bars.items():
            vendors = Decimal(bar["adjusted close"])
            assert abs(served[day] - vendors) <= vendors * Decimal("1e-7"), (ticker, day)


def test_adjusted_closes_of_long_ago_follow_from_what_happened_since(replays: Replays) -> None:
    """What the source adjusted in 2020 has since been divided by what was paid and split."""
    bars = _bars(ALPHAVANTAGE / "TIME_SERIES_DAILY_ADJUSTED" / "IBM_full_2020-11.csv")
    served = {
        bar["date"]: bar["close"]
        for bar in replays.pages("/assets/IBM/prices", adjusted="true", limit=10_000)
    }

    factors = [served[day] / Decimal(bar["adjusted close"]) for day, bar in bars.items()]

    assert max(factors) < Decimal("0.96")  # there was a split of 1.046 at the least
    assert max(factors) - min(factors) < Decimal("1e-5")


def _bars(path: Path) -> dict[str, dict[str, str]]:
    """Return bars of AlphaVantage by day, their columns under plain names."""
    if path.suffix == ".csv":
        return {
            row["timestamp"]: {name.replace("_", " "): text for name, text in row.items()}
            for row in _table(path)
        }
    found = next(each for name, each in _json(path).items() if "Time Series" in name)
    return {
        day: {name.split(". ")[1]: text for name, text in bar.items()} for day, bar in found.items()
    }


def _alpaca_bars() -> Iterator[tuple[str, str, list[Decimal]]]:
    for path in sorted((ALPACA / "stocks_bars").glob("*.json")):
        found = _json(path)
        bars = found["bars"]
        by_symbol = bars if isinstance(bars, dict) else {found["symbol"]: bars}
        for symbol, rows in by_symbol.items():
            for row in rows:
                if re.search(r"T0[45]:00:00Z$", row["t"]):
                    yield (
                        _at_alpaca(symbol),
                        row["t"][:10],
                        [Decimal(row[name]) for name in "ohlcv"],
                    )


def test_every_split_and_dividend_is_kept(replays: Replays) -> None:
    expected = {
        (ticker, day, kind): figure
        for ticker, day, kind, figure in chain(_alphavantage_actions(), _alpaca_actions())
    }

    kept = {
        (ticker, str(each.ex_date), each.kind): each.ratio or each.amount
        for ticker in {ticker for ticker, _, _ in expected}
        for each in replays.app.actions.since(ticker)
    }

    assert kept == expected
    assert replays.first.stored["actions"] == len(expected) > 180


def _alphavantage_actions() -> Iterator[tuple[str, str, str, Decimal]]:
    for ticker, path in _recorded("TIME_SERIES_DAILY_ADJUSTED", "SPLITS", "DIVIDENDS"):
        if path.parent.name == "SPLITS":
            for row in _table(path):
                yield ticker, row["effective_date"], "split", Decimal(row["split_factor"])
        elif path.parent.name == "DIVIDENDS":
            for row in _table(path):
                yield ticker, row["ex_dividend_date"], "dividend", Decimal(row["amount"])
        else:
            for day, bar in _bars(path).items():
                if (ratio := Decimal(bar["split coefficient"])) != 1:
                    yield ticker, day, "split", ratio
                if amount := Decimal(bar["dividend amount"]):
                    yield ticker, day, "dividend", amount


def _alpaca_actions() -> Iterator[tuple[str, str, str, Decimal]]:
    for path in (ALPACA / "corporate_actions").glob("*.json"):
        found = _json(path)["corporate_actions"]
        for each in found.get("cash_dividends", ()):
            yield each["symbol"], each["ex_date"], "dividend", Decimal(each["rate"])
        for each in found.get("stock_dividends", ()):
            yield each["symbol"], each["ex_date"], "split", 1 + Decimal(each["rate"])
        for each in (*found.get("forward_splits", ()), *found.get("reverse_splits", ())):
            ratio = Decimal(each["new_rate"]) / Decimal(each["old_rate"])
            yield each["symbol"], each["ex_date"], "split", ratio


def test_every_article_of_alphavantage_is_served(replays: Replays) -> None:
    for ticker, path in _recorded("NEWS_SENTIMENT"):
        expected = {each["url"]: each for each in _json(path)["feed"]}

        served = {each["url"]: each for each in replays.pages("/news", ticker=ticker, limit=100)}

        assert expected.keys() <= served.keys()
        for url, source in expected.items():
            found = served[url]
            assert (found["title"], found["source"]) == (source["title"], source["source"])
            assert found["summary"] == _text(source["summary"])
            assert found["sentiment"] == source["overall_sentiment_score"]
            assert found["label"] == source["overall_sentiment_label"]
            assert re.sub(r"[-:Z]", "", found["publishedAt"]) == source["time_published"]
            assert found["topics"] == [_slug(each["topic"]) for each in source["topics"]]
            assert found["tickers"] == [
                {
                    "ticker": _at_alphavantage(each["ticker"]),
                    "relevance": Decimal(each["relevance_score"]),
                    "sentiment": Decimal(each["ticker_sentiment_score"]),
                    "label": each["ticker_sentiment_label"],
                }
                for each in source["ticker_sentiment"]
            ]


def _slug(topic: str) -> str:
    """Return a topic as AlphaVantage wants to be asked for it."""
    return re.sub(r"\W+", "_", topic.replace("&", "and")).lower()


def test_every_article_of_alpaca_is_served(replays: Replays) -> None:
    articles = [each for path in (ALPACA / "news").glob("*.json") for each in _json(path)["news"]]
    served = {
        each["url"]: each
        for symbol in {_at_alpaca(symbol) for each in articles for symbol in each["symbols"]}
        for each in replays.pages("/news", ticker=symbol, limit=100)
    }

    assert articles
    for source in articles:
        found = served[source["url"]]
        assert found["title"] == source["headline"]
        assert found["source"] == source.get("source", urlsplit(source["url"]).hostname)
        assert found["summary"] == _text(source["summary"])
        assert found["publishedAt"] == source["created_at"]
        assert [(each["ticker"], each["relevance"]) for each in found["tickers"]] == [
            (_at_alpaca(symbol), 1) for symbol in source["symbols"]
        ]


def test_every_announced_date_is_stored(replays: Replays) -> None:
    rows = [
        (_at_alphavantage(row["symbol"]), row)
        for _, path in _recorded("EARNINGS_CALENDAR")
        for row in _table(path)
    ]
    expected = {
        (ticker, f"earnings_calendar#{row['reportDate']}"): row
        for ticker, row in rows
        if TICKER.fullmatch(ticker)
    }

    keys = ({"ticker": ticker, "reportType#date": place} for ticker, place in expected)
    found = replays.app.store.get_many(FINANCIALS, keys)

    assert len(found) == len(expected) == replays.first.stored["calendar"]
    for each in found:
        values = each.item["values"]
        assert isinstance(values, dict)
        row = expected[str(each.item["ticker"]), str(each.item["reportType#date"])]
        assert values.get("estimate") == _number(row["estimate"])


def test_every_listing_is_served(replays: Replays) -> None:
    expected: dict[str, tuple[str | None, str | None]] = {}
    lists = (ALPACA / "assets", ALPHAVANTAGE / "LISTING_STATUS")
    for path in _in_time(chain(*(folder.glob("*") for folder in lists))):
        listed = _listed_at_alphavantage(path) if path.suffix == ".csv" else _listed_at_alpaca(path)
        expected |= {ticker: each for ticker, each in listed if TICKER.fullmatch(ticker)}
    described = {ticker for ticker, _ in _recorded("OVERVIEW")}

    tickers = sorted(expected)
    served = {
        each["ticker"]: (each["name"], each["exchange"])
        for at in range(0, len(tickers), 100)
        for each in replays.get("/assets", tickers=",".join(tickers[at : at + 100]))["items"]
    }

    assert served.keys() == expected.keys()
    for ticker, each in expected.items():
        if None not in each or ticker not in described:
            assert served[ticker] == each, ticker
    assert len(served) == replays.first.stored["listing"] > 17_000


def _listed_at_alphavantage(path: Path) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    for row in _table(path):
        yield _at_alphavantage(row["symbol"]), (_text(row["name"]), _text(row["exchange"]))


def _listed_at_alpaca(path: Path) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    """Yield each symbol once: the active one, or else the tradable, the named, the first."""
    found = _json(path)
    # From the last to the first, the best last, so that of equal ones the first one stays.
    for each in sorted(
        found[::-1] if isinstance(found, list) else [found],
        key=lambda each: (each["status"] == "active", each["tradable"], bool(each.get("name"))),
    ):
        yield _at_alpaca(each["symbol"]), (_text(each.get("name")), _text(each["exchange"]))


def test_freshness_tells_where_it_comes_from(replays: Replays) -> None:
    freshness = replays.get("/assets/IBM")["freshness"]

    assert {each["source"] for each in freshness.values()} == {"alphavantage"}
    # Of the years between the long table and the short one nothing is recorded.
    assert {name for name, each in freshness.items() if not each["complete"]} == {"prices"}
    assert max(each["asOf"] for each in freshness.values()) == "2026-05-15"
