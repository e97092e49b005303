import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from signal9_core.domain import IntradayInterval, PriceSeries, nonsense_in
from signal9_core.errors import PayloadError
from signal9_core.providers.alpaca.prices import bars, corporate_actions, next_page_token
from tests.recordings import recorded

from ..strategies import price_series


def page(series: PriceSeries, token: str | None = None) -> bytes:
    rows = [
        {
            "t": f"{bar.day}T04:00:00Z",
            "o": float(bar.open),
            "h": float(bar.high),
            "l": float(bar.low),
            "c": float(bar.close),
            "v": bar.volume,
            "n": 3,
            "vw": 1.5,
        }
        for bar in series
    ]
    return json.dumps({"bars": {series.ticker: rows}, "next_page_token": token}).encode()


def makes_sense(series: PriceSeries) -> bool:
    """Tell whether random prices happen not to jump."""
    return nonsense_in(series) is None


@settings(deadline=None, max_examples=30)
@given(price_series("BRK.B", adjusted=False, min_size=2).filter(makes_sense))
def test_what_is_sent_in_pages_is_what_is_read(series: PriceSeries) -> None:
    half = len(series) // 2
    pages = [page(series.slice(0, half), "more"), page(series.slice(half, len(series)))]

    read = bars(pages)

    assert list(read["BRK.B"]) == list(series)
    assert [next_page_token(each) for each in pages] == ["more", None]


@pytest.mark.parametrize("path", recorded("alpaca/stocks_bars/*"))
def test_recorded_pages_are_read_whole_and_exactly(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    sent = content["bars"]
    expected = sent if isinstance(sent, dict) else {content["symbol"]: sent}

    found = bars([path.read_bytes()], IntradayInterval.FIFTEEN_MINUTES)

    assert found.keys() == expected.keys()
    for symbol, rows in expected.items():
        ordered = sorted(rows, key=lambda row: str(row["t"]))
        assert found[symbol].prices("high") == [row["h"] for row in ordered]
        assert found[symbol].instant(0) == datetime.fromisoformat(ordered[0]["t"])


def test_daily_bars_have_the_day_of_new_york() -> None:
    rows = b'{"t":"2022-03-11T05:00:00Z","o":1,"h":1,"l":1,"c":1,"v":1},'
    rows += b'{"t":"2022-03-14T04:00:00Z","o":1,"h":1,"l":1,"c":1,"v":1}'

    series = bars([b'{"bars":[' + rows + b'],"symbol":"IBM"}'])["IBM"]

    assert [series.day(at) for at in range(2)] == [date(2022, 3, 11), date(2022, 3, 14)]


def test_bars_within_days_have_their_moment() -> None:
    row = b'{"t":"2024-01-06T00:55:00Z","o":1,"h":1,"l":1,"c":1,"v":1}'

    series = bars([b'{"bars":{"IBM":[' + row + b"]}}"], IntradayInterval.FIVE_MINUTES)["IBM"]

    assert series.day(0) == date(2024, 1, 5)
    assert series.instant(0) == datetime(2024, 1, 6, 0, 55, tzinfo=UTC)


@pytest.mark.parametrize("body", [b"", b'{"code":40110000}', b'{"bars":{"IBM":[{"t":"x"}]}}'])
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError, match=r"^alpaca sent no page of bars"):
        bars([body])


def test_a_price_that_is_noise_is_refused() -> None:
    row = b'{"t":"2024-01-05T05:00:00Z","o":1e-30,"h":1,"l":0,"c":1,"v":1}'

    with pytest.raises(PayloadError, match="prices of more than 15 decimals for IBM"):
        bars([b'{"bars":{"IBM":[' + row + b"]}}"])


def test_a_row_that_makes_no_sense_is_named() -> None:
    row = b'{"t":"2024-01-05T05:00:00Z","o":1,"h":1,"l":2,"c":1,"v":1}'

    with pytest.raises(PayloadError, match=r"2024-01-05: 1.00 1.00 2.00 1.00: open or close"):
        bars([b'{"bars":{"IBM":[' + row + b"]}}"])


@pytest.mark.parametrize("path", recorded("alpaca/corporate_actions/*"))
def test_recorded_splits_and_dividends_are_read(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    found = corporate_actions(path.read_bytes())

    assert found
    assert all(f'"{action.ticker}"' in text and str(action.ex_date) in text for action in found)


def test_a_reverse_split_has_a_ratio_below_one_and_shares_as_dividend_one_above() -> None:
    reverse = {"symbol": "A", "ex_date": "2023-08-24", "new_rate": 1, "old_rate": 50}
    shares = {"symbol": "B", "ex_date": "2023-08-23", "rate": 0.05}
    kinds = {"reverse_splits": [reverse], "stock_dividends": [shares], "name_changes": [{}]}

    found = corporate_actions(json.dumps({"corporate_actions": kinds}).encode())

    assert [(action.ticker, action.ratio) for action in found] == [
        ("B", Decimal("1.05")),
        ("A", Decimal("0.02")),
    ]
    with pytest.raises(PayloadError, match=r"^alpaca sent no corporate actions"):
        corporate_actions(b"{}")
