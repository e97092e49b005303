"""Every recorded response is read, and every value is compared with its source.

The sources are read here with plain `json` and `csv`.
"""

import csv
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.model import blank_to_none
from signal9_core.domain.reports import BalanceSheet, CashFlow, Earnings, IncomeStatement, Statement
from signal9_core.errors import PayloadError, RateLimitError
from signal9_core.providers.alpaca.parsers import FORMAT as ALPACA
from signal9_core.providers.alpaca.parsers import (
    parse_actions,
    parse_assets,
    parse_daily_bars,
    parse_news,
)
from signal9_core.providers.alphavantage.news import parse_news as parse_sentiment
from signal9_core.providers.alphavantage.parsers import FORMAT as ALPHAVANTAGE
from signal9_core.providers.alphavantage.prices import Daily, parse_daily
from signal9_core.providers.alphavantage.reports import (
    parse_calendar,
    parse_earnings,
    parse_listing,
    parse_overview,
    parse_statements,
)
from signal9_core.providers.alphavantage.responses import canonical
from signal9_core.providers.parsing import is_ticker
from tests.recordings import needs_recordings, recorded

pytestmark = needs_recordings

HEADS = {"fiscalDateEnding", "reportedCurrency", "reportedDate", "reportTime"}
IN_PROGRESS = {"AFL", "AMZN", "BAC", "BA", "BRK.B", "IBM", "MCD", "MSCI"}
"""The first of their annual earnings is a year in progress."""

Raw = dict[str, str]


def _rows(content: bytes) -> list[Raw]:
    return list(csv.DictReader(content.decode().splitlines()))


def _number(text: str | None) -> Decimal | None:
    return None if blank_to_none(text) is None else Decimal(str(text))


def _figures(raw: Raw) -> dict[str, Decimal | None]:
    return {name: _number(value) for name, value in raw.items() if name not in HEADS}


@pytest.mark.parametrize("kind", [BalanceSheet, CashFlow, IncomeStatement])
def test_every_figure_of_every_statement(kind: type[Statement]) -> None:
    compared = 0
    for symbol, content in recorded("alphavantage", kind.kind.upper()):
        source = json.loads(content)
        expected = [("annual", raw) for raw in source["annualReports"]]
        expected += [("quarterly", raw) for raw in source["quarterlyReports"]]
        found = parse_statements(content, None, kind)
        for report, (period, raw) in zip(found, expected, strict=True):
            assert (report.ticker, report.period) == (canonical(symbol), period)
            assert str(report.fiscal_date_ending) == raw["fiscalDateEnding"]
            assert report.currency == blank_to_none(raw["reportedCurrency"])
            assert report.figures() == _figures(raw)
            compared += 1
    assert compared > 200


def test_every_figure_of_the_earnings_of_finished_years() -> None:
    for symbol, content in recorded("alphavantage", "EARNINGS"):
        source = json.loads(content)
        years = source["annualEarnings"][int(canonical(symbol) in IN_PROGRESS) :]
        expected = [*years, *source["quarterlyEarnings"]]
        for report, raw in zip(parse_earnings(content, symbol), expected, strict=True):
            assert isinstance(report, Earnings)
            assert report.figures() == _figures(raw)
            assert str(report.reported_date) == raw.get("reportedDate", "None")
            assert report.report_time == raw.get("reportTime")


def test_every_field_of_every_overview() -> None:
    for symbol, content in recorded("alphavantage", "OVERVIEW"):
        overview = parse_overview(content, None)
        assert overview is not None
        source = {
            name.lower(): value
            for name, value in json.loads(content).items()
            if blank_to_none(value) is not None
        }
        source["ticker"] = canonical(source.pop("symbol"))
        dumped = overview.model_dump(exclude_none=True)
        assert overview.ticker == canonical(symbol)
        assert dumped.keys() != source.keys()  # their names differ in case
        for name, value in dumped.items():
            text = source.pop(name.lower())
            assert value == Decimal(text) if isinstance(value, Decimal) else str(value) == text
        assert source == {}


