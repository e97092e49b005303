"""What every store promises about writing, whichever it is."""

from collections.abc import Iterator

import pytest

from signal9_core.errors import ConflictError, StoreError
from signal9_core.ports import ABSENT, Item, Store
from signal9_core.tables import ASSETS, FINANCIALS, NEWS, STATE
from tests.fakes import SetClock

from .items import article, asset, lease

APPLE = {"ticker": "AAPL"}


def test_what_is_put_comes_back_with_its_version(store: Store) -> None:
    version = store.put(ASSETS, asset("AAPL", name="Apple"))

    assert store.get(ASSETS, APPLE) == ({"ticker": "AAPL", "name": "Apple"}, version)
    assert version > 0


def test_what_was_never_put_is_absent(store: Store) -> None:
    assert store.get(ASSETS, APPLE) is None


def test_a_put_replaces_the_whole_item(store: Store) -> None:
    store.put(ASSETS, asset("AAPL", name="Apple", exchange="NASDAQ"))

    store.put(ASSETS, asset("AAPL", sector="Technology"))

    found = store.get(ASSETS, APPLE)
    assert found is not None
    assert found.item == {"ticker": "AAPL", "sector": "Technology"}


def test_every_write_makes_a_new_version(store: Store) -> None:
    item = asset("AAPL")

    versions = {store.put(ASSETS, item) for _ in range(3)}
    store.put_many(ASSETS, [item])
    found = store.get(ASSETS, APPLE)

    assert len(versions) == 3
    assert found is not None
    assert found.version not in versions


def test_the_item_that_was_handed_over_stays_as_it_is(store: Store) -> None:
    item = asset("AAPL", tags=["a"])

    store.put(ASSETS, item)
    store.put_many(ASSETS, [item])
    store.put_new(ASSETS, [item])

    assert item == {"ticker": "AAPL", "tags": ["a"]}


def test_an_expected_version_lets_exactly_that_version_be_replaced(store: Store) -> None:
    first = store.put(ASSETS, asset("AAPL", n=1))

    second = store.put(ASSETS, asset("AAPL", n=2), expected=first)
    with pytest.raises(ConflictError, match="Assets AAPL"):
        store.put(ASSETS, asset("AAPL", n=3), expected=first)

    assert store.get(ASSETS, APPLE) == (asset("AAPL", n=2), second)


def test_an_expected_version_of_an_absent_item_conflicts(store: Store) -> None:
    with pytest.raises(ConflictError):
        store.put(ASSETS, asset("AAPL"), expected=12)

    assert store.get(ASSETS, APPLE) is None


def test_expecting_absence_conflicts_where_an_item_stands(store: Store) -> None:
    version = store.put(ASSETS, asset("AAPL", n=1), expected=ABSENT)

    with pytest.raises(ConflictError):
        store.put(ASSETS, asset("AAPL", n=2), expected=ABSENT)

    assert store.get(ASSETS, APPLE) == (asset("AAPL", n=1), version)


def test_an_item_that_was_rewritten_unchanged_conflicts_all_the_same(store: Store) -> None:
    version = store.put(ASSETS, asset("AAPL"))
    store.put_many(ASSETS, [asset("AAPL")])

    with pytest.raises(ConflictError):
        store.put(ASSETS, asset("AAPL"), expected=version)


def test_a_delete_removes_and_may_be_repeated(store: Store) -> None:
    store.put(ASSETS, asset("AAPL"))

    store.delete(ASSETS, APPLE)
    store.delete(ASSETS, APPLE)

    assert store.get(ASSETS, APPLE) is None


def test_a_delete_of_another_version_conflicts(store: Store) -> None:
    first = store.put(ASSETS, asset("AAPL"))
    second = store.put(ASSETS, asset("AAPL"))

    with pytest.raises(ConflictError):
        store.delete(ASSETS, APPLE, expected=first)
    with pytest.raises(ConflictError):
        store.delete(ASSETS, APPLE, expected=ABSENT)
    assert store.get(ASSETS, APPLE) == (asset("AAPL"), second)

    store.delete(ASSETS, APPLE, expected=second)
    with pytest.raises(ConflictError):
        store.delete(ASSETS, APPLE, expected=second)
    store.delete(ASSETS, APPLE, expected=ABSENT)
    assert store.get(ASSETS, APPLE) is None


def test_many_items_are_written_from_a_generator(store: Store) -> None:
    def items() -> Iterator[Item]:
        yield from (article("AAPL", f"{number:04}", n=number) for number in range(260))

    store.put_many(NEWS, items())

    found = store.query(NEWS, "AAPL").items
    assert [each.item["n"] for each in found] == list(range(260))
    assert len({each.version for each in found}) == 260


def test_of_equal_keys_the_last_one_stays(store: Store) -> None:
    store.put_many(ASSETS, [asset("AAPL", n=number) for number in range(30)])

    found = store.get(ASSETS, APPLE)
    assert found is not None
    assert found.item["n"] == 29


def test_writing_nothing_is_fine(store: Store) -> None:
    store.put_many(ASSETS, [])

    assert store.put_new(ASSETS, []) == []
    assert store.get_many(ASSETS, []) == []


