"""Companies come back as they were, in every order in which they are listed."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain.companies import (
    Asset,
    AssetProfile,
    CompanyOverview,
    DataSet,
    Freshness,
    ListedAsset,
)
from signal9_core.errors import StoreError
from signal9_core.ports import Item, Value
from signal9_core.repositories.companies import AssetRepository, ListingRepository
from signal9_core.tables import STATE, TableSpec, state_key
from tests.core.conftest import opened
from tests.core.storing import store_assets
from tests.core.strategies import asset_profiles, assets
from tests.fakes import LISTING, NOW
from tests.spied import SpiedStore


def unknown_fields() -> SearchStrategy[dict[str, Value]]:
    """Fields that no model knows, with whatever a provider's JSON may hold."""
    leaves = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5)
    values = st.recursive(
        leaves | st.decimals(-1000, 1000, places=3),
        lambda inner: (
            st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
        ),
        max_leaves=4,
    )
    return st.dictionaries(st.sampled_from(("peRatio", "52WeekHigh", "other", "beta")), values)


@settings(deadline=None, max_examples=50)
@given(profile=asset_profiles(), more=unknown_fields())
def test_any_profile_comes_back_with_unknown_fields_and_is_written_once(
    profile: AssetProfile, more: dict[str, Value]
) -> None:
    wanted = profile.model_copy(update={"asset": profile.asset.model_copy(update=more)})
    if profile.overview is not None:
        overview = profile.overview.model_copy(update=more)
        wanted = wanted.model_copy(update={"overview": overview})
    if profile.checked_at is not None:
        to_the_second = profile.checked_at.replace(microsecond=0)
        wanted = wanted.model_copy(update={"checked_at": to_the_second})

    with opened() as store:
        repository = AssetRepository(store)
        repository.change(profile.asset.ticker, lambda _: wanted)
        written = store.writes

        assert repository.get(profile.asset.ticker) == wanted
        repository.change(profile.asset.ticker, lambda _: wanted)
        assert store.writes == written


@settings(deadline=None, max_examples=30)
@given(listing=st.lists(assets(), max_size=8, unique_by=lambda asset: asset.ticker))
def test_syncing_a_listing_again_writes_nothing(listing: list[Asset]) -> None:
    with opened() as store:
        repository = AssetRepository(store)

        assert store_assets(repository, listing) == [asset.ticker for asset in listing]
        written = store.writes
        assert store_assets(repository, listing) == []
        assert store.writes == written


def test_a_change_of_identity_keeps_everything_else(spied: SpiedStore) -> None:
    repository = AssetRepository(spied)
    store_assets(repository, LISTING)
    _check(repository, "AAPL", 3)

    changed = store_assets(repository, [Asset(ticker="AAPL", name="Apple"), *LISTING[1:]])

    assert changed == ["AAPL"]
    found = repository.get("AAPL")
    assert found is not None
    assert (found.asset.name, found.freshness[DataSet.NEWS].count) == ("Apple", 3)


@pytest.mark.parametrize("known", [False, True])
def test_two_writers_of_one_profile_both_have_their_way(known: bool, spied: SpiedStore) -> None:
    mine, yours = AssetRepository(spied), AssetRepository(spied.store)
    store_assets(mine, LISTING)
    read = mine.read("AAPL") if known else None

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.change("AAPL", lambda old: old.model_copy(update={"checked_at": NOW}))

    spied.meanwhile = meanwhile
    overview = CompanyOverview(ticker="AAPL", sector="TECHNOLOGY")
    written = mine.change(
        "AAPL", lambda old: old.model_copy(update={"overview": overview}), known=read
    )

    assert written == mine.read("AAPL")
    assert (written.model.overview, written.model.checked_at) == (overview, NOW)


def test_a_company_that_somebody_else_adds_meanwhile_keeps_what_they_know(
    spied: SpiedStore,
) -> None:
    mine, yours = AssetRepository(spied), AssetRepository(spied.store)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.change("MSFT", lambda old: old.model_copy(update={"checked_at": NOW}))

    spied.meanwhile = meanwhile
    store_assets(mine, LISTING)

    found = mine.get("MSFT")
    assert found is not None
    assert (found.asset, found.checked_at) == (LISTING[2], NOW)