@pytest.mark.parametrize(
    ("function", "day", "figure"),
    [("SPLITS", "effective_date", "split_factor"), ("DIVIDENDS", "ex_dividend_date", "amount")],
)
def test_every_split_and_dividend_of_alphavantage(function: str, day: str, figure: str) -> None:
    for symbol, content in recorded("alphavantage", function):
        found = ALPHAVANTAGE.parsers[function](content, symbol)
        expected = sorted(_rows(content), key=lambda raw: raw[day])
        for action, raw in zip(found, expected, strict=True):
            assert isinstance(action, CorporateAction)
            assert (action.ticker, str(action.ex_date)) == (symbol, raw.pop(day))
            assert (action.ratio or action.amount) == Decimal(raw.pop(figure))
            assert action.model_extra == {name: blank_to_none(text) for name, text in raw.items()}


def _bars(content: bytes) -> list[Raw]:
    """Return the rows of a recorded daily series under the names of its table, oldest first."""
    if not content.lstrip().startswith(b"{"):
        return _rows(content)[::-1]
    days = json.loads(content)["Time Series (Daily)"]
    return [
        {"timestamp": day} | {name[3:].replace(" ", "_"): text for name, text in bar.items()}
        for day, bar in sorted(days.items())
    ]


def _histories() -> Iterator[tuple[list[Raw], Daily]]:
    for function in ("TIME_SERIES_DAILY", "TIME_SERIES_DAILY_ADJUSTED"):
        for symbol, content in recorded("alphavantage", function):
            daily = parse_daily(content, symbol)
            assert daily is not None
            yield _bars(content), daily


def test_every_bar_split_and_dividend_of_every_history() -> None:
    for rows, (series, actions, _) in _histories():
        for bar, row in zip(series, rows, strict=True):
            assert str(bar.day) == row["timestamp"]
            assert [bar.open, bar.high, bar.low, bar.close, bar.volume] == [
                Decimal(row[name]) for name in ("open", "high", "low", "close", "volume")
            ]
        found = {(str(action.ex_date), action.amount or action.ratio) for action in actions}
        paid = {(row["timestamp"], Decimal(row.get("dividend_amount", 0))) for row in rows}
        split = {(row["timestamp"], Decimal(row.get("split_coefficient", 1))) for row in rows}
        expected = {pair for pair in paid if pair[1]} | {pair for pair in split if pair[1] != 1}
        assert found == expected


def test_every_row_of_the_lists() -> None:
    (_, listing), *_ = recorded("alphavantage", "LISTING_STATUS")
    (_, calendar), *_ = recorded("alphavantage", "EARNINGS_CALENDAR")
    rows = [row for row in _rows(listing) if is_ticker(canonical(row["symbol"]))]

    assert len(_rows(listing)) - len(rows) == 3
    assert [
        (asset.ticker, asset.name, asset.exchange, str(asset.ipo_date))
        for asset in parse_listing(listing)
    ] == [
        (canonical(row["symbol"]), row["name"] or None, row["exchange"], row["ipoDate"])
        for row in rows
    ]
    assert [
        (entry.ticker, str(entry.report_date), entry.estimate, entry.currency)
        for entry in parse_calendar(calendar)
    ] == [
        (canonical(row["symbol"]), row["reportDate"], _number(row["estimate"]), row["currency"])
        for row in _rows(calendar)
    ]


def test_every_article_of_alphavantage() -> None:
    ((_, content),) = recorded("alphavantage", "NEWS_SENTIMENT")
    feed = json.loads(content, parse_float=Decimal)["feed"]

    for article, raw in zip(parse_sentiment(content), feed, strict=True):
        assert (article.title, article.summary) == (raw["title"], raw["summary"])
        assert (article.url, article.source) == (raw["url"], raw["source"])
        assert f"{article.published_at:%Y%m%dT%H%M%S}" == raw["time_published"]
        assert article.sentiment == raw["overall_sentiment_score"]
        assert article.label == raw["overall_sentiment_label"]
        assert len(article.topics) == len(raw["topics"])
        assert (article.model_extra or {})["authors"] == raw["authors"]
        assert [
            (tone.ticker, tone.relevance, tone.sentiment, tone.label) for tone in article.tickers
        ] == [
            (
                canonical(tone["ticker"]),
                Decimal(tone["relevance_score"]),
                Decimal(tone["ticker_sentiment_score"]),
                tone["ticker_sentiment_label"],
            )
            for tone in raw["ticker_sentiment"]
        ]
        assert type(article).model_validate(article.model_dump()) == article