def test_new_items_are_written_and_taken_keys_come_back_untouched(store: Store) -> None:
    before = store.put(ASSETS, asset("MSFT", n=0))
    items = [asset(ticker, n=1) for ticker in ("AAPL", "MSFT", "IBM")]

    taken = store.put_new(ASSETS, items)

    assert taken == [asset("MSFT", n=1)]
    assert store.get(ASSETS, {"ticker": "MSFT"}) == (asset("MSFT", n=0), before)
    assert len(store.get_many(ASSETS, [{"ticker": t} for t in ("AAPL", "MSFT", "IBM")])) == 3


def test_of_new_items_with_equal_keys_the_first_one_is_written(store: Store) -> None:
    same = asset("AAPL", n=1)

    taken = store.put_new(ASSETS, [same, asset("AAPL", n=2), same])

    found = store.get(ASSETS, APPLE)
    assert taken == [asset("AAPL", n=2), same]
    assert found is not None
    assert found.item == same


def test_getting_many_returns_each_once_and_skips_what_is_absent(store: Store) -> None:
    store.put_many(FINANCIALS, [_report(number) for number in range(120)])
    keys = [{"ticker": "AAPL", "reportType#date": f"x#{number}"} for number in range(130)]

    found = store.get_many(FINANCIALS, [*keys, *keys])

    assert sorted(each.item["n"] for each in found if isinstance(each.item["n"], int)) == list(
        range(120)
    )
    assert all(each == store.get(FINANCIALS, _key(each.item)) for each in found[:3])


def _report(number: int) -> Item:
    return {"ticker": "AAPL", "reportType#date": f"x#{number}", "n": number}


def _key(item: Item) -> dict[str, str]:
    return {name: str(item[name]) for name in FINANCIALS.key_attributes}


def test_a_whole_item_serves_as_its_key(store: Store) -> None:
    version = store.put(ASSETS, asset("AAPL", name="Apple"))

    assert store.get(ASSETS, {"ticker": "AAPL", "name": "Apple"}) == (
        asset("AAPL", name="Apple"),
        version,
    )


def test_an_expired_item_counts_as_absent_everywhere(store: Store, clock: SetClock) -> None:
    now = int(clock().timestamp())
    version = store.put(STATE, lease("lock", now + 60))
    key = {"name": "lock"}

    clock.move(seconds=59)
    assert store.get(STATE, key) == (lease("lock", now + 60), version)
    clock.move(seconds=1)

    assert store.get(STATE, key) is None
    assert store.get_many(STATE, [key]) == []
    assert store.query(STATE, "lock").items == []
    with pytest.raises(ConflictError):
        store.put(STATE, lease("lock"), expected=version)
    with pytest.raises(ConflictError):
        store.delete(STATE, key, expected=version)
    store.delete(STATE, key, expected=ABSENT)


def test_an_expired_item_gives_way_to_a_new_one(store: Store, clock: SetClock) -> None:
    now = int(clock().timestamp())
    store.put_many(STATE, [lease(name, now) for name in ("first", "second")])
    store.put(STATE, lease("third", now + 60))

    version = store.put(STATE, lease("first", n=1), expected=ABSENT)
    taken = store.put_new(STATE, [lease("second", n=2), lease("third", n=3)])

    assert store.get(STATE, {"name": "first"}) == (lease("first", n=1), version)
    assert taken == [lease("third", n=3)]
    with pytest.raises(ConflictError):
        store.put(STATE, lease("third"), expected=ABSENT)


def test_an_item_that_expires_is_replaced_under_its_version(store: Store, clock: SetClock) -> None:
    later = int(clock().timestamp()) + 60
    version = store.put(STATE, lease("lock", later))

    renewed = store.put(STATE, lease("lock", later + 60), expected=version)

    assert store.get(STATE, {"name": "lock"}) == (lease("lock", later + 60), renewed)
    store.delete(STATE, {"name": "lock"}, expected=renewed)
    assert store.get(STATE, {"name": "lock"}) is None


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"ticker": ""},
        {"ticker": None},
        {"ticker": 7},
        {"ticker": "AAPL", "version": 1},
        {"ticker": "AAPL", "status": "active", "nameKey": ""},
        {"ticker": "AAPL", "status": None, "nameKey": "apple"},
        {"ticker": "A" * 2049},
    ],
)
def test_items_that_break_the_rules_of_keys_are_refused(store: Store, item: Item) -> None:
    with pytest.raises(StoreError, match="Assets"):
        store.put(ASSETS, item)
    with pytest.raises(StoreError, match="Assets"):
        store.put_many(ASSETS, [item])
    with pytest.raises(StoreError, match="Assets"):
        store.put_new(ASSETS, [item])


@pytest.mark.parametrize("expiry", ["1700000000", -1, 2**60, True, None])
def test_an_expiry_that_is_no_number_of_seconds_is_refused(store: Store, expiry: object) -> None:
    item: Item = {"name": "lock", "expiresAt": expiry}  # type: ignore[dict-item]

    with pytest.raises(StoreError, match="State lock: expiresAt"):
        store.put(STATE, item)


def test_a_key_that_is_incomplete_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="News AAPL/None: key timestamp"):
        store.get(NEWS, {"ticker": "AAPL"})
    with pytest.raises(StoreError, match="News"):
        store.get_many(NEWS, [{"ticker": "AAPL"}])
    with pytest.raises(StoreError, match="News"):
        store.delete(NEWS, {"ticker": "AAPL"})
