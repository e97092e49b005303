import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from signal9_core.domain import Adjustment, IntradayInterval, PriceSeries, adjust, nonsense_in
from signal9_core.errors import PayloadError
from signal9_core.providers.alphavantage.prices import (
    corporate_actions,
    daily,
    daily_adjusted,
    intraday,
)
from signal9_core.repositories import PriceRepository
from tests.core.conftest import opened
from tests.recordings import recorded

from ..strategies import price_series, walk

ADJUSTED = recorded("alphavantage/TIME_SERIES_DAILY_ADJUSTED/*")


def json_body(series: PriceSeries, name: str = "Time Series (Daily)") -> bytes:
    """Write a series as AlphaVantage does: newest first, four decimals, numbers as text."""
    rows = {
        str(bar.day): {
            "1. open": f"{bar.open:.4f}",
            "2. high": f"{bar.high:.4f}",
            "3. low": f"{bar.low:.4f}",
            "4. close": f"{bar.close:.4f}",
            "5. volume": str(bar.volume),
        }
        for bar in reversed(list(series))
    }
    return json.dumps({"Meta Data": {"2. Symbol": "BRK-B"}, name: rows}, indent=4).encode()


def csv_body(series: PriceSeries) -> bytes:
    lines = ["timestamp,open,high,low,close,volume"]
    lines += [
        f"{bar.day},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume}"
        for bar in reversed(list(series))
    ]
    return "\r\n".join(lines).encode()


@settings(deadline=None, max_examples=30)
@given(price_series("BRK.B", adjusted=False).filter(lambda each: nonsense_in(each) is None))
def test_what_is_sent_is_what_is_read(series: PriceSeries) -> None:
    read = daily(json_body(series))

    assert list(read) == list(series)
    assert list(daily(csv_body(series), "BRK.B")) == list(series)


@pytest.mark.parametrize("path", recorded("alphavantage/TIME_SERIES_DAILY*/*"))
def test_recorded_histories_survive_parsing_and_storing_exactly(path: Path) -> None:
    read = daily_adjusted if "ADJUSTED" in path.parent.name else daily
    series = read(path.read_bytes(), "IBM")

    with opened() as store:
        PriceRepository(store).merge(series)
        assert list(PriceRepository(store).between("IBM")) == list(series)
    text = path.read_text(encoding="utf-8")
    assert len(series) == sum(text.count(f"\n{year}-") for year in range(1999, 2027)) or (
        path.suffix == ".json"
    )
    assert str(series.day(-1)) in text


@pytest.mark.parametrize("path", ADJUSTED)
def test_actions_reproduce_the_adjusted_closes_of_recorded_histories(path: Path) -> None:
    body = path.read_bytes()
    series = daily_adjusted(body, "IBM")

    adjusted = adjust(series, corporate_actions(body, "IBM"))

    assert series.adjusted_close is not None
    for ours, theirs in zip(adjusted.prices("close"), series.adjusted_closes(), strict=True):
        assert theirs is not None
        assert abs(ours / theirs - 1) < Decimal("0.00001")


@pytest.mark.parametrize("path", ADJUSTED)
def test_the_academic_form_is_near_but_not_the_vendors(path: Path) -> None:
    body = path.read_bytes()
    series, actions = daily_adjusted(body, "IBM"), corporate_actions(body, "IBM")

    vendor, crsp = adjust(series, actions), adjust(series, actions, Adjustment.CRSP)

    dividends = any(action.kind == "dividend" for action in actions)
    assert (crsp.close != vendor.close) == dividends
    assert max(abs(a / b - 1) for a, b in zip(vendor.close, crsp.close, strict=True)) < 0.005


@pytest.mark.parametrize("path", recorded("alphavantage/TIME_SERIES_INTRADAY/*"))
def test_recorded_bars_within_days_have_the_moments_of_new_york(path: Path) -> None:
    series = intraday(path.read_bytes(), IntradayInterval.FIVE_MINUTES, "IBM")

    newest = path.read_text(encoding="utf-8").splitlines()[1].partition(",")[0]
    local = datetime.fromisoformat(newest)
    assert len(series) == 100
    assert series.day(-1) == local.date()
    assert series.instant(-1) == local.replace(hour=local.hour + 4, tzinfo=UTC)


def test_late_bars_belong_to_the_day_of_trading() -> None:
    body = b"timestamp,open,high,low,close,volume\n2024-01-05 19:55:00,1.0,1.0,1.0,1.0,5\n"

    series = intraday(body, IntradayInterval.FIVE_MINUTES, "IBM")

    assert series.day(0) == date(2024, 1, 5)
    assert series.instant(0) == datetime(2024, 1, 6, 0, 55, tzinfo=UTC)
    assert series.bar(0).at == series.instant(0)