def test_every_asset() -> None:
    for _, content in recorded("alpaca", "assets"):
        source = json.loads(content)
        winners: dict[str, Any] = {}
        for raw in source if isinstance(source, list) else [source]:
            if raw["symbol"].upper() not in winners or raw["status"] == "active":
                winners[raw["symbol"].upper()] = raw
        found = {asset.ticker: asset for asset in parse_assets(content)}
        assert found.keys() == {name for name in winners if is_ticker(name)}
        for ticker, asset in found.items():
            raw = winners[ticker]
            known = (asset.name, asset.exchange, asset.status, asset.asset_type)
            names = ("name", "exchange", "status", "class")
            assert known == tuple(raw.pop(name, None) or None for name in names)
            del raw["symbol"]
            assert asset.model_extra == {name: blank_to_none(raw[name]) for name in raw}


def test_every_daily_bar_of_alpaca() -> None:
    refused = 0
    for _, content in recorded("alpaca", "stocks_bars"):
        source = json.loads(content, parse_float=Decimal)
        bars = source["bars"] or {}
        expected = bars if isinstance(bars, dict) else {source["symbol"]: bars}
        try:
            found = parse_daily_bars(content)
        except ValueError:
            refused += 1  # bars of fifteen minutes and of an hour
            continue
        assert {series.ticker for series in found} == expected.keys()
        for series in found:
            rows = sorted(expected[series.ticker], key=lambda row: str(row["t"]))
            for bar, row in zip(series, rows, strict=True):
                assert str(bar.day) == row["t"][:10]
                values = [bar.open, bar.high, bar.low, bar.close, bar.volume]
                assert values == [row[name] for name in "ohlcv"]
    assert refused == 2


def test_every_split_and_dividend_of_alpaca() -> None:
    kinds = ("cash_dividends", "forward_splits", "reverse_splits", "stock_dividends")
    for _, content in recorded("alpaca", "corporate_actions"):
        source = json.loads(content, parse_float=Decimal)["corporate_actions"]
        rows = [(kind, raw) for kind in kinds for raw in source.get(kind, [])]
        rows.sort(key=lambda row: (row[1]["ex_date"], row[1]["symbol"]))
        for action, (kind, raw) in zip(parse_actions(content), rows, strict=True):
            assert (action.ticker, str(action.ex_date)) == (raw["symbol"], raw["ex_date"])
            if kind == "cash_dividends":
                assert action.amount == raw["rate"]
            elif kind == "stock_dividends":
                assert action.ratio == 1 + raw["rate"]
            else:
                assert action.ratio == Decimal(raw["new_rate"]) / raw["old_rate"]


def test_every_article_of_alpaca() -> None:
    for _, content in recorded("alpaca", "news"):
        for article, raw in zip(parse_news(content), json.loads(content)["news"], strict=True):
            assert article.id == f"alpaca-{raw['id']}"
            assert (article.title, article.summary) == (raw["headline"], raw["summary"])
            assert article.url == raw["url"]
            assert f"{article.published_at:%Y-%m-%dT%H:%M:%SZ}" == raw["created_at"]
            assert [tone.ticker for tone in article.tickers] == raw["symbols"]
            assert (article.model_extra or {})["author"] == raw["author"]


def test_no_error_is_taken_for_data() -> None:
    for symbol, content in recorded("alphavantage", "_errors"):
        for parse in ALPHAVANTAGE.parsers.values():
            with pytest.raises(RateLimitError):
                list(parse(content, symbol))
    for symbol, content in recorded("alpaca", "_errors"):
        for parse in ALPACA.parsers.values():
            with pytest.raises(PayloadError):
                list(parse(content, symbol))
