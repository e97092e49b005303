from datetime import UTC, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import Asset, AssetProfile, CompanyOverview, DataSet, Freshness
from signal9_core.ports import Item, Value
from signal9_core.repositories import AssetRepository
from signal9_core.tables import ASSETS, TableSpec
from tests.core.conftest import opened
from tests.core.strategies import asset_profiles, assets, overviews
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
def test_any_profile_comes_back_as_it_was(profile: AssetProfile, more: dict[str, Value]) -> None:
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

        assert repository.get(profile.asset.ticker) == wanted
        assert not repository.change(profile.asset.ticker, lambda _: wanted)


def test_unknown_fields_of_providers_survive(spied: SpiedStore) -> None:
    overview = CompanyOverview.model_validate(
        {"ticker": "BRK.B", "peRatio": "30.1", "nested": {"none": None, "list": [1, "x"]}}
    )
    repository = AssetRepository(spied)

    repository.change("BRK.B", lambda old: old.model_copy(update={"overview": overview}))

    found = repository.get("BRK.B")
    assert found is not None
    assert found.overview is not None
    assert found.overview.model_extra == {
        "peRatio": "30.1",
        "nested": {"none": None, "list": [1, "x"]},
    }


@settings(deadline=None, max_examples=30)
@given(listing=st.lists(assets(), max_size=8, unique_by=lambda asset: asset.ticker))
def test_syncing_a_listing_again_writes_nothing(listing: list[Asset]) -> None:
    with opened() as store:
        repository = AssetRepository(store)

        assert repository.sync(listing) == [asset.ticker for asset in listing]
        written = store.writes
        assert repository.sync(listing) == []

        assert store.writes == written


def test_a_change_of_identity_keeps_everything_else(spied: SpiedStore) -> None:
    repository = AssetRepository(spied)
    repository.sync(LISTING)
    fresh = Freshness(as_of=NOW.date(), source="fake", complete=True, fetched_at=NOW, count=3)
    repository.change(
        "AAPL",
        lambda old: old.model_copy(update={"freshness": {DataSet.NEWS: fresh}, "checked_at": NOW}),
    )

    changed = repository.sync([Asset(ticker="AAPL", name="Apple"), *LISTING[1:]])

    assert changed == ["AAPL"]
    found = repository.get("AAPL")
    assert found is not None
    assert (found.asset.name, found.freshness, found.checked_at) == (
        "Apple",
        {DataSet.NEWS: fresh},
        NOW,
    )


def test_what_is_about_to_be_written_is_told_first(spied: SpiedStore) -> None:
    repository = AssetRepository(spied)
    told: list[tuple[int, list[str]]] = []

    repository.sync(LISTING, lambda tickers: told.append((spied.writes, tickers)))
    repository.sync(LISTING, lambda tickers: told.append((spied.writes, tickers)))

    assert told == [(0, ["AAPL", "BRK.B", "MSFT", "ZZZ"])]


def test_two_writers_of_one_profile_both_have_their_way(spied: SpiedStore) -> None:
    mine, yours = AssetRepository(spied), AssetRepository(spied.store)
    mine.sync(LISTING)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.change("AAPL", lambda old: old.model_copy(update={"checked_at": NOW}))

    spied.meanwhile = meanwhile
    overview = CompanyOverview(ticker="AAPL", sector="TECHNOLOGY")
    mine.change("AAPL", lambda old: old.model_copy(update={"overview": overview}))

    found = mine.get("AAPL")
    assert found is not None
    assert (found.overview, found.checked_at) == (overview, NOW)


def test_a_company_that_somebody_else_adds_meanwhile_keeps_what_they_know(
    spied: SpiedStore,
) -> None:
    mine, yours = AssetRepository(spied), AssetRepository(spied.store)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.change("MSFT", lambda old: old.model_copy(update={"checked_at": NOW}))

    spied.meanwhile = meanwhile
    mine.sync(LISTING)

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
        repository.sync(listing)
        accept = None if exchange is None else lambda listed: listed.exchange == exchange
        pages, cursor = [], None
        while True:
            page = repository.by_name(limit=limit, cursor=cursor, accept=accept)
            pages.append([each.ticker for each in page.items])
            cursor = page.cursor
            if cursor is None:
                break

    found = [ticker for page in pages for ticker in page]
    assert found == [asset.ticker for asset in sorted(filter(accepted, listing), key=key)]
    assert all(len(page) == limit for page in pages[:-1])
    assert pages[-1] or len(pages) == 1  # a cursor promises that something follows


def test_a_list_shows_name_exchange_sector_and_rank(spied: SpiedStore) -> None:
    repository = AssetRepository(spied)
    repository.sync(LISTING)
    overview = CompanyOverview(ticker="AAPL", sector="TECHNOLOGY")
    repository.change("AAPL", lambda old: old.model_copy(update={"overview": overview}))

    first, *_, last = repository.listed()

    assert first == ("AAPL", "Apple Inc.", "NASDAQ", "TECHNOLOGY", 1)
    assert last == ("ZZZ", None, "NYSE", None, None)


def test_the_stalest_come_first_and_before_them_those_never_looked_at(spied: SpiedStore) -> None:
    repository = AssetRepository(spied)
    repository.sync([*LISTING, Asset(ticker="GONE", status="inactive")])
    for hours, ticker in enumerate(("MSFT", "AAPL", "BRK.B")):
        _look_at(repository, ticker, hours)

    assert repository.stalest(10) == ["ZZZ", "MSFT", "AAPL", "BRK.B"]
    assert repository.stalest(2) == ["ZZZ", "MSFT"]


def test_freshness_is_told_of_companies_that_were_looked_at_latest_first(
    spied: SpiedStore,
) -> None:
    repository = AssetRepository(spied)
    repository.sync(LISTING)
    _look_at(repository, "AAPL", 1)
    _look_at(repository, "MSFT", 2)

    found = list(repository.freshness())

    assert [ticker for ticker, _ in found] == ["MSFT", "AAPL"]
    assert found[0][1][DataSet.NEWS].count == 2


def _look_at(repository: AssetRepository, ticker: str, hours: int) -> None:
    moment = NOW + timedelta(hours=hours)
    fresh = Freshness(
        as_of=NOW.date(), source="fake", complete=True, fetched_at=moment, count=hours
    )
    repository.change(
        ticker,
        lambda old: old.model_copy(
            update={"checked_at": moment.astimezone(UTC), "freshness": {DataSet.NEWS: fresh}}
        ),
    )


@settings(deadline=None, max_examples=20)
@given(overview=overviews("AAPL"))
def test_an_overview_that_stays_the_same_is_no_change(overview: CompanyOverview) -> None:
    def described(old: AssetProfile) -> AssetProfile:
        return old.model_copy(update={"overview": overview})

    with opened() as store:
        repository = AssetRepository(store)

        assert repository.change("AAPL", described)
        assert not repository.change("AAPL", described)
        assert store.get(ASSETS, {"ticker": "AAPL"}) is not None
