"""Rare moments of two writers, each played through step by step."""

from array import array
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from typing import cast

import pytest
import stamina

from signal9_core.domain import PriceSeries
from signal9_core.ports import Item, Store
from signal9_core.repositories import PriceRepository
from signal9_core.repositories.blocks.block import read_block
from signal9_core.tables import TIME_SERIES
from tests.core.conftest import opened
from tests.spied import SpiedStore, StoppedError

from ..strategies import walk
from .turns import Process

MONDAY = date(2010, 1, 4)
LONG = replace(walk(30), days=array("i", range(MONDAY.toordinal(), MONDAY.toordinal() + 30)))
"""Days from a Monday on, weekends included."""

FRIDAY, SATURDAY, MONDAY_AFTER, TUESDAY = 11, 12, 14, 15

for _column in (LONG.open, LONG.high, LONG.low, LONG.close, LONG.volume):
    _column[SATURDAY] *= 10**9  # which takes room


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=5):
        yield


def blocks(store: SpiedStore) -> list[Item]:
    return [each.item for each in store.query(TIME_SERIES, "AAPL#1d").items]


def ends(item: Item) -> list[int]:
    block = item["block"]
    assert isinstance(block, bytes)
    return [end - LONG.days[0] for end in read_block(block).ends]


def days(*numbers: int) -> PriceSeries:
    parts = [LONG.slice(each, each + 1) for each in numbers]
    return PriceSeries.from_bars("AAPL", (bar for part in parts for bar in part))


@pytest.fixture
def full(spied: SpiedStore) -> tuple[SpiedStore, int]:
    """A store with one item, closed after a Friday, and how large items may be in it."""
    for size in range(150, 300):
        with opened() as trial:
            _fill(trial, size)
            if [ends(each) for each in blocks(trial)] == [[MONDAY_AFTER]]:
                _fill(spied, size)
                return spied, size
    raise AssertionError


def _fill(store: SpiedStore, size: int) -> None:
    for number in range(1, FRIDAY + 1, 2):
        PriceRepository(store, item_bytes=size).merge(days(number))


def paused_before_put(store: SpiedStore, size: int, series: PriceSeries) -> Process:
    """Return a process that has read what it needs and is about to write for the first time."""
    process = Process(cast("Store", store), partial(_merge, size, series))
    process.start()
    while process.next_call != "put":
        process.step()
    return process


def _merge(size: int, series: PriceSeries, process: Process) -> None:
    PriceRepository(cast("Store", process), item_bytes=size).merge(series)


def test_of_two_that_append_after_a_full_block_both_succeed(full: tuple[SpiedStore, int]) -> None:
    store, size = full
    process = Process(cast("Store", store), partial(_merge, size, days(TUESDAY)))
    process.start()
    process.step()

    PriceRepository(store, item_bytes=size).merge(days(MONDAY_AFTER))
    for _ in range(20):
        process.step()

    assert not process.alive
    found = PriceRepository(store).between("AAPL", LONG.day(FRIDAY + 1))
    assert found == days(MONDAY_AFTER, TUESDAY)


def test_where_a_block_ends_is_not_forgotten_before_that_block_is_written(
    full: tuple[SpiedStore, int],
) -> None:
    store, size = full
    repository = PriceRepository(store, item_bytes=size)
    store.stop_before = store.writes + 1
    with pytest.raises(StoppedError):
        repository.merge(days(SATURDAY))
    store.stop_before = None
    assert [ends(each) for each in blocks(store)] == [[SATURDAY, MONDAY_AFTER]]

    slow = paused_before_put(store, size, days(TUESDAY))
    repository.merge(days(0, 2, 4, 6))
    PriceRepository(store).merge(days(SATURDAY, TUESDAY + 1))
    for _ in range(20):
        slow.step()

    stored = [*range(0, 8, 2), *range(1, FRIDAY + 1, 2), SATURDAY, TUESDAY, TUESDAY + 1]
    assert repository.between("AAPL") == days(*sorted(stored))
    for each in stored:
        assert repository.between("AAPL", LONG.day(each), LONG.day(each)) == days(each)
    lasts = [str(each["last"]) for each in blocks(store)]
    assert all(
        last < str(each["timestamp"]) for last, each in zip(lasts, blocks(store)[1:], strict=False)
    )
