"""Every recorded answer is read, and says what it said."""

import json
from decimal import Decimal

import pytest

from signal9_core.errors import PayloadError
from signal9_core.providers.alpaca.parsers import (
    read_actions,
    read_assets,
    read_daily_bars,
    read_news,
)
from signal9_core.providers.parsing import is_ticker

from ..recorded import needs_recordings, recorded

pytestmark = needs_recordings


def test_every_asset() -> None:
    for _, body in recorded("alpaca", "assets"):
        source = json.loads(body)
        said = {}
        for raw in source if isinstance(source, list) else [source]:
            if raw["symbol"].upper() not in said or raw["status"] == "active":
                said[raw["symbol"].upper()] = raw
        found = read_assets(body)
        assert {each.ticker for each in found} == {name for name in said if is_ticker(name)}
        for asset in found:
            raw = said[asset.ticker]
            assert (asset.name, asset.exchange, asset.status, asset.asset_type) == (
                raw.get("name") or None,
                raw["exchange"],
                raw["status"],
                raw.get("class"),
            )
            assert asset.model_extra is not None
            assert asset.model_extra["id"] == raw["id"]
            assert asset.model_extra["tradable"] == raw["tradable"]


def test_daily_bars_are_told_from_shorter_ones() -> None:
    refused = 0
    for _, body in recorded("alpaca", "stocks_bars"):
        try:
            for series in read_daily_bars(body):
                assert f"{series.day(0)}" in body.decode()
        except PayloadError:
            refused += 1
    assert refused == 2


def test_every_split_and_dividend() -> None:
    kinds = ("cash_dividends", "forward_splits", "reverse_splits", "stock_dividends")
    for _, body in recorded("alpaca", "corporate_actions"):
        source = json.loads(body, parse_float=Decimal)["corporate_actions"]
        said = [(name, raw) for name in kinds for raw in source.get(name, [])]
        said.sort(key=lambda each: (each[1]["ex_date"], each[1]["symbol"]))
        for action, (name, raw) in zip(read_actions(body), said, strict=True):
            assert (action.ticker, str(action.ex_date)) == (raw["symbol"], raw["ex_date"])
            if name == "cash_dividends":
                assert action.amount == raw["rate"]
            elif name == "stock_dividends":
                assert action.ratio == 1 + raw["rate"]
            else:
                assert action.ratio == Decimal(raw["new_rate"]) / raw["old_rate"]


def test_every_article() -> None:
    for _, body in recorded("alpaca", "news"):
        for article, raw in zip(read_news(body), json.loads(body)["news"], strict=True):
            assert (article.title, article.summary, article.url) == (
                raw["headline"],
                raw["summary"],
                raw["url"],
            )
            assert article.published_at.strftime("%Y-%m-%dT%H:%M:%SZ") == raw["created_at"]
            assert [each.ticker for each in article.tickers] == raw["symbols"]


@pytest.mark.parametrize("read", [read_assets, read_news, read_daily_bars, read_actions])
def test_no_error_is_taken_for_data(read: object) -> None:
    assert callable(read)
    for _, body in recorded("alpaca", "_errors"):
        with pytest.raises(PayloadError):
            read(body)
