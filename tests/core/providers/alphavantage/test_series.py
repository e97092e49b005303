from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from signal9_core.domain import IntradayInterval
from signal9_core.errors import PayloadError
from signal9_core.providers.alphavantage.timeseries import read_daily, read_intraday

from .bodies import body, daily, texts

HEAD = "timestamp,open,high,low,close,volume"
MINUTES = IntradayInterval.FIVE_MINUTES
ADJUSTED = {"5. adjusted close": "5.5", "6. volume": "1000"}


def test_days_come_oldest_first_with_every_digit() -> None:
    found = read_daily(daily("BRK-B", {"2024-01-03": texts(), "2024-01-02": texts()}), None)

    assert found is not None
    first = found.series.bar(0)
    assert (first.ticker, first.day) == ("BRK.B", date(2024, 1, 2))
    assert (first.open, first.low, first.volume) == (Decimal(10), Decimal("9.125"), 1000)
    assert found.actions == []


def test_dividends_and_splits_come_from_the_adjusted_series() -> None:
    events = {"7. dividend amount": "0.24", "8. split coefficient": "4.0"}
    bars = {"2024-01-03": texts(**ADJUSTED), "2024-01-02": texts(**ADJUSTED, **events)}

    found = read_daily(daily("AAPL", bars), None)

    assert found is not None
    assert found.series.bar(0).adjusted_close == Decimal("5.5")
    assert [(each.kind, each.amount or each.ratio) for each in found.actions] == [
        ("dividend", Decimal("0.24")),
        ("split", Decimal(4)),
    ]


def test_a_table_says_the_same_in_any_order_of_columns() -> None:
    table = f"{HEAD}\n2024-01-02,10,12.5,9.125,11.00,1000\n".encode()
    other = b"volume,note,close,low,high,open,timestamp\n1000,x,11.00,9.125,12.5,10,2024-01-02\n"

    assert read_daily(table, "AAPL") == read_daily(other, "AAPL")
    assert read_daily(table, "AAPL") == read_daily(daily("AAPL", {"2024-01-02": texts()}), None)


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (b"timestamp,open,high,low,last,volume\n", "column close is missing; there is timestamp"),
        (b"", "column timestamp, open, high, low, close, volume is missing"),
        (f"{HEAD}\n2024-01-02,10,12.5,9.1".encode(), "row 2 has 4 of 6 columns"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,11,many\n".encode(), "'many' is no number"),
        (f"{HEAD}\n02.01.2024,10,12.5,9,11,1\n".encode(), "Invalid isoformat"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,11,1\n2024-01-02,10,12,9,11,1\n".encode(), "occurs twice"),
        (f"{HEAD}\n2024-01-02,10,12.5,10.5,11,1\n".encode(), "2024-01-02: .* outside low..high"),
        (f"{HEAD}\n2024-01-02,10,12.5,9,11,-1\n".encode(), "2024-01-02: .* below zero"),
        (b"\xff\xfe", "no UTF-8"),
        (daily("A", {"2024-01-02": {"1. open": "1"}}), "field high, low, close, volume is missing"),
        (body({"Meta Data": {}, "Series": {}}), "Time Series is missing; there is Meta Data"),
        (body({"Time Series (Daily)": {}}), "field Meta Data is missing"),
        (body({"Meta Data": "?", "Time Series (Daily)": {}}), "in place of an object"),
    ],
)
def test_what_is_wrong_with_a_series_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage TIME_SERIES_DAILY A.*{problem}"):
        read_daily(found, "A")


def test_a_table_must_be_about_someone() -> None:
    with pytest.raises(PayloadError, match="which company"):
        read_daily(f"{HEAD}\n2024-01-02,10,12.5,9,11,1\n".encode(), None)


def test_days_with_and_without_adjusted_close_do_not_mix() -> None:
    with pytest.raises(PayloadError, match="only some days"):
        read_daily(daily("A", {"2024-01-03": texts(), "2024-01-02": texts(**ADJUSTED)}), None)


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2024-03-08 09:30:00", "2024-03-08T14:30:00"),
        ("2024-03-11 09:30:00", "2024-03-11T13:30:00"),
        ("2024-11-01 09:30:00", "2024-11-01T13:30:00"),
        ("2024-11-04 09:30:00", "2024-11-04T14:30:00"),
    ],
)
def test_the_clock_in_new_york_changes_twice_a_year(local: str, instant: str) -> None:
    table = f"{HEAD}\n{local},10,12.5,9,11,1\n".encode()
    meta = {"2. Symbol": "A", "6. Time Zone": "US/Eastern"}
    document = body({"Meta Data": meta, "Time Series (5min)": {local: texts()}})

    expected = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    for found in (read_intraday(table, "A", MINUTES), read_intraday(document, None, MINUTES)):
        assert found is not None
        assert found.instant(0) == expected


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (f"{HEAD}\n2024-01-02 10:00:00,10,12.5,10.5,11,1\n".encode(), "outside low..high"),
        (
            body({"Meta Data": {"6. Time Zone": "Mars/Base"}, "Time Series (5min)": {}}),
            "no time zone is called 'Mars/Base'",
        ),
    ],
)
def test_what_is_wrong_with_bars_of_minutes_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=problem):
        read_intraday(found, "A", MINUTES)


def test_bars_of_minutes_must_be_about_someone() -> None:
    with pytest.raises(PayloadError, match="which company"):
        read_intraday(f"{HEAD}\n2024-01-02 10:00:00,10,12.5,9,11,1\n".encode(), None, MINUTES)
