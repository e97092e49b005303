from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signal9_core.domain import Bar, decimals_of

from ..strategies import bars


@settings(deadline=None, max_examples=25)
@given(bars())
def test_open_and_close_lie_within_low_and_high(bar: Bar) -> None:
    assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high


@pytest.mark.parametrize("column", ["open", "close"])
@settings(deadline=None, max_examples=25)
@given(bar=bars(), excess=st.decimals("0.0001", 10, places=4))
def test_a_bar_outside_its_own_range_is_refused(column: str, bar: Bar, excess: Decimal) -> None:
    for beyond in (bar.high + excess, bar.low - excess):
        with pytest.raises(ValidationError, match=f"{bar.ticker} on {bar.day}: open or close"):
            Bar.model_validate(bar.model_dump(by_alias=False) | {column: beyond})


def test_a_negative_volume_is_refused() -> None:
    with pytest.raises(ValidationError, match="volume"):
        Bar(
            ticker="IBM",
            day=date(2013, 3, 1),
            open=Decimal(1),
            high=Decimal(1),
            low=Decimal(1),
            close=Decimal(1),
            volume=-1,
        )


@settings(deadline=None, max_examples=25)
@given(st.integers(-(10**12), 10**12), st.integers(0, 12))
def test_decimals_are_counted_without_trailing_zeros(digits: int, places: int) -> None:
    value = Decimal(digits).scaleb(-places)

    needed = decimals_of(value)

    assert needed <= places
    assert value == round(value, needed)
    assert needed == 0 or value != round(value, needed - 1)


def test_whole_numbers_need_no_decimals() -> None:
    assert (
        decimals_of(Decimal("1E+3")) == decimals_of(Decimal(0)) == decimals_of(Decimal("7.0")) == 0
    )
