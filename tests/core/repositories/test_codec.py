from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.domain import DataSet
from signal9_core.repositories.optimistic import instant_key, to_value


def test_values_become_what_every_store_keeps() -> None:
    moment = datetime(2024, 1, 8, 12, 30, 0, 5, tzinfo=UTC)

    assert to_value(
        {"a": (date(2024, 1, 8), moment), "b": DataSet.NEWS, "c": [None, True, 1, Decimal("1.50")]}
    ) == {
        "a": ["2024-01-08", "2024-01-08T12:30:00.000005Z"],
        "b": "news",
        "c": [None, True, 1, Decimal("1.50")],
    }


def test_a_value_that_no_store_keeps_is_named() -> None:
    with pytest.raises(TypeError, match=r"^1\.5 cannot be stored$"):
        to_value({"price": [1.5]})


moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=UTC)
)


@given(one=moments, other=moments)
def test_keys_are_in_the_order_of_time(one: datetime, other: datetime) -> None:
    if one.replace(microsecond=0) < other.replace(microsecond=0):
        assert instant_key(one) < instant_key(other)
    assert len(instant_key(one)) == 20


def test_keys_are_in_utc() -> None:
    there = datetime(2024, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))

    assert instant_key(there) == "2023-12-31T23:00:00Z"
