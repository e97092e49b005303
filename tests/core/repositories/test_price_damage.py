"""An item in which one byte is not what was written: refused, or read as it was."""

from collections.abc import Iterator
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.errors import StoreError
from signal9_core.ports import Item
from signal9_core.repositories import PriceRepository
from signal9_core.tables import TIME_SERIES
from tests.core.conftest import opened
from tests.spied import SpiedStore

from ..strategies import walk

LONG = walk(190)
"""Two blocks."""


def blocks(store: SpiedStore) -> list[Item]:
    return [each.item for each in store.query(TIME_SERIES, "AAPL#1d").items]


def damaged(item: Item, flipped: int) -> Iterator[Item]:
    """Yield the item with every byte of what stands under its key changed, one at a time."""
    for name in ("last", "block"):
        value = item[name]
        whole = value.encode() if isinstance(value, str) else value
        assert isinstance(whole, bytes)
        for at, byte in enumerate(whole):
            other = whole[:at] + bytes([byte ^ flipped]) + whole[at + 1 :]
            yield {**item, name: other.decode() if isinstance(value, str) else other}
    assert isinstance(item["count"], int)
    yield {**item, "count": item["count"] ^ flipped}


@settings(deadline=None, max_examples=2)
@given(st.integers(0, 1), st.sampled_from((1, 2, 4, 8)))
def test_every_damaged_byte_of_an_item_is_refused_or_harmless(which: int, flipped: int) -> None:
    with opened() as store:
        repository = PriceRepository(store)
        repository.merge(LONG)
        item = blocks(store)[which]
        ranges = [(0, 189), (140, 170), (185, 189)]
        for wrong in damaged(item, flipped):
            store.put(TIME_SERIES, wrong)
            for first, last in ranges:
                with suppress(StoreError):
                    found = repository.between("AAPL", LONG.day(first), LONG.day(last))
                    assert found == LONG.slice(first, last + 1)
            store.put(TIME_SERIES, item)
