"""Every recorded answer is read, and says what it said."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from signal9_core.domain import (
    BalanceSheet,
    CorporateAction,
    Earnings,
    IntradayInterval,
    Period,
    PriceSeries,
    Report,
    blank_to_none,
)
from signal9_core.errors import BurstError
from signal9_core.providers.alphavantage.lists import (
    read_calendar,
    read_listing,
    read_news,
    read_search,
)
from signal9_core.providers.alphavantage.parsers import PARSERS
from signal9_core.providers.alphavantage.reports import read_overview
from signal9_core.providers.alphavantage.symbols import canonical
from signal9_core.providers.alphavantage.timeseries import read_daily, read_intraday
from signal9_core.providers.parsing import is_ticker

from ..recorded import needs_recordings, recorded

pytestmark = needs_recordings

STATEMENTS = ("BALANCE_SHEET", "CASH_FLOW", "INCOME_STATEMENT")
HEADS = {"fiscalDateEnding", "reportedCurrency", "reportedDate", "reportTime"}
PRICES = ("open", "high", "low", "close")

FIVE_MINUTES = IntradayInterval.FIVE_MINUTES

Raw = dict[str, str]


def _rows(body: bytes) -> list[Raw]:
    return list(csv.DictReader(body.decode().splitlines()))


def _number(text: str | None) -> Decimal | None:
    return None if blank_to_none(text) is None else Decimal(str(text))


def _figures(raw: Raw) -> dict[str, Decimal | None]:
    return {name: _number(value) for name, value in raw.items() if name not in HEADS}


def _reports(function: str) -> Iterator[tuple[list[Report], dict[str, list[Raw]]]]:
    for ticker, body in recorded("alphavantage", function):
        found = list(PARSERS[function](body, ticker))
        assert all(isinstance(each, Report) for each in found)
        yield [each for each in found if isinstance(each, Report)], json.loads(body)


@pytest.mark.parametrize("function", STATEMENTS)
def test_every_figure_of_every_statement(function: str) -> None:
    seen = 0
    for found, source in _reports(function):
        said = [
            (period, raw)
            for period in Period
            for raw in source["annualReports" if period is Period.ANNUAL else "quarterlyReports"]
        ]
        for report, (period, raw) in zip(found, said, strict=True):
            assert report.ticker == canonical(str(source["symbol"]))
            assert (report.period, report.fiscal_date_ending) == (
                period,
                date.fromisoformat(raw["fiscalDateEnding"]),
            )
            assert report.currency == blank_to_none(raw["reportedCurrency"])
            assert report.figures() == _figures(raw)
            seen += 1
    assert seen > 200


def test_every_figure_of_the_earnings_but_those_of_the_running_year() -> None:
    running = {"AFL", "AMZN", "BAC", "BA", "BRK.B", "IBM", "MCD", "MSCI"}
    for found, source in _reports("EARNINGS"):
        ticker = canonical(str(source["symbol"]))
        years = source["annualEarnings"][int(ticker in running) :]
        said = [*years, *source["quarterlyEarnings"]]
        for report, raw in zip(found, said, strict=True):
            assert isinstance(report, Earnings)
            assert report.figures() == _figures(raw)
            assert str(report.reported_date) == raw.get("reportedDate", "None")
            assert report.report_time == raw.get("reportTime")


def test_negative_equity_is_kept() -> None:
    found, _ = next(pair for pair in _reports("BALANCE_SHEET") if pair[0][0].ticker == "AZO")

    assert isinstance(found[0], BalanceSheet)
    assert found[0].total_shareholder_equity is not None
    assert found[0].total_shareholder_equity < 0


def test_every_field_of_every_overview() -> None:
    for ticker, body in recorded("alphavantage", "OVERVIEW"):
        source = json.loads(body)
        found = read_overview(body, ticker)
        assert found is not None
        dumped = found.model_dump(exclude_none=True)
        said = {name: value for name, value in source.items() if blank_to_none(value) is not None}
        assert found.ticker == canonical(ticker)
        assert len(dumped) == len(said)
        for value, text in zip(dumped.values(), _in_order(dumped, said), strict=True):
            expected = Decimal(text) if isinstance(value, Decimal) else text
            assert (value if isinstance(value, Decimal) else str(value)) == expected


def _in_order(dumped: dict[str, object], said: Raw) -> Iterator[str]:
    by_name = {name.lower(): value for name, value in said.items()}
    by_name["ticker"] = canonical(said["Symbol"])
    return (by_name[name.lower()] for name in dumped)


@pytest.mark.parametrize(
    ("function", "day", "figure"),
    [("SPLITS", "effective_date", "split_factor"), ("DIVIDENDS", "ex_dividend_date", "amount")],
)
def test_every_split_and_dividend(function: str, day: str, figure: str) -> None:
    for ticker, body in recorded("alphavantage", function):
        found = PARSERS[function](body, ticker)
        said = sorted(_rows(body), key=lambda raw: raw[day])
        for action, raw in zip(found, said, strict=True):
            assert isinstance(action, CorporateAction)
            assert (action.ticker, str(action.ex_date)) == (ticker, raw[day])
            assert (action.ratio or action.amount) == Decimal(raw[figure])
            for name, text in raw.items():
                if name not in {day, figure}:
                    assert (action.model_extra or {})[name] == blank_to_none(text)


@pytest.mark.parametrize("function", ["TIME_SERIES_DAILY", "TIME_SERIES_DAILY_ADJUSTED"])
def test_every_bar_of_every_table(function: str) -> None:
    for ticker, body in recorded("alphavantage", function, "*.csv"):
        found = read_daily(body, ticker)
        assert found is not None
        rows = _rows(body)[::-1]
        assert [str(found.series.day(at)) for at in range(len(rows))] == [
            row["timestamp"] for row in rows
        ]
        for name in PRICES:
            assert found.series.prices(name) == [Decimal(row[name]) for row in rows]
        assert list(found.series.volume) == [int(row["volume"]) for row in rows]
        if "adjusted_close" in rows[0]:
            assert found.series.adjusted_closes() == [
                Decimal(row["adjusted_close"]) for row in rows
            ]
        amounts = [Decimal(row.get("dividend_amount", 0)) for row in rows]
        assert sum(amounts) == sum(each.amount or 0 for each in found.actions)


def test_every_bar_of_every_document() -> None:
    for ticker, body in recorded("alphavantage", "TIME_SERIES_DAILY_ADJUSTED", "*.json"):
        (series, *_) = PARSERS["TIME_SERIES_DAILY_ADJUSTED"](body, ticker)
        assert isinstance(series, PriceSeries)
        source = json.loads(body)["Time Series (Daily)"]
        for bar in series:
            raw = source[str(bar.day)]
            assert (bar.open, bar.close) == (Decimal(raw["1. open"]), Decimal(raw["4. close"]))
            assert bar.adjusted_close == Decimal(raw["5. adjusted close"])
        assert len(series) == len(source)


def test_every_bar_of_five_minutes() -> None:
    for ticker, body in recorded("alphavantage", "TIME_SERIES_INTRADAY"):
        bars, rows = read_intraday(body, ticker, FIVE_MINUTES), _rows(body)[::-1]
        for bar, row in zip(bars or (), rows, strict=True):
            values = (bar.open, bar.high, bar.low, bar.close, Decimal(bar.volume))
            assert values == tuple(Decimal(row[name]) for name in (*PRICES, "volume"))


def test_every_row_of_the_lists() -> None:
    (_, listing), _ = recorded("alphavantage", "LISTING_STATUS")
    (_, calendar), *_ = recorded("alphavantage", "EARNINGS_CALENDAR")

    assets, entries = read_listing(listing), read_calendar(calendar)

    said = [row for row in _rows(listing) if is_ticker(canonical(row["symbol"]))]
    assert len(_rows(listing)) - len(said) == 3
    assert [(each.ticker, each.name, each.exchange, str(each.ipo_date)) for each in assets] == [
        (canonical(row["symbol"]), row["name"] or None, row["exchange"], row["ipoDate"])
        for row in said
    ]
    assert [
        (each.ticker, str(each.report_date), each.estimate, each.currency) for each in entries
    ] == [
        (canonical(row["symbol"]), row["reportDate"], _number(row["estimate"]), row["currency"])
        for row in _rows(calendar)
    ]


def test_every_article() -> None:
    ((_, body),) = recorded("alphavantage", "NEWS_SENTIMENT")
    feed = json.loads(body, parse_float=Decimal)["feed"]

    for article, raw in zip(read_news(body), feed, strict=True):
        assert (article.title, article.summary, article.url) == (
            raw["title"],
            raw["summary"],
            raw["url"],
        )
        assert article.published_at.strftime("%Y%m%dT%H%M%S") == raw["time_published"]
        assert article.sentiment == raw["overall_sentiment_score"]
        assert article.label == raw["overall_sentiment_label"]
        assert len(article.topics) == len(raw["topics"])
        assert [
            (each.ticker, each.relevance, each.sentiment, each.label) for each in article.tickers
        ] == [
            (
                canonical(each["ticker"]),
                Decimal(each["relevance_score"]),
                Decimal(each["ticker_sentiment_score"]),
                each["ticker_sentiment_label"],
            )
            for each in raw["ticker_sentiment"]
        ]


def test_every_match() -> None:
    for _, body in recorded("alphavantage", "SYMBOL_SEARCH"):
        assert all(0 < match.match_score <= 1 for match in read_search(body))


def test_every_error_text_is_one() -> None:
    for ticker, body in recorded("alphavantage", "_errors"):
        for function in PARSERS:
            with pytest.raises(BurstError):
                list(PARSERS[function](body, ticker))