@settings(deadline=None, max_examples=40)
@given(
    listing=st.lists(assets(), max_size=12, unique_by=lambda asset: asset.ticker),
    limit=st.integers(1, 5),
    exchange=st.sampled_from((None, "NYSE")),
)
def test_pages_by_name_hold_every_accepted_company_once_and_in_order(
    listing: list[Asset], limit: int, exchange: str | None
) -> None:
    def accepted(asset: Asset) -> bool:
        return asset.status == "active" and exchange in {None, asset.exchange}

    def key(asset: Asset) -> bytes:
        return f"{(asset.name or asset.ticker).casefold()}#{asset.ticker}".encode()

    with opened() as store:
        repository = AssetRepository(store)
        store_assets(repository, listing)
        accept = None if exchange is None else lambda listed: listed.exchange == exchange
        pages, cursor = [], None
        while True:
            page = repository.by_name(limit=limit, cursor=cursor, accept=accept)
            pages.append([listed.ticker for listed in page.items])
            cursor = page.cursor
            if cursor is None:
                break

    found = [ticker for page in pages for ticker in page]
    assert found == [asset.ticker for asset in sorted(filter(accepted, listing), key=key)]
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1] or len(pages) == 1  # a cursor promises that something follows


def test_a_list_shows_name_exchange_sector_and_rank(spied: SpiedStore) -> None:
    repository = AssetRepository(spied)
    store_assets(repository, LISTING)
    overview = CompanyOverview(ticker="AAPL", sector="TECHNOLOGY")
    repository.change("AAPL", lambda old: old.model_copy(update={"overview": overview}))

    first, *_, last = repository.listed()

    assert first == ListedAsset("AAPL", "Apple Inc.", "NASDAQ", 1, "TECHNOLOGY")
    assert last == ListedAsset("ZZZ", None, "NYSE")


def test_companies_are_ordered_by_when_they_were_checked(spied: SpiedStore) -> None:
    repository = AssetRepository(spied)
    store_assets(repository, [*LISTING, Asset(ticker="GONE", status="inactive")])
    for hours, ticker in enumerate(("MSFT", "AAPL", "BRK.B")):
        _check(repository, ticker, hours)

    assert repository.stalest(10) == ["ZZZ", "MSFT", "AAPL", "BRK.B"]
    assert repository.stalest(2) == ["ZZZ", "MSFT"]
    summaries = [
        (company.ticker, company.freshness[DataSet.NEWS].count)
        for company in repository.summaries()
        if company.freshness
    ]
    assert summaries == [("BRK.B", 2), ("AAPL", 1), ("MSFT", 0)]


def _check(repository: AssetRepository, ticker: str, hours: int) -> None:
    moment = NOW + timedelta(hours=hours)
    fresh = Freshness(
        as_of=NOW.date(), source="fake", complete=True, fetched_at=moment, count=hours
    )
    update = {"checked_at": moment, "freshness": {DataSet.NEWS: fresh}}
    repository.change(ticker, lambda old: old.model_copy(update=update))


APPLE = ListedAsset("AAPL", "Apple Inc.", "NASDAQ", 1)
IBM = ListedAsset("IBM", None, None, None)


@settings(deadline=None, max_examples=25)
@given(
    companies=st.lists(
        st.builds(
            ListedAsset,
            st.text(),
            st.none() | st.text(),
            st.none() | st.text(),
            st.none() | st.integers(1),
            st.none() | st.text(),
            st.lists(st.text(max_size=5), max_size=2).map(tuple),
        )
    )
)
def test_a_listing_comes_back_unchanged_and_is_written_once(companies: list[ListedAsset]) -> None:
    with opened() as store:
        listing = ListingRepository(store)
        assert (listing.version(), listing.load()) == (None, None)

        assert listing.publish(companies)
        version = listing.version()

        assert listing.load() == (version, companies)
        assert not listing.publish(companies)
        assert listing.version() == version


def _part(listing: ListingRepository) -> dict[str, str]:
    return state_key(f"listing/{listing.version()}", "0")


def test_a_listing_that_is_not_whole_is_not_read(spied: SpiedStore) -> None:
    listing = ListingRepository(spied)
    listing.publish([APPLE])
    spied.delete(STATE, _part(listing))
    assert listing.load() is None

    assert listing.publish([APPLE, IBM])
    assert listing.load() == (listing.version(), [APPLE, IBM])


def test_a_listing_that_cannot_be_read_is_named(spied: SpiedStore) -> None:
    listing = ListingRepository(spied)
    listing.publish([APPLE])
    spied.put(STATE, {**_part(listing), "data": b"rubbish"})

    with pytest.raises(StoreError, match="State listing: the listing cannot be read"):
        listing.load()
