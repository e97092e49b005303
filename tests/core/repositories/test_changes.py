import pytest
import stamina

from signal9_core.errors import ConflictError
from signal9_core.ports import Item
from signal9_core.repositories import change_item
from signal9_core.tables import STATE, TableSpec
from tests.spied import SpiedStore


def counted(stored: Item | None) -> Item:
    before = 0 if stored is None else stored["count"]
    assert isinstance(before, int)
    return {"name": "counter", "count": before + 1}


def test_no_count_is_lost_when_many_count_at_once(spied: SpiedStore) -> None:
    left = list(range(5))

    def meanwhile(_: TableSpec, __: Item) -> None:
        if left:
            left.pop()
            change_item(spied.store, STATE, {"name": "counter"}, counted)
            spied.meanwhile = meanwhile

    spied.meanwhile = meanwhile
    change_item(spied, STATE, {"name": "counter"}, counted)

    found = spied.get(STATE, {"name": "counter"})
    assert found is not None
    assert found.item["count"] == 6


def test_leaving_things_as_they_are_writes_nothing(spied: SpiedStore) -> None:
    assert not change_item(spied, STATE, {"name": "counter"}, lambda _: None)
    assert spied.writes == 0


def test_whoever_always_loses_learns_of_it(spied: SpiedStore) -> None:
    def meanwhile(_: TableSpec, __: Item) -> None:
        change_item(spied.store, STATE, {"name": "counter"}, counted)
        spied.meanwhile = meanwhile

    spied.meanwhile = meanwhile
    with stamina.set_testing(True, attempts=3), pytest.raises(ConflictError):
        change_item(spied, STATE, {"name": "counter"}, counted)

    found = spied.get(STATE, {"name": "counter"})
    assert found is not None
    assert found.item["count"] == 3