def adjusted_row(**changes: str) -> bytes:
    row = {
        "1. open": "10.0",
        "2. high": "12.0",
        "3. low": "9.0",
        "4. close": "11.0",
        "5. adjusted close": "5.4812345678",
        "6. volume": "100",
        "7. dividend amount": "0.2500",
        "8. split coefficient": "2.0",
    } | changes
    return json.dumps(
        {"Meta Data": {"2. Symbol": "IBM"}, "Time Series (Daily)": {"2024-01-05": row}}
    ).encode()


def test_splits_and_dividends_come_with_adjusted_prices() -> None:
    split, dividend = sorted(corporate_actions(adjusted_row()), key=lambda each: each.kind)[::-1]

    assert (split.ticker, split.ratio, split.ex_date) == ("IBM", Decimal(2), date(2024, 1, 5))
    assert dividend.amount == Decimal("0.25")
    assert daily_adjusted(adjusted_row()).adjusted_closes() == [Decimal("5.4812345678")]


@pytest.mark.parametrize("path", recorded("alphavantage/_errors/*"))
def test_recorded_errors_are_no_prices(path: Path) -> None:
    with pytest.raises(PayloadError, match="a text under 'Information' instead of"):
        daily(path.read_bytes(), "IBM")


@pytest.mark.parametrize(
    "body",
    [
        b'{"Information": "We have detected your API key as SECRET123 and our rate limit is 25."}',
        b'{"Note": "SECRET123"}',
        b'{"Error Message": "SECRET123"}',
        b"{}",
        b"",
        b"<html>",
        b"\xff\xfe",
        b"symbol,name\nSECRET123,x",
    ],
)
def test_what_is_no_table_is_refused_without_repeating_a_key(body: bytes) -> None:
    with pytest.raises(PayloadError) as caught:
        daily(body, "IBM")

    assert "SECRET123" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"2. high": "10.9"},
            "2024-01-05: 10.00 10.90 9.00 11.00: open or close outside low..high",
        ),
        ({"3. low": "10.5"}, "open or close outside low..high"),
        ({"3. low": "-9.0"}, "2024-01-05: 10.00 12.00 -9.00 11.00: below zero"),
        ({"6. volume": "-1"}, "below zero"),
        ({"4. close": "1_1.0"}, "'1_1.0' is no number"),
        ({"4. close": "None"}, "'None' is no number"),
        ({"4. close": "1.1.0"}, "'1.1.0' is no number"),
        ({"7. dividend amount": "much"}, "'much' as a number"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(change: dict[str, str], problem: str) -> None:
    read = corporate_actions if "7. dividend amount" in change else daily_adjusted

    with pytest.raises(PayloadError) as caught:
        read(adjusted_row(**change))

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("2024-01-05,1,1,1,1,5\n2024-01-05,1,1,1,1,5", "2024-01-05 is out of order"),
        ("2024-01-08,1,1,1,1,5\n2024-01-05,90,90,90,90,5", "2024-01-08: close 1.00 after 90.00"),
        ("2024-01-05,1,1,1,1", "line 2 is '2024-01-05,1,1,1,1'"),
        ("2024-01-05,1,1,1,1,x", "invalid literal for int"),
        ("2024-1-5,1,1,1,1,5", "2024-1-5"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(lines: str, problem: str) -> None:
    with pytest.raises(PayloadError) as caught:
        daily(f"timestamp,open,high,low,close,volume\n{lines}\n".encode(), "IBM")

    assert problem in str(caught.value)


def test_a_jump_is_no_mistake_on_the_day_of_a_split() -> None:
    def body(split: str) -> bytes:
        rows = f"2014-06-09,93,94,92,93.7,93.7,100,0.0,{split}\n"
        rows += "2014-06-06,650,651,644,645.57,92.2,100,0.0,1.0\n"
        header = "timestamp,open,high,low,close,adjusted_close,volume,dividend_amount"
        return f"{header},split_coefficient\n{rows}".encode()

    assert len(daily_adjusted(body("7.0"), "AAPL")) == 2
    with pytest.raises(PayloadError, match=r"2014-06-09: close 93.70 after 645.57, and no split"):
        daily_adjusted(body("1.0"), "AAPL")


def test_csv_needs_to_be_told_of_whom_it_is() -> None:
    with pytest.raises(PayloadError, match="does not say of whom"):
        daily(csv_body(walk(3)))


def test_an_answer_without_bars_is_an_answer() -> None:
    assert len(daily(json_body(PriceSeries.empty("IBM")))) == 0
