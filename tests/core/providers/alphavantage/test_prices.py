import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from signal9_core.domain import Adjustment, IntradayInterval, PriceSeries, adjust, find_invalid_bar
from signal9_core.errors import PayloadError
from signal9_core.providers.alphavantage.timeseries import Daily, read_daily, read_intraday
from signal9_core.repositories import PriceRepository
from tests.core.conftest import opened
from tests.recordings import recorded

from ...strategies import price_series

HEAD = "timestamp,open,high,low,close"
ADJUSTED = recorded("alphavantage/TIME_SERIES_DAILY_ADJUSTED/*")


def makes_sense(series: PriceSeries) -> bool:
    """Tell whether random prices happen not to jump."""
    return find_invalid_bar(series) is None


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


def read(body: bytes, ticker: str | None = "IBM") -> Daily:
    found = read_daily(body, ticker)
    assert found is not None
    return found


@settings(deadline=None, max_examples=30)
@given(price_series("BRK.B", adjusted=False, min_size=1).filter(makes_sense))
def test_what_is_sent_is_what_is_read(series: PriceSeries) -> None:
    assert list(read(json_body(series), None).series) == list(series)
    assert list(read(csv_body(series), "BRK.B").series) == list(series)


@pytest.mark.parametrize("path", recorded("alphavantage/TIME_SERIES_DAILY*/*"))
def test_recorded_histories_survive_parsing_and_storing_exactly(path: Path) -> None:
    series = read(path.read_bytes()).series

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
    series, actions = read(path.read_bytes())

    adjusted = adjust(series, actions)

    assert series.adjusted_close is not None
    for ours, theirs in zip(adjusted.prices("close"), series.adjusted_closes(), strict=True):
        assert theirs is not None
        assert abs(ours / theirs - 1) < Decimal("0.00001")


@pytest.mark.parametrize("path", ADJUSTED)
def test_the_academic_form_is_near_but_not_the_vendors(path: Path) -> None:
    series, actions = read(path.read_bytes())

    vendor, crsp = adjust(series, actions), adjust(series, actions, Adjustment.CRSP)

    dividends = any(action.kind == "dividend" for action in actions)
    assert (crsp.close != vendor.close) == dividends
    assert max(abs(a / b - 1) for a, b in zip(vendor.close, crsp.close, strict=True)) < 0.005


@pytest.mark.parametrize("path", recorded("alphavantage/TIME_SERIES_INTRADAY/*"))
def test_recorded_bars_within_days_have_the_moments_of_new_york(path: Path) -> None:
    series = read_intraday(path.read_bytes(), "IBM", IntradayInterval.FIVE_MINUTES)

    newest = path.read_text(encoding="utf-8").splitlines()[1].partition(",")[0]
    local = datetime.fromisoformat(newest)
    assert series is not None
    assert len(series) == 100
    assert series.day(-1) == local.date()
    assert series.instant(-1) == local.replace(hour=local.hour + 4, tzinfo=UTC)


def test_late_bars_belong_to_the_day_of_trading() -> None:
    body = f"{HEAD},volume\n2024-01-05 19:55:00,1.0,1.0,1.0,1.0,5\n".encode()

    series = read_intraday(body, "IBM", IntradayInterval.FIVE_MINUTES)

    assert series is not None
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


@pytest.mark.parametrize("more", [{}, {"9. note": "new"}])
def test_splits_and_dividends_come_with_adjusted_prices(more: dict[str, str]) -> None:
    series, (dividend, split) = read(adjusted_row(**more))

    assert (split.ticker, split.ratio, split.ex_date) == ("IBM", Decimal(2), date(2024, 1, 5))
    assert dividend.amount == Decimal("0.25")
    assert series.adjusted_closes() == [Decimal("5.4812345678")]


def test_an_early_adjusted_close_may_have_more_digits_than_fit() -> None:
    rows = "2024-01-05,900,901,899,900,900.0,5\n1999-01-25,19,20,18,19,0.0376123456789012345,7\n"

    series = read(f"{HEAD},adjusted_close,volume\n{rows}".encode()).series

    assert series.adjusted_closes() == [Decimal("0.037612345678901"), Decimal("900.00")]


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
        ({"6. volume": "9" * 20}, "a number is too large to be kept"),
        ({"4. close": "1.1.0"}, "'1.1.0' is no number"),
        ({"4. close": "None"}, "'None' is no number"),
        ({"7. dividend amount": "much"}, "'much' is no number"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(change: dict[str, str], problem: str) -> None:
    with pytest.raises(PayloadError) as caught:
        read(adjusted_row(**change))

    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("2024-01-05,1,1,1,1,5\n2024-01-05,1,1,1,1,5", "2024-01-05 occurs twice"),
        ("2024-01-08,1,1,1,1,5\n2024-01-05,9001,9001,9001,9001,5", "close 1.00 after 9001.00"),
        ("2024-01-05,1,1,1,1,x", "'x' is no number"),
        ("2024-1-5,1,1,1,1,5", "2024-1-5"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(lines: str, problem: str) -> None:
    with pytest.raises(PayloadError) as caught:
        read(f"{HEAD},volume\n{lines}\n".encode())

    assert problem in str(caught.value)


def test_lines_may_be_in_any_order() -> None:
    lines = ["2024-01-05,1,1,1,1,5", "2024-01-03,1,1,1,1,3", "2024-01-04,1,1,1,1,4"]

    series = read("\n".join([f"{HEAD},volume", *lines]).encode()).series

    assert [(series.day(at).day, series.volume[at]) for at in range(3)] == [(3, 3), (4, 4), (5, 5)]


def test_a_jump_is_no_mistake_on_the_day_of_a_split() -> None:
    def body(split: str) -> bytes:
        rows = f"2014-06-09,13,14,12,13.7,13.7,100,0.0,{split}\n"
        rows += "2014-06-06,650,651,644,645.57,12.2,100,0.0,1.0\n"
        header = f"{HEAD},adjusted_close,volume,dividend_amount"
        return f"{header},split_coefficient\n{rows}".encode()

    assert len(read(body("50.0")).series) == 2
    with pytest.raises(PayloadError, match=r"2014-06-09: close 13.70 after 645.57, and no split"):
        read(body("1.0"))


def test_an_answer_without_bars_says_nothing() -> None:
    assert read_daily(json_body(PriceSeries.empty("IBM")), "IBM") is None
    assert read_daily(f"{HEAD},volume\n".encode(), "IBM") is None
