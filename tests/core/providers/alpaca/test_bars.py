import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from signal9_core.domain import PRICE_COLUMNS, IntradayInterval, PriceSeries, find_invalid_bar
from signal9_core.errors import PayloadError
from signal9_core.providers.alpaca.parsers import intraday_series, read_bars, read_daily_bars
from tests.recordings import recorded

from ...strategies import price_series

NEW_YORK = ZoneInfo("America/New_York")


def midnight(day: date) -> datetime:
    """Return when a day begins in New York."""
    return datetime(day.year, day.month, day.day, tzinfo=NEW_YORK).astimezone(UTC)


def page(series: PriceSeries, token: str | None = None) -> bytes:
    rows = [
        {
            "t": f"{midnight(bar.day):%Y-%m-%dT%H:%M:%SZ}",
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
    return find_invalid_bar(series) is None


@settings(deadline=None, max_examples=30)
@given(
    price_series("BRK.B", adjusted=False, min_size=1, after=date(1970, 1, 1)).filter(makes_sense)
)
def test_what_is_sent_is_what_is_read(series: PriceSeries) -> None:
    sent = page(series, "more")

    (found,) = read_daily_bars(sent)

    assert list(found) == list(series)
    assert read_bars(sent, "here").next_page_token == "more"


@pytest.mark.parametrize("path", recorded("alpaca/stocks_bars/*"))
def test_recorded_pages_are_read_whole_and_exactly(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    sent = content["bars"]
    expected = sent if isinstance(sent, dict) else {content["symbol"]: sent}

    found = read_bars(path.read_bytes(), "here").by_ticker("here")

    assert found.keys() == expected.keys()
    for symbol, rows in expected.items():
        series = intraday_series(symbol, found[symbol], IntradayInterval.FIFTEEN_MINUTES, "here")
        ordered = sorted(rows, key=lambda row: str(row["t"]))
        for name in PRICE_COLUMNS:
            assert series.prices(name) == [row[name[0]] for row in ordered]
        assert list(series.volume) == [row["v"] for row in ordered]
        assert [str(series.instant(at)) for at in range(len(series))] == [
            str(datetime.fromisoformat(row["t"])) for row in ordered
        ]


def test_bars_within_days_have_their_moment() -> None:
    row = b'{"t":"2024-01-06T00:55:00Z","o":1,"h":1,"l":1,"c":1,"v":1}'
    bars = read_bars(b'{"bars":{"IBM":[' + row + b'],"A":[]},"next_page_token":null}', "here")

    series = intraday_series(
        "IBM", bars.by_ticker("here")["IBM"], IntradayInterval.FIVE_MINUTES, "here"
    )

    assert series.day(0) == date(2024, 1, 5)
    assert series.instant(0) == datetime(2024, 1, 6, 0, 55, tzinfo=UTC)
    assert series.interval is IntradayInterval.FIVE_MINUTES


def test_a_bar_that_starts_within_a_minute_is_refused() -> None:
    row = b'{"t":"2024-01-05T15:55:30Z","o":1,"h":1,"l":1,"c":1,"v":1}'
    bars = read_bars(b'{"bars":{"IBM":[' + row + b']},"next_page_token":null}', "here")

    with pytest.raises(PayloadError, match=r"2024-01-05T15:55:30.* does not start with a minute"):
        intraday_series("IBM", bars.by_ticker("here")["IBM"], IntradayInterval.HOUR, "here")


@pytest.mark.parametrize(
    ("prices", "exact"),
    [
        ('"o":1e-9,"h":839,"l":0,"c":839.0', "0.000000001"),
        ('"o":1.0000000000001,"h":2,"l":1,"c":1', "1.0000000000001"),
        ('"o":123456789012.3456,"h":123456789012.3456,"l":1e10,"c":1e11', "123456789012.3456"),
    ],
)
def test_prices_of_many_digits_are_exact(prices: str, exact: str) -> None:
    row = f'{{"t":"2024-01-05T05:00:00Z",{prices},"v":1}}'

    (series,) = read_daily_bars(f'{{"bars":{{"IBM":[{row}]}},"next_page_token":null}}'.encode())

    assert series.bar(0).open == Decimal(exact)


def test_a_price_that_is_noise_is_refused() -> None:
    row = b'{"t":"2024-01-05T05:00:00Z","o":1e-30,"h":1,"l":0,"c":1,"v":1}'

    with pytest.raises(PayloadError, match="alpaca stocks_bars: a number is too large"):
        read_daily_bars(b'{"bars":{"IBM":[' + row + b']},"next_page_token":null}')


def test_a_part_of_a_share_is_refused() -> None:
    row = b'{"t":"2024-01-05T05:00:00Z","o":1,"h":1,"l":1,"c":1,"v":1.5}'

    with pytest.raises(PayloadError, match=r"Expected `int`, got `float` - at `\$\.bars"):
        read_daily_bars(b'{"bars":{"IBM":[' + row + b']},"next_page_token":null}')
