"""Writes over the version that was read lose nothing; items hold what every store can."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.domain.companies import DataSet
from signal9_core.errors import ConflictError
from signal9_core.ports import Item
from signal9_core.repositories.optimistic import (
    MOST_READ,
    ItemRange,
    change_item,
    instant_key,
    scan,
    take_page,
    to_value,
)
from signal9_core.tables import STATE, TableSpec, state_key
from tests.spied import SpiedStore

COUNTER = state_key("counter")


def counted(stored: Item | None) -> Item:
    before = 0 if stored is None else stored["count"]
    assert isinstance(before, int)
    return {**COUNTER, "count": before + 1}


def _let_others_count(spied: SpiedStore, times: int) -> None:
    def meanwhile(_: TableSpec, __: Item) -> None:
        nonlocal times
        if times:
            times -= 1
            change_item(spied.store, STATE, COUNTER, counted)
            spied.meanwhile = meanwhile

    spied.meanwhile = meanwhile


def _count(spied: SpiedStore) -> object:
    stored = spied.get(STATE, COUNTER)
    return None if stored is None else stored.item["count"]


def test_no_count_is_lost_when_many_count_at_once(spied: SpiedStore) -> None:
    _let_others_count(spied, 5)

    assert change_item(spied, STATE, COUNTER, counted)

    assert _count(spied) == 6


def test_leaving_an_item_as_it_is_writes_nothing(spied: SpiedStore) -> None:
    assert not change_item(spied, STATE, COUNTER, lambda _: None)
    assert spied.writes == 0


def test_after_many_conflicts_the_last_one_is_raised(spied: SpiedStore) -> None:
    _let_others_count(spied, 99)

    with stamina.set_testing(True, attempts=3), pytest.raises(ConflictError):
        change_item(spied, STATE, COUNTER, counted)

    assert _count(spied) == 3


def test_values_become_what_every_store_holds() -> None:
    moment = datetime(2024, 1, 8, 12, 30, 0, 5, tzinfo=UTC)

    assert to_value(
        {"a": (date(2024, 1, 8), moment), "b": DataSet.NEWS, "c": [None, True, 1, Decimal("1.50")]}
    ) == {
        "a": ["2024-01-08", "2024-01-08T12:30:00.000005Z"],
        "b": "news",
        "c": [None, True, 1, Decimal("1.50")],
    }
    with pytest.raises(TypeError, match=r"^1\.5 cannot be stored$"):
        to_value({"price": [1.5]})


moments = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from((UTC, timezone(timedelta(hours=2)))),
)


@given(one=moments, other=moments)
def test_the_keys_of_moments_are_in_the_order_of_time(one: datetime, other: datetime) -> None:
    first, second = (moment.astimezone(UTC).replace(microsecond=0) for moment in (one, other))

    assert (instant_key(one) < instant_key(other)) == (first < second)
    assert datetime.fromisoformat(instant_key(one)) == first


def test_a_page_reads_a_bounded_number_of_items_and_the_next_one_goes_on(
    spied: SpiedStore,
) -> None:
    count = 2 * MOST_READ + 700
    spied.put_many(STATE, [{**state_key("rare", f"{n:05}"), "n": n} for n in range(count)])
    part = ItemRange(STATE, "rare")
    read = 0

    def number(item: Item) -> int:
        nonlocal read
        read += 1
        return int(str(item["n"]))

    pages: list[list[int]] = []
    cursor = None
    while not pages or cursor is not None:
        before = read
        items = scan(spied, part, cursor, 500)
        numbers, cursor = take_page(items, 2, number, lambda n: n % 1_500 == 0, part)
        pages.append(numbers)
        assert read - before <= MOST_READ + 2

    assert [number for page in pages for number in page] == [0, 1_500, 3_000, 4_500]
    assert spied.calls < 15
