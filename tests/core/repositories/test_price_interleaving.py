"""Writers and readers of one company at once, whose every call to the store may come in between."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from random import Random
from typing import NamedTuple, cast

import pytest
import stamina
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import PriceSeries
from signal9_core.ports import Store
from signal9_core.repositories import PriceRepository
from tests.core.conftest import opened

from .lagging import LaggingStore
from .mocked import on_dynamodb
from .numbered import FIRST_DAY, TICKER, numbered_bar, numbered_series
from .turns import Process, Run, take_turns

_LAST = 80
_SMALL = 150
"""Bytes an item: a few bars each."""

Numbers = frozenset[int]


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=100):
        yield


class Merged(NamedTuple):
    """A merge, and between which moments it was made; stopped ones have no end."""

    numbers: Numbers
    began: int
    ended: int | None

    def is_before(self, other: "Merged") -> bool:
        return self.ended is not None and self.ended <= other.began


@dataclass
class World:
    """A store, what was merged into it, and what must and may be read."""

    store: LaggingStore
    merges: list[Merged] = field(default_factory=list)

    def repository(self, process: Process | None = None) -> PriceRepository:
        store = self.store if process is None else process
        return PriceRepository(cast("Store", store), item_bytes=_SMALL)

    def merge(self, numbers: Numbers, process: Process | None = None) -> None:
        revision, began = len(self.merges), self._moment()
        self.merges.append(Merged(numbers, began, None))
        self.repository(process).merge(numbered_series(numbers, revision))
        self.merges[revision] = Merged(numbers, began, self._moment())

    def check(self, found: PriceSeries, since: int, first: int = 0, last: int = _LAST) -> None:
        """Refuse bars that are not as some merge left them, or as it had left them before others.

        Merges that had ended at a moment are seen by whoever started to read then.
        """
        seen = [each for each in self.merges if each.ended is not None and each.ended <= since]
        certain = {each for merged in seen for each in merged.numbers if first <= each <= last}
        numbers = [day - FIRST_DAY for day in found.days]
        assert certain <= set(numbers) <= set(range(first, last + 1))
        for each, number in zip(found, numbers, strict=True):
            source = self.merges[each.volume]
            later = [each for each in seen if source.is_before(each)]
            assert number in source.numbers
            assert each == numbered_bar(number, each.volume)
            assert not any(number in merged.numbers for merged in later)

    def _moment(self) -> int:
        """Return the time, and let it pass, so that no two merges touch."""
        self.store.now += 1
        return self.store.now


class Reading(NamedTuple):
    """What a reader asks for: a range, or the latest bars; how late what it sees may be."""

    first: int
    last: int
    latest: int | None
    lag: int | None

    def make(self, world: World, process: Process) -> None:
        world.store.lag = self.lag or 0
        since = world.store.now - world.store.lag
        repository, consistent = world.repository(process), self.lag is None
        if self.latest is None:
            days = (date.fromordinal(FIRST_DAY + each) for each in (self.first, self.last))
            found = repository.between(TICKER, *days, consistent=consistent)
            world.check(found, since, self.first, self.last)
            return
        found = repository.latest(TICKER, self.latest, consistent=consistent)
        assert len(found) <= self.latest
        whole = len(found) < self.latest
        world.check(found, since, 0 if whole else found.days[0] - FIRST_DAY)


Writer = tuple[list[Numbers], int | None]
"""What a writer merges one after the other, and before which call it stops for good."""


class Scenario(NamedTuple):
    """Who does what, and who is next."""

    stored: Numbers
    writers: list[Writer]
    readings: list[Reading]
    runs: list[Run]
    random: Random


def numbers(min_size: int = 1) -> SearchStrategy[Numbers]:
    """Runs of days more often than single ones, as histories come."""
    runs = st.builds(
        lambda first, count, step: frozenset(range(first, min(first + count * step, _LAST), step)),
        st.integers(0, _LAST - 1),
        st.integers(1, 40),
        st.sampled_from((1, 1, 2, 7)),
    )
    return runs | st.frozensets(st.integers(0, _LAST), min_size=min_size, max_size=10)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    merges = st.lists(numbers(), min_size=1, max_size=2)
    writers = draw(
        st.lists(st.tuples(merges, st.none() | st.integers(0, 15)), min_size=2, max_size=3)
    )
    readings = st.builds(
        Reading,
        st.integers(0, _LAST // 2),
        st.integers(_LAST // 2, _LAST),
        st.none() | st.integers(1, 30),
        st.none() | st.sampled_from((1, 3, 10, 60)),
    )
    runs = st.tuples(st.integers(0, len(writers)), st.integers(1, 9))
    return Scenario(
        draw(numbers(min_size=0)),
        writers,
        draw(st.lists(readings, max_size=6)),
        draw(st.lists(runs, max_size=30)),
        draw(st.randoms(use_true_random=False)),
    )


def play(scenario: Scenario, store: Store) -> None:
    """Let everybody do what they do, and see that nothing was lost."""
    world = World(LaggingStore(store, scenario.random))
    if scenario.stored:
        world.merge(scenario.stored)
    processes = [
        Process(cast("Store", world.store), partial(_write, world, merges), stop)
        for merges, stop in scenario.writers
    ]
    reader = Process(cast("Store", world.store), partial(_read, world, scenario.readings))

    take_turns([*processes, reader], scenario.runs)

    found = world.repository().between(TICKER)
    world.check(found, world.store.now)
    for each in found:
        assert list(world.repository().between(TICKER, each.day, each.day)) == [each]
    # What was begun and not completed is no obstacle to whoever comes next.
    world.merge(frozenset(range(_LAST + 1)))
    world.check(world.repository().between(TICKER), world.store.now)


def _write(world: World, merges: list[Numbers], process: Process) -> None:
    for each in merges:
        world.merge(each, process)


def _read(world: World, readings: list[Reading], process: Process) -> None:
    for each in readings:
        each.make(world, process)


@settings(deadline=None, max_examples=60)
@given(scenarios())
def test_writers_in_any_order_end_as_the_merge_of_them_all_and_readers_never_miss_a_bar(
    scenario: Scenario,
) -> None:
    with opened() as store:
        play(scenario, store)


@settings(deadline=None, max_examples=5)
@given(scenarios())
def test_they_do_so_on_dynamodb_too(scenario: Scenario) -> None:
    with on_dynamodb() as store:
        play(scenario, store)
