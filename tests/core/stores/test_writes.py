"""What every store promises about writing and reading single items."""

from collections.abc import Iterator

import pytest

from signal9_core.errors import ConflictError, StoreError
from signal9_core.ports import ABSENT, Item, Store, no_progress
from signal9_core.tables import ASSETS, FINANCIALS, NEWS, STATE, state_key
from tests.fakes import SetClock

from .items import article, asset, lease, report

APPLE = {"ticker": "AAPL"}


def test_a_put_replaces_the_whole_item_and_returns_its_version(store: Store) -> None:
    assert store.get(ASSETS, APPLE) is None
    store.put(ASSETS, asset("AAPL", name="Apple", exchange="NASDAQ"))

    version = store.put(ASSETS, asset("AAPL", sector="Technology"))

    assert version > 0
    assert store.get(ASSETS, APPLE) == (asset("AAPL", sector="Technology"), version)
    assert store.get(ASSETS, {**APPLE, "name": "whatever"}) == store.get(ASSETS, APPLE)


def test_every_write_makes_a_new_version(store: Store) -> None:
    versions = {store.put(ASSETS, asset("AAPL")) for _ in range(3)}
    store.put_many(ASSETS, [asset("AAPL")])

    stored = store.get(ASSETS, APPLE)
    assert len(versions) == 3
    assert stored is not None
    assert stored.version not in versions
    with pytest.raises(ConflictError):
        store.put(ASSETS, asset("AAPL"), expected=versions.pop())


def test_the_item_passed_in_stays_as_it_is(store: Store) -> None:
    item = asset("AAPL", tags=["a"])

    store.put(ASSETS, item)
    store.put_many(ASSETS, [item])
    store.put_new(ASSETS, [item])

    assert item == {"ticker": "AAPL", "tags": ["a"]}


def test_only_the_expected_version_is_replaced(store: Store) -> None:
    first = store.put(ASSETS, asset("AAPL", n=1), expected=ABSENT)

    second = store.put(ASSETS, asset("AAPL", n=2), expected=first)

    for wrong in (first, ABSENT):
        with pytest.raises(ConflictError, match="Assets AAPL"):
            store.put(ASSETS, asset("AAPL", n=3), expected=wrong)
    assert store.get(ASSETS, APPLE) == (asset("AAPL", n=2), second)
    with pytest.raises(ConflictError):
        store.put(ASSETS, asset("MSFT"), expected=12)
    assert store.get(ASSETS, {"ticker": "MSFT"}) is None


def test_only_the_expected_version_is_deleted(store: Store) -> None:
    first = store.put(ASSETS, asset("AAPL"))
    second = store.put(ASSETS, asset("AAPL"))

    for wrong in (first, ABSENT):
        with pytest.raises(ConflictError):
            store.delete(ASSETS, APPLE, expected=wrong)
    assert store.get(ASSETS, APPLE) == (asset("AAPL"), second)

    store.delete(ASSETS, APPLE, expected=second)
    with pytest.raises(ConflictError):
        store.delete(ASSETS, APPLE, expected=second)
    store.delete(ASSETS, APPLE, expected=ABSENT)
    store.delete(ASSETS, APPLE)
    assert store.get(ASSETS, APPLE) is None


def test_many_items_are_written_and_of_equal_keys_the_last_one_stays(store: Store) -> None:
    def items() -> Iterator[Item]:
        yield from (article("AAPL", f"{number:04}", n=number) for number in range(260))

    store.put_many(NEWS, items())
    store.put_many(NEWS, [article("AAPL", "0003", n=0), article("AAPL", "0003", n=3)])
    store.put_many(NEWS, [])

    stored = store.query(NEWS, "AAPL").items
    assert [item["n"] for item, _ in stored] == list(range(260))
    assert len({version for _, version in stored}) == 260


def test_new_items_are_written_and_the_others_come_back_untouched(store: Store) -> None:
    before = store.put(ASSETS, asset("MSFT", n=0))
    first = asset("AAPL", n=1)

    taken = store.put_new(ASSETS, [first, asset("MSFT", n=1), asset("AAPL", n=2), first])

    assert taken == [asset("MSFT", n=1), asset("AAPL", n=2), first]
    assert store.put_new(ASSETS, []) == []
    assert store.get(ASSETS, {"ticker": "MSFT"}) == (asset("MSFT", n=0), before)
    stored = store.get(ASSETS, APPLE)
    assert stored is not None
    assert stored.item == first


