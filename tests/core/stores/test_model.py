"""Stores against a model: whatever is done, in whatever order, a plain dictionary does the same."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal, NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy

from signal9_core.errors import ConflictError
from signal9_core.ports import ABSENT, Clock, Item, Span, Stored, Value, no_progress
from signal9_core.tables import ASSETS, NEWS, STATE, TTL_ATTRIBUTE, IndexSpec, TableSpec
from tests.fakes import NOW, SetClock

from .conftest import OpenStore

TABLES: Final = (ASSETS, NEWS, STATE)
PARTITIONS: Final = ("A", "B")
INDEX_PARTITIONS: Final = ("active", "inactive")
SORT_KEYS: Final = ("1", "10", "11", "2", "a", "é", "\uffff", "𝄞")
PREFIXES: Final = ("1", "10", "3", "\uffff", "𝄞")

Expecting = Literal["any version", "no item", "current version", "older version"]

EXPECTING: SearchStrategy[Expecting] = st.sampled_from(
    ("any version", "no item", "current version", "older version")
)


class Place(NamedTuple):
    """A table, and a value for each of its key attributes."""

    table: TableSpec
    values: tuple[str, ...]

    @property
    def key(self) -> dict[str, str]:
        return dict(zip(self.table.key_attributes, self.values, strict=True))

    @classmethod
    def of(cls, table: TableSpec, item: Mapping[str, Value]) -> "Place":
        return cls(table, tuple(str(item[name]) for name in table.key_attributes))


@dataclass(frozen=True)
class Query:
    """A query, and which items of a dictionary it selects."""

    table: TableSpec
    index: IndexSpec | None
    partition: str
    span: Span | None
    prefix: str | None

    @property
    def sort_key(self) -> str | None:
        return self.index.sort_key if self.index else self.table.sort_key

    def selects(self, item: Item) -> bool:
        partition_key = (self.index or self.table).partition_key
        if item.get(partition_key) != self.partition or self.sort_key is None:
            return item.get(partition_key) == self.partition
        sort = item.get(self.sort_key)
        first, last = self.span or Span()
        return (
            isinstance(sort, str)
            and sort.startswith(self.prefix or "")
            and (first is None or sort.encode() >= first.encode())
            and (last is None or sort.encode() <= last.encode())
        )

    def projected(self, item: Item) -> Item:
        if self.index is None or self.index.include is None:
            return item
        keys = (*self.table.key_attributes, self.index.partition_key, self.index.sort_key)
        return {name: item[name] for name in (*keys, *self.index.include) if name in item}


class Model:
    """What a store ought to do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._items: dict[Place, Item] = {}

    def get(self, place: Place) -> Item | None:
        item = self._items.get(place, {})
        expires = item.get(TTL_ATTRIBUTE)
        gone = isinstance(expires, int) and expires <= self._clock().timestamp()
        return None if gone or not item else item

    def put(self, place: Place, item: Item) -> None:
        self._items[place] = item

    def delete(self, place: Place) -> None:
        self._items.pop(place, None)

    def query(self, query: Query) -> dict[Place, Item]:
        alive = ((place, self.get(place)) for place in self._items if place.table is query.table)
        return {
            place: query.projected(item) for place, item in alive if item and query.selects(item)
        }


def keys(table: TableSpec) -> SearchStrategy[dict[str, str]]:
    parts = {table.partition_key: st.sampled_from(PARTITIONS)}
    if table.sort_key is not None:
        parts[table.sort_key] = st.sampled_from(SORT_KEYS)
    return st.fixed_dictionaries(parts)


def places() -> SearchStrategy[Place]:
    return st.sampled_from(TABLES).flatmap(lambda table: keys(table).map(partial(Place.of, table)))


def items(table: TableSpec) -> SearchStrategy[Item]:
    """Items that are in the indexes of their table, or nearly."""
    some: dict[str, SearchStrategy[Value]] = {"n": st.integers(0, 3), "name": st.just("x")}
    for index in table.indexes:
        some[index.partition_key] = st.sampled_from(INDEX_PARTITIONS)
        some[index.sort_key] = st.sampled_from(SORT_KEYS)
    if table.ttl_attribute is not None:
        now = int(NOW.timestamp())
        some[table.ttl_attribute] = st.integers(now - 1, now + 6)
    optional = {name: value for name, value in some.items() if name not in table.key_attributes}
    others = st.fixed_dictionaries({}, optional=optional)
    return st.builds(lambda key, rest: {**rest, **key}, keys(table), others)


def item_lists(max_size: int) -> SearchStrategy[tuple[TableSpec, list[Item]]]:
    """Some items of one table, with equal keys among them now and then."""
    return st.sampled_from(TABLES).flatmap(
        lambda table: st.tuples(st.just(table), st.lists(items(table), max_size=max_size))
    )


def queries() -> SearchStrategy[Query]:
    def of(table: TableSpec, index: IndexSpec | None) -> SearchStrategy[Query]:
        bounds = st.sampled_from((None, *SORT_KEYS))
        spans = st.builds(Span, bounds, bounds).map(lambda span: (span, None))
        prefixes = st.sampled_from(PREFIXES).map(lambda prefix: (None, prefix))
        unbounded = st.just((None, None))
        has_order = table.sort_key is not None or index is not None
        return st.builds(
            lambda partition, chosen: Query(table, index, partition, *chosen),
            st.sampled_from(PARTITIONS if index is None else INDEX_PARTITIONS),
            st.one_of(unbounded, spans, prefixes) if has_order else unbounded,
        )

    orders = [(table, index) for table in TABLES for index in (None, *table.indexes)]
    return st.sampled_from(orders).flatmap(lambda order: of(*order))


