"""Adjusted closes agree with a provider's if they differ by no more than rounding."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest

from signal9_core.domain.adjustment import (
    TOLERANCE,
    AdjustedCloses,
    CorporateAction,
    adjust,
    check_closes,
    describe_problem,
    latest_check,
)
from signal9_core.domain.companies import PriceCheck
from signal9_core.errors import PayloadError
from signal9_core.providers.alphavantage.prices import parse_daily
from tests.fakes import NOW, series
from tests.recordings import needs_recordings, recorded

BARS = series("IBM", day_20240102="100", day_20240103="102", day_20240104="51", day_20240105="50")
SPLIT = CorporateAction(ticker="IBM", kind="split", ex_date=date(2024, 1, 4), ratio=Decimal(2))
PAID = CorporateAction(
    ticker="IBM", kind="dividend", ex_date=date(2024, 1, 3), amount=Decimal("0.5")
)


def vendor(*actions: CorporateAction, decimals: int = 4) -> AdjustedCloses:
    closes = adjust(BARS, actions).prices("close")
    return AdjustedCloses(BARS, [round(float(close), decimals) for close in closes], decimals)


def check(closes: AdjustedCloses, *actions: CorporateAction) -> PriceCheck:
    return check_closes(closes, actions, "vendor", NOW)


def test_what_rounding_explains_is_no_difference() -> None:
    found = [check(vendor(SPLIT, PAID, decimals=count), SPLIT, PAID) for count in (2, 4, 10)]

    assert max(each.difference for each in found) < TOLERANCE
    assert set(map(describe_problem, found)) == {None}
    assert (found[0].first, found[0].last) == (date(2024, 1, 2), date(2024, 1, 5))
    assert (found[0].source, found[0].checked_at) == ("vendor", NOW)


def test_an_action_that_is_missing_or_wrong_is_a_problem_with_its_day() -> None:
    without = check(vendor(SPLIT, PAID, decimals=10), SPLIT)
    wrong = check(vendor(SPLIT), SPLIT.model_copy(update={"ratio": Decimal(4)}))

    assert without.day == date(2024, 1, 2)
    assert float(without.difference) == pytest.approx(0.5 / 102, rel=1e-3)
    assert describe_problem(without) == (
        "adjusted closes differ from those of vendor by 0.4902% on 2024-01-02:"
        " a split or a dividend may be wrong or missing"
    )
    assert float(wrong.difference) == pytest.approx(0.5, rel=1e-4)


def test_closes_are_adjusted_as_of_the_last_bar_of_their_response() -> None:
    tomorrow = SPLIT.model_copy(update={"ex_date": date(2024, 1, 8)})

    assert check(vendor(SPLIT, PAID), SPLIT, PAID, tomorrow).difference < TOLERANCE


def test_closes_of_a_day_that_was_not_over_count_for_nothing() -> None:
    last = date(2024, 1, 3)
    closes = vendor(SPLIT, PAID, decimals=10).until(last)

    assert closes.bars.day(-1) == last
    assert closes.closes[-1] == pytest.approx(102)
    assert check(closes, PAID).difference < TOLERANCE


def test_a_day_without_a_close_is_not_compared() -> None:
    names = b"timestamp,open,high,low,close,adjusted_close,volume,dividend_amount,split_coefficient"
    rows = b"\n2024-01-03,1,1,1,1,1,9,0,1\n2024-01-02,1,1,1,1,None,9,0,1\n"

    daily = parse_daily(names + rows, "IBM")

    assert daily is not None
    assert daily.adjusted is not None
    assert check(daily.adjusted).difference == 0
    with pytest.raises(PayloadError, match="IBM: an infinite adjusted close"):
        parse_daily(names + rows.replace(b"None", b"inf"), "IBM")


def test_a_dividend_that_leaves_nothing_of_the_price_is_a_difference() -> None:
    bars = series("IBM", day_20240102="1", day_20240103="0")
    found = check(AdjustedCloses(bars, [1.0, 0.0], 4), PAID)

    assert found.difference == 1


def test_absurd_closes_are_a_difference_and_no_error() -> None:
    split = SPLIT.model_copy(update={"ratio": Decimal("1e-18")})

    assert check(vendor(), split).difference == 1
    assert check(AdjustedCloses(BARS, [1e-300, 102.0, 51.0, 50.0], 300)).difference == 10**9


def test_a_later_check_counts_unless_it_does_not_reach_an_earlier_problem() -> None:
    def made(hour: int, difference: str, first: int, day: int) -> PriceCheck:
        return PriceCheck(
            source="vendor",
            checked_at=datetime(2024, 6, 1, hour, tzinfo=UTC),
            first=date(2024, 1, first),
            last=date(2024, 1, 31),
            difference=Decimal(difference),
            day=date(2024, 1, day),
        )

    problem, good = made(1, "0.01", 1, 5), made(1, "0", 1, 5)
    short, whole = made(2, "0", 20, 20), made(2, "0", 1, 1)

    assert latest_check(None, good) == good
    assert latest_check(problem, short) == latest_check(short, problem) == problem
    assert latest_check(problem, whole) == latest_check(whole, problem) == whole
    assert latest_check(good, short) == latest_check(short, good) == short


def _histories() -> Iterator[tuple[str, bytes]]:
    return recorded("alphavantage", "TIME_SERIES_DAILY_ADJUSTED", "*_full_*.csv")


@needs_recordings
def test_closes_computed_without_the_column_are_the_vendors_at_every_bar() -> None:
    compared = 0
    for ticker, body in _histories():
        rows = sorted(csv.DictReader(StringIO(body.decode())), key=lambda row: row["timestamp"])
        left = [name for name in rows[0] if name != "adjusted_close"]
        lines = [",".join(row[name] for name in left) for row in rows]
        daily = parse_daily("\n".join([",".join(left), *lines]).encode(), ticker)
        assert daily is not None
        assert daily.adjusted is None
        ours = adjust(daily.series, daily.actions).prices("close")
        for close, row in zip(ours, rows, strict=True):
            vendors = Decimal(row["adjusted_close"])
            assert abs(close - vendors) <= vendors * TOLERANCE, (ticker, row["timestamp"])
            compared += 1

    assert compared > 19_000


@needs_recordings
def test_every_recorded_response_agrees_with_its_own_actions() -> None:
    for ticker, body in recorded("alphavantage", "TIME_SERIES_DAILY_ADJUSTED"):
        daily = parse_daily(body, ticker)
        assert daily is not None
        assert daily.adjusted is not None
        assert describe_problem(check(daily.adjusted, *daily.actions)) is None, ticker
        if len(daily.actions) > 1:
            missing = check(daily.adjusted, *daily.actions[1:])
            assert describe_problem(missing) is not None, ticker
