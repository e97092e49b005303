"""The compact listing: whole or not at all, and written only where it differs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.errors import StoreError
from signal9_core.repositories import ListedName, ListingRepository
from signal9_core.repositories import companies as module
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import STATE

APPLE = ListedName("AAPL", "Apple Inc.", "NASDAQ", 1)
IBM = ListedName("IBM", None, None, None)

names = st.builds(
    ListedName, st.text(), st.none() | st.text(), st.none() | st.text(), st.none() | st.integers(1)
)


@pytest.fixture
def store() -> SqliteStore:
    return SqliteStore.open(":memory:")


@settings(deadline=None, max_examples=25)
@given(companies=st.lists(names, max_size=20))
def test_a_listing_comes_back_unchanged(companies: list[ListedName]) -> None:
    with SqliteStore.open(":memory:") as store:
        listing = ListingRepository(store)

        assert listing.publish(companies)

        assert listing.load() == (listing.version(), companies)


def test_the_same_listing_is_not_written_again(store: SqliteStore) -> None:
    listing = ListingRepository(store)

    assert listing.publish([APPLE, IBM])
    version = listing.version()

    assert not listing.publish([APPLE, IBM])
    assert listing.version() == version


def test_a_newer_listing_leaves_nothing_of_the_older_one(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PART_BYTES", 20)
    listing = ListingRepository(store)
    listing.publish([APPLE, IBM])
    older = listing.version()
    assert store.get(STATE, {"name": "listing/2"})

    listing.publish([IBM])

    assert listing.load() == (listing.version(), [IBM])
    assert older != listing.version()
    assert store.get(STATE, {"name": "listing/2"}) is None


def test_where_nothing_was_published_there_is_nothing(store: SqliteStore) -> None:
    listing = ListingRepository(store)

    assert listing.version() is None
    assert listing.load() is None


def test_a_listing_with_a_part_missing_is_none(store: SqliteStore) -> None:
    listing = ListingRepository(store)
    listing.publish([APPLE])
    store.delete(STATE, {"name": "listing/0"})

    assert listing.load() is None


def test_a_listing_that_cannot_be_read_is_named(store: SqliteStore) -> None:
    listing = ListingRepository(store)
    listing.publish([APPLE])
    store.put(STATE, {"name": "listing/0", "digest": listing.version(), "data": b"rubbish"})

    with pytest.raises(StoreError, match="State listing: the listing cannot be read"):
        listing.load()


def test_a_listing_that_was_half_written_is_written_again(store: SqliteStore) -> None:
    listing = ListingRepository(store)
    listing.publish([APPLE])
    store.put(STATE, {"name": "listing/0", "digest": "of another one", "data": b""})

    assert listing.load() is None
    assert listing.publish([APPLE])
    assert listing.load() == (listing.version(), [APPLE])