class StoreMachine(RuleBasedStateMachine):
    """Does the same to a store and to the model, and compares the results."""

    def __init__(self, open_store: OpenStore) -> None:
        super().__init__()
        self.clock = SetClock()
        self.model = Model(self.clock)
        self.versions: defaultdict[Place, set[int]] = defaultdict(set)
        self.opened = open_store(self.clock)
        self.store = self.opened.__enter__()

    def teardown(self) -> None:
        self.compare_everything()
        self.opened.__exit__(None, None, None)

    @rule(batch=item_lists(max_size=1), expecting=EXPECTING)
    def put(self, batch: tuple[TableSpec, list[Item]], expecting: Expecting) -> None:
        table, written = batch
        for item in written:
            place = Place.of(table, item)
            expected = self._expected(place, expecting)
            if expected is not None and (self._version(place) or ABSENT) != expected:
                with pytest.raises(ConflictError):
                    self.store.put(table, item, expected=expected)
                continue
            version = self.store.put(table, item, expected=expected)
            self.model.put(place, item)
            assert version not in self.versions[place]
            assert self._read(place) in (None, (item, version))

    @rule(batch=item_lists(max_size=6))
    def put_many(self, batch: tuple[TableSpec, list[Item]]) -> None:
        table, written = batch
        before = {Place.of(table, item): self._version(Place.of(table, item)) for item in written}
        self.store.put_many(table, iter(written))
        for item in written:
            self.model.put(Place.of(table, item), item)
        for place, version in before.items():
            assert version is None or self._version(place) != version

    @rule(batch=item_lists(max_size=6))
    def put_new(self, batch: tuple[TableSpec, list[Item]]) -> None:
        table, written = batch
        taken = []
        for item in written:
            place = Place.of(table, item)
            if self.model.get(place) is not None:
                taken.append(item)
            else:
                self.model.put(place, item)
        assert self.store.put_new(table, iter(written)) == taken

    @rule(place=places(), expecting=EXPECTING)
    def delete(self, place: Place, expecting: Expecting) -> None:
        expected = self._expected(place, expecting)
        if expected is not None and (self._version(place) or ABSENT) != expected:
            with pytest.raises(ConflictError):
                self.store.delete(place.table, place.key, expected=expected)
            return
        self.store.delete(place.table, place.key, expected=expected)
        if expected != ABSENT:
            self.model.delete(place)

    @rule(wanted=st.lists(places(), max_size=6))
    def get_many(self, wanted: list[Place]) -> None:
        for table in TABLES:
            of_table = [place for place in wanted if place.table is table]
            stored = self.store.get_many(table, (place.key for place in of_table))
            expected = {place: item for place in of_table if (item := self.model.get(place))}
            assert {Place.of(table, item): item for item, _ in stored} == expected
            assert len(stored) == len(expected)

    @rule(query=queries(), newest_first=st.booleans(), limit=st.integers(1, 4))
    def query(self, query: Query, *, newest_first: bool, limit: int) -> None:
        whole = self._results(query, newest_first=newest_first)
        expected = self.model.query(query)
        assert self._results(query, newest_first=newest_first, limit=limit) == whole
        assert len(whole) == len(expected)
        assert {Place.of(query.table, item): item for item, _ in whole} == expected
        if query.sort_key is not None:
            order = [str(item[query.sort_key]).encode() for item, _ in whole]
            assert order == sorted(order, reverse=newest_first)

    @rule()
    def compare_everything(self) -> None:
        """Compare all items, which are thus the same in every store, and all indexes."""
        for table in TABLES:
            for index in (None, *table.indexes):
                for partition in PARTITIONS if index is None else INDEX_PARTITIONS:
                    query = Query(table, index, partition, None, None)
                    stored = self._results(query, newest_first=False)
                    items = {Place.of(table, item): item for item, _ in stored}
                    assert items == self.model.query(query)
        assert self.store.verify(no_progress) == []

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.move(seconds=seconds)

    def _results(
        self, query: Query, *, newest_first: bool, limit: int | None = None
    ) -> list[Stored]:
        results: list[Stored] = []
        cursor = None
        while True:
            page = self.store.query(
                query.table,
                query.partition,
                index=query.index,
                span=query.span,
                prefix=query.prefix,
                newest_first=newest_first,
                limit=limit,
                cursor=cursor,
                consistent=limit is None,  # nobody else writes, so that both ways read the same
            )
            results += page.items
            cursor = page.cursor
            if cursor is None:
                return results
            assert len(page.items) == limit

    def _read(self, place: Place) -> Stored | None:
        stored = self.store.get(place.table, place.key)
        assert (None if stored is None else stored.item) == self.model.get(place)
        if stored is not None:
            self.versions[place].add(stored.version)
        return stored

    def _version(self, place: Place) -> int | None:
        stored = self._read(place)
        return None if stored is None else stored.version

    def _expected(self, place: Place, expecting: Expecting) -> int | None:
        version = self._version(place)
        match expecting:
            case "any version":
                return None
            case "no item":
                return ABSENT
            case "current version":
                return version or ABSENT
        return max(self.versions[place] - {version}, default=1)


@pytest.mark.parametrize(
    ("opening", "examples"),
    [("open_sqlite", 60), ("open_moto", 6), ("open_ministack", 6), ("open_simulated", 60)],
)
def test_a_store_does_what_a_dictionary_does(
    request: pytest.FixtureRequest, opening: str, examples: int
) -> None:
    open_store: OpenStore = request.getfixturevalue(opening)

    class Machine(StoreMachine):
        def __init__(self) -> None:
            super().__init__(open_store)

    run_state_machine_as_test(
        Machine, settings=settings(max_examples=examples, stateful_step_count=25)
    )
