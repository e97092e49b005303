"""A store as a plain dictionary, and the small world of items that both are tried in."""

from collections.abc import Mapping
from functools import partial
from typing import Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.ports import Clock, Item, Span, Value
from signal9_core.tables import ASSETS, NEWS, STATE, TTL_ATTRIBUTE, IndexSpec, TableSpec
from tests.fakes import NOW

__all__ = ["Model", "Place", "Question", "item_lists", "places", "questions"]

TABLES: Final = (ASSETS, NEWS, STATE)
PARTITIONS: Final = ("A", "B")
INDEX_PARTITIONS: Final = ("active", "inactive")
SORT_KEYS: Final = ("1", "10", "11", "2", "a", "é", "\uffff", "𝄞")
PREFIXES: Final = ("1", "10", "3", "\uffff", "𝄞")


class Place(NamedTuple):
    """Where an item stands: a table, and a value for each of its key attributes."""

    table: TableSpec
    values: tuple[str, ...]

    @property
    def key(self) -> dict[str, str]:
        return dict(zip(self.table.key_attributes, self.values, strict=True))

    @classmethod
    def of(cls, table: TableSpec, item: Mapping[str, Value]) -> "Place":
        return cls(table, tuple(str(item[name]) for name in table.key_attributes))


class Question(NamedTuple):
    """What a query asks for."""

    table: TableSpec
    order: IndexSpec | None
    partition: str
    span: Span | None
    prefix: str | None

    @property
    def partition_key(self) -> str:
        return self.order.partition_key if self.order else self.table.partition_key

    @property
    def sort_key(self) -> str | None:
        return self.order.sort_key if self.order else self.table.sort_key

    def wants(self, item: Item) -> bool:
        if item.get(self.partition_key) != self.partition:
            return False
        if self.sort_key is None:
            return True
        sort = item.get(self.sort_key)
        if not isinstance(sort, str):
            return False
        first, last = self.span or Span()
        return (
            sort.startswith(self.prefix or "")
            and (first is None or sort.encode() >= first.encode())
            and (last is None or sort.encode() <= last.encode())
        )

    def carried(self, item: Item) -> Item:
        if self.order is None or self.order.include is None:
            return item
        keys = (*self.table.key_attributes, self.order.partition_key, self.order.sort_key)
        return {name: item[name] for name in (*keys, *self.order.include) if name in item}


class Model:
    """What a store ought to do."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._items: dict[Place, Item] = {}

    def get(self, place: Place) -> Item | None:
        item = self._items.get(place)
        if item is None:
            return None
        expires = item.get(TTL_ATTRIBUTE)
        gone = isinstance(expires, int) and expires <= self._clock().timestamp()
        return None if gone else item

    def put(self, place: Place, item: Item) -> None:
        self._items[place] = item

    def delete(self, place: Place) -> None:
        self._items.pop(place, None)

    def query(self, question: Question) -> list[Item]:
        places = [place for place in self._items if place.table is question.table]
        alive = [item for place in places if (item := self.get(place)) is not None]
        return [question.carried(item) for item in alive if question.wants(item)]


def places() -> SearchStrategy[Place]:
    return st.sampled_from(TABLES).flatmap(lambda table: _keys(table).map(partial(Place.of, table)))


def item_lists(max_size: int) -> SearchStrategy[tuple[TableSpec, list[Item]]]:
    """Some items of one table, with equal keys among them now and then."""
    return st.sampled_from(TABLES).flatmap(
        lambda table: st.tuples(st.just(table), st.lists(_items(table), max_size=max_size))
    )


def questions() -> SearchStrategy[Question]:
    return st.sampled_from(TABLES).flatmap(_questions)


def _keys(table: TableSpec) -> SearchStrategy[dict[str, str]]:
    parts = {table.partition_key: st.sampled_from(PARTITIONS)}
    if table.sort_key is not None:
        parts[table.sort_key] = st.sampled_from(SORT_KEYS)
    return st.fixed_dictionaries(parts)


def _items(table: TableSpec) -> SearchStrategy[Item]:
    """Items that are in the indexes of their table, or nearly."""
    some: dict[str, SearchStrategy[Value]] = {"n": st.integers(0, 3), "name": st.just("x")}
    for index in table.indexes:
        some[index.partition_key] = st.sampled_from(INDEX_PARTITIONS)
        some[index.sort_key] = st.sampled_from(SORT_KEYS)
    if table.ttl_attribute is not None:
        now = int(NOW.timestamp())
        some[table.ttl_attribute] = st.integers(now - 1, now + 6)
    optional = {name: each for name, each in some.items() if name not in table.key_attributes}
    return st.builds(
        lambda key, rest: {**rest, **key},
        _keys(table),
        st.fixed_dictionaries({}, optional=optional),
    )


def _questions(table: TableSpec) -> SearchStrategy[Question]:
    def of_index(index: IndexSpec | None) -> SearchStrategy[Question]:
        partitions = PARTITIONS if index is None else INDEX_PARTITIONS
        bounds = st.sampled_from((None, *SORT_KEYS))
        spans = st.builds(Span, bounds, bounds).map(lambda span: (span, None))
        prefixes = st.sampled_from(PREFIXES).map(lambda prefix: (None, prefix))
        ordered = table.sort_key is not None or index is not None
        nothing = st.just((None, None))
        return st.builds(
            lambda partition, chosen: Question(table, index, partition, *chosen),
            st.sampled_from(partitions),
            st.one_of(nothing, spans, prefixes) if ordered else nothing,
        )

    return st.sampled_from((None, *table.indexes)).flatmap(of_index)