def test_getting_many_returns_each_once_and_skips_what_is_absent(store: Store) -> None:
    store.put_many(
        FINANCIALS, [report("AAPL", "x", str(number), n=number) for number in range(120)]
    )
    keys = [{"ticker": "AAPL", "reportType#date": f"x#{number}"} for number in range(130)]

    stored = store.get_many(FINANCIALS, [*keys, *keys])

    assert sorted(str(item["n"]) for item, _ in stored) == sorted(map(str, range(120)))
    for item, version in stored[:3]:
        key = {name: str(item[name]) for name in FINANCIALS.key_attributes}
        assert store.get(FINANCIALS, key) == (item, version)


def test_an_expired_item_counts_as_absent_everywhere(store: Store, clock: SetClock) -> None:
    now = int(clock().timestamp())
    version = store.put(STATE, lease("lock", now + 60))
    key = state_key("lock")

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
    third = store.put(STATE, lease("third", now + 60))

    version = store.put(STATE, lease("first", n=1), expected=ABSENT)
    taken = store.put_new(STATE, [lease("second", n=2), lease("third", n=3)])
    renewed = store.put(STATE, lease("third", now + 99), expected=third)

    assert store.get(STATE, state_key("first")) == (lease("first", n=1), version)
    assert taken == [lease("third", n=3)]
    with pytest.raises(ConflictError):
        store.put(STATE, lease("third"), expected=ABSENT)
    store.delete(STATE, state_key("third"), expected=renewed)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"ticker": ""},
        {"ticker": None},
        {"ticker": 7},
        {"ticker": "\ud800"},
        {"ticker": "AAPL", "version": 1},
        {"ticker": "AAPL", "status": "active", "nameKey": ""},
        {"ticker": "AAPL", "status": None, "nameKey": "apple"},
        {"ticker": "A" * 2049},
    ],
)
def test_items_that_break_the_rules_of_keys_are_refused(store: Store, item: Item) -> None:
    with pytest.raises(StoreError, match=r"Assets|Unicode"):
        store.put(ASSETS, item)
    with pytest.raises(StoreError, match=r"Assets|Unicode"):
        store.put_many(ASSETS, [item])
    with pytest.raises(StoreError, match=r"Assets|Unicode"):
        store.put_new(ASSETS, [item])


def test_a_key_that_is_incomplete_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="News AAPL/None: key timestamp"):
        store.get(NEWS, {"ticker": "AAPL"})
    with pytest.raises(StoreError, match="News"):
        store.get_many(NEWS, [{"ticker": "AAPL"}])
    with pytest.raises(StoreError, match="News"):
        store.delete(NEWS, {"ticker": "AAPL"})


@pytest.mark.parametrize("expiry", ["1700000000", -1, 2**60, True, None])
def test_an_expiry_that_is_not_a_number_of_seconds_is_refused(store: Store, expiry: object) -> None:
    item: Item = {**state_key("lock"), "expiresAt": expiry}  # type: ignore[dict-item]

    with pytest.raises(StoreError, match="State lock/-: expiresAt"):
        store.put(STATE, item)


def test_the_largest_items_are_held_and_larger_ones_refused(store: Store) -> None:
    fitting, large = asset("AAPL", text="x" * 400_000), asset("MSFT", text="ä" * 204_800)

    store.put_many(ASSETS, [fitting])
    for write in (store.put_many, store.put_new):
        with pytest.raises(StoreError, match=r"Assets MSFT: 4\d{5} bytes; .* at most 409600"):
            write(ASSETS, [large])
    with pytest.raises(StoreError, match="Assets MSFT"):
        store.put(ASSETS, large)

    stored = store.get(ASSETS, APPLE)
    assert stored is not None
    assert stored.item == fitting
    assert store.get(ASSETS, {"ticker": "MSFT"}) is None


def test_a_table_that_does_not_exist_is_refused(store: Store) -> None:
    unknown = type(ASSETS)("Bonds", "isin")

    with pytest.raises((StoreError, KeyError), match="Bonds"):
        store.get(unknown, {"isin": "US0378331005"})


def test_an_item_that_is_too_large_leaves_those_before_it_unwritten(store: Store) -> None:
    small = [asset(f"T{number}") for number in range(300)]

    with pytest.raises(StoreError, match=r"Assets BIG: \d{6} bytes; an item has at most 409600"):
        store.put_many(ASSETS, [*small, asset("BIG", text="x" * 409_600)])
    with pytest.raises(StoreError, match="Assets BIG"):
        store.put_new(ASSETS, [*small, asset("BIG", text="x" * 409_600)])

    assert store.verify(no_progress) == []
    assert store.get(ASSETS, {"ticker": "T0"}) is None
