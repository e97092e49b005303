"""Stores against a model: whatever is done, in whatever order, a plain dictionary does the same."""

from collections import defaultdict
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from signal9_core.errors import ConflictError
from signal9_core.ports import ABSENT, Item, Stored
from signal9_core.tables import TableSpec
from tests.fakes import SetClock

from .conftest import OpenStore
from .model import Model, Place, Question, item_lists, places, questions

Expecting = Literal["anything", "nothing", "what stands there", "what stood there"]

EXPECTING: st.SearchStrategy[Expecting] = st.sampled_from(
    ("anything", "nothing", "what stands there", "what stood there")
)


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model, and compares what both say."""

    def __init__(self, open_store: OpenStore) -> None:
        super().__init__()
        self.clock = SetClock()
        self.model = Model(self.clock)
        self.versions: defaultdict[Place, set[int]] = defaultdict(set)
        self.opened = open_store(self.clock)
        self.store = self.opened.__enter__()

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)

    @rule(batch=item_lists(max_size=1), expecting=EXPECTING)
    def put(self, batch: tuple[TableSpec, list[Item]], expecting: Expecting) -> None:
        table, items = batch
        for item in items:
            place = Place.of(table, item)
            expected = self._expected(place, expecting)
            if expected is not None and not self._stands(place, expected):
                with pytest.raises(ConflictError):
                    self.store.put(table, item, expected=expected)
                continue
            version = self.store.put(table, item, expected=expected)
            self.model.put(place, item)
            assert version not in self.versions[place]
            assert self._read(place) in (None, (item, version))

    @rule(batch=item_lists(max_size=6))
    def put_many(self, batch: tuple[TableSpec, list[Item]]) -> None:
        table, items = batch
        before = {Place.of(table, item): self._version(Place.of(table, item)) for item in items}
        self.store.put_many(table, iter(items))
        for item in items:
            self.model.put(Place.of(table, item), item)
        for place, version in before.items():
            assert version is None or self._version(place) != version

    @rule(batch=item_lists(max_size=6))
    def put_new(self, batch: tuple[TableSpec, list[Item]]) -> None:
        table, items = batch
        expected = []
        for item in items:
            place = Place.of(table, item)
            if self.model.get(place) is not None:
                expected.append(item)
            else:
                self.model.put(place, item)
        assert self.store.put_new(table, iter(items)) == expected

    @rule(place=places(), expecting=EXPECTING)
    def delete(self, place: Place, expecting: Expecting) -> None:
        expected = self._expected(place, expecting)
        if expected is not None and not self._stands(place, expected):
            with pytest.raises(ConflictError):
                self.store.delete(place.table, place.key, expected=expected)
            return
        self.store.delete(place.table, place.key, expected=expected)
        if expected != ABSENT:
            self.model.delete(place)

    @rule(wanted=st.lists(places(), max_size=6))
    def get(self, wanted: list[Place]) -> None:
        for place in wanted:
            self._read(place)

    @rule(wanted=st.lists(places(), max_size=6))
    def get_many(self, wanted: list[Place]) -> None:
        for table in {place.table.name: place.table for place in wanted}.values():
            asked = [place for place in wanted if place.table is table]
            found = self.store.get_many(table, (place.key for place in asked))
            assert {Place.of(table, each.item): each.item for each in found} == {
                place: item for place in asked if (item := self.model.get(place)) is not None
            }
            assert len({Place.of(table, each.item) for each in found}) == len(found)

    @rule(question=questions(), newest_first=st.booleans(), limit=st.integers(1, 4))
    def query(self, question: Question, *, newest_first: bool, limit: int) -> None:
        whole = self._answer(question, newest_first=newest_first)
        pages = self._answer(question, newest_first=newest_first, limit=limit)
        expected = self.model.query(question)
        table, sort_key = question.table, question.sort_key
        assert pages == whole
        assert len(whole) == len(expected)
        assert {Place.of(table, each.item): each.item for each in whole} == {
            Place.of(table, item): item for item in expected
        }
        if sort_key is not None:
            order = [str(each.item[sort_key]).encode() for each in whole]
            assert order == sorted(order, reverse=newest_first)

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.move(seconds=seconds)

    def _answer(
        self, question: Question, *, newest_first: bool, limit: int | None = None
    ) -> list[Stored]:
        table, order, partition, span, prefix = question
        found: list[Stored] = []
        cursor = None
        while True:
            page = self.store.query(
                table,
                partition,
                index=order,
                span=span,
                prefix=prefix,
                newest_first=newest_first,
                limit=limit,
                cursor=cursor,
                consistent=limit is None,  # nobody else writes, so that both ways read the same
            )
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found
            assert len(page.items) == limit

    def _read(self, place: Place) -> Stored | None:
        found = self.store.get(place.table, place.key)
        assert (None if found is None else found.item) == self.model.get(place)
        if found is not None:
            self.versions[place].add(found.version)
        return found

    def _version(self, place: Place) -> int | None:
        found = self._read(place)
        return None if found is None else found.version

    def _expected(self, place: Place, expecting: Expecting) -> int | None:
        if expecting == "anything":
            return None
        version = self._version(place)
        if expecting == "what stands there":
            return version or ABSENT
        older = self.versions[place] - {version}
        return max(older, default=1) if expecting == "what stood there" else ABSENT

    def _stands(self, place: Place, expected: int) -> bool:
        return (self._version(place) or ABSENT) == expected


@pytest.mark.parametrize(
    ("opening", "examples"), [("open_sqlite", 60), ("open_moto", 6), ("open_ministack", 6)]
)
def test_a_store_does_what_a_dictionary_does(
    request: pytest.FixtureRequest, opening: str, examples: int
) -> None:
    open_store: OpenStore = request.getfixturevalue(opening)

    class Machine(StoreMachine):
        def __init__(self) -> None:
            super().__init__(open_store)

    run_state_machine_as_test(
        Machine,
        settings=settings(deadline=None, max_examples=examples, stateful_step_count=25),
    )
