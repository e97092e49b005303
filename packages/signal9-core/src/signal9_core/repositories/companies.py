"""Every known company: identity, description, insights and freshness in one item."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from ..domain import Asset, AssetProfile, CompanyOverview, DataSet, Freshness, Insights, Ticker
from ..errors import StoreError
from ..ports import Cursor, Item, Store, Stored
from ..tables import ASSETS, COMPANY_NAME_INDEX, STALENESS_INDEX, STATE
from .optimistic import Foretell, Slice, change_item, ignore, instant_key, scan, take, to_item

__all__ = ["AssetRepository", "ListedAsset", "ListedName", "ListedPage", "ListingRepository"]

NEVER: Final = "0001-01-01T00:00:00Z"
"""`checkedAt` of a company that no provider was asked about: before everything else."""

_OTHER: Final = "other"
_PAGE: Final = 2_000
_BY_NAME: Final = Slice(ASSETS, "active", COMPANY_NAME_INDEX)
_LATEST_FIRST: Final = Slice(ASSETS, "active", STALENESS_INDEX, newest_first=True)


class ListedAsset(NamedTuple):
    """A company as lists show it; `rank` is its place by size, 1 the largest."""

    ticker: Ticker
    name: str | None
    exchange: str | None
    sector: str | None
    rank: int | None


class ListedPage(NamedTuple):
    """Part of a list; `cursor` continues it and is `None` at the end."""

    items: list[ListedAsset]
    cursor: Cursor | None


class AssetRepository:
    """The companies, by ticker, by name, and by how long ago they were looked at."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, ticker: Ticker) -> AssetProfile | None:
        """Return what is known about a company."""
        found = self._store.get(ASSETS, {"ticker": ticker})
        return None if found is None else _profile(found.item)

    def known(self, tickers: Iterable[Ticker]) -> dict[Ticker, ListedAsset]:
        """Return those of these companies that are known, by ticker."""
        found = self._store.get_many(ASSETS, ({"ticker": ticker} for ticker in tickers))
        return {str(each.item["ticker"]): _listed(each.item) for each in found}

    def change(
        self,
        ticker: Ticker,
        change: Callable[[AssetProfile], AssetProfile],
        foretell: Foretell[AssetProfile] = ignore,
    ) -> bool:
        """Apply `change` to a company's profile, a new one if need be; tell whether it differs.

        If another writer is faster, both functions are called again over what that one wrote.
        """

        def changed(item: Item | None) -> Item | None:
            before = AssetProfile(asset=Asset(ticker=ticker)) if item is None else _profile(item)
            after = change(before)
            if _item(after) == item:
                return None
            foretell(after)
            return _item(after)

        return change_item(self._store, ASSETS, {"ticker": ticker}, changed)

    def sync(
        self, assets: Sequence[Asset], foretell: Foretell[list[Ticker]] = ignore
    ) -> list[Ticker]:
        """Store what is new or different in these listings; return the tickers concerned."""
        found = self._store.get_many(ASSETS, ({"ticker": asset.ticker} for asset in assets))
        known = {str(each.item["ticker"]): each.item for each in found}
        changed = {
            asset.ticker: asset
            for asset in assets
            if asset.ticker not in known or _differs(known[asset.ticker], asset)
        }
        if changed:
            foretell(list(changed))
            new = [_new(asset) for ticker, asset in changed.items() if ticker not in known]
            overtaken = self._store.put_new(ASSETS, new)
            for ticker in [str(item["ticker"]) for item in overtaken] + sorted(known):
                if ticker in changed:
                    self.change(ticker, _with_identity(changed[ticker]))
        return list(changed)

    def by_name(
        self,
        *,
        limit: int,
        cursor: Cursor | None = None,
        accept: Callable[[ListedAsset], bool] | None = None,
    ) -> ListedPage:
        """Return accepted active companies in the order of their names."""

        def read(stored: Stored) -> ListedAsset | None:
            listed = _listed(stored.item)
            return listed if accept is None or accept(listed) else None

        size = limit + 1 if accept is None else _PAGE
        return ListedPage(*take(scan(self._store, _BY_NAME, cursor, size), limit, read, _BY_NAME))

    def listed(self) -> Iterator[ListedAsset]:
        """Yield every active company, by name."""
        return (_listed(each.item) for each in scan(self._store, _BY_NAME, None, _PAGE))

    def stalest(self, limit: int) -> list[Ticker]:
        """Return the active companies that were looked at longest ago, never-asked ones first."""
        page = self._store.query(ASSETS, "active", index=STALENESS_INDEX, limit=limit)
        return [str(each.item["ticker"]) for each in page.items]

    def freshness(self) -> Iterator[tuple[Ticker, dict[DataSet, Freshness]]]:
        """Yield the freshness of every active company that was ever looked at, latest first."""
        for each in scan(self._store, _LATEST_FIRST, None, 100):
            if each.item["checkedAt"] == NEVER:
                return
            yield str(each.item["ticker"]), _freshness(each.item)


def _new(asset: Asset) -> Item:
    return _item(AssetProfile(asset=asset))


def _differs(item: Item, asset: Asset) -> bool:
    identity = to_item(asset)
    return any(identity.get(name) != item.get(name) for name in (*_IDENTITY, _OTHER))


def _with_identity(asset: Asset) -> Callable[[AssetProfile], AssetProfile]:
    return lambda profile: profile.model_copy(update={"asset": asset})


def _item(profile: AssetProfile) -> Item:
    asset, overview = profile.asset, profile.overview
    item = {
        **to_item(asset),
        "nameKey": f"{(asset.name or asset.ticker).casefold()}#{asset.ticker}",
        "checkedAt": NEVER if profile.checked_at is None else instant_key(profile.checked_at),
    }
    if overview is not None:
        item["overview"] = to_item(overview)
        item |= {"sector": overview.sector} if overview.sector else {}
    if profile.freshness:
        item["freshness"] = {str(name): to_item(each) for name, each in profile.freshness.items()}
    if profile.insights != Insights():
        item["insights"] = to_item(profile.insights)
    return item


_IDENTITY: Final = frozenset(str(field.alias or name) for name, field in Asset.model_fields.items())


def _profile(item: Item) -> AssetProfile:
    identity = {name: value for name, value in item.items() if name in _IDENTITY}
    checked_at = item["checkedAt"]
    return AssetProfile(
        asset=Asset.model_validate(identity | _other(item)),
        overview=_overview(item.get("overview")),
        insights=Insights.model_validate(item.get("insights") or {}),
        freshness=_freshness(item),
        checked_at=None if checked_at == NEVER else checked_at,  # type: ignore[arg-type]
    )


def _other(item: Item) -> dict[str, object]:
    other = item.get(_OTHER)
    return dict(other) if isinstance(other, dict) else {}


def _overview(stored: object) -> CompanyOverview | None:
    if not isinstance(stored, dict):
        return None
    known = {name: value for name, value in stored.items() if name != _OTHER}
    return CompanyOverview.model_validate(known | _other(stored))


def _freshness(item: Item) -> dict[DataSet, Freshness]:
    stored = item.get("freshness")
    if not isinstance(stored, dict):
        return {}
    return {DataSet(name): Freshness.model_validate(each) for name, each in stored.items()}


def _listed(item: Item) -> ListedAsset:
    rank = item.get("rank")
    return ListedAsset(
        ticker=str(item["ticker"]),
        name=_text(item, "name"),
        exchange=_text(item, "exchange"),
        sector=_text(item, "sector"),
        rank=rank if isinstance(rank, int) else None,
    )


def _text(item: Item, name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) else None


_HEAD: Final = "listing"
_PART_BYTES: Final = 300_000
"""What a part may have; an item of DynamoDB has at most 400 KB."""


class ListedName(NamedTuple):
    """A company as people search for it; `rank` is its place by size, 1 the largest."""

    ticker: str
    name: str | None
    exchange: str | None
    rank: int | None


class ListingRepository:
    """The compact listing: written whole, read whole, and known by its version."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def version(self) -> str | None:
        """Return what is different whenever the listing is; `None` where none was published."""
        head = self._head()
        return None if head is None else str(head["digest"])

    def publish(self, companies: Iterable[ListedName]) -> bool:
        """Write the listing unless it stands there just so; tell whether it was written."""
        packed = _packed(list(companies))
        digest = blake2b(packed, digest_size=12).hexdigest()
        before = self._head()
        if before is not None and before["digest"] == digest and self._data(before) is not None:
            return False
        parts = [packed[at : at + _PART_BYTES] for at in range(0, len(packed), _PART_BYTES)]
        self._store.put_many(
            STATE,
            [{"name": _part(at), "digest": digest, "data": part} for at, part in enumerate(parts)],
        )
        for at in range(len(parts), 0 if before is None else _count(before)):
            self._store.delete(STATE, {"name": _part(at)})
        self._store.put(STATE, {"name": _HEAD, "digest": digest, "parts": len(parts)})
        return True

    def load(self) -> tuple[str, list[ListedName]] | None:
        """Return version and companies; `None` where there are none, or others just now."""
        head = self._head()
        data = None if head is None else self._data(head)
        return None if head is None or data is None else (str(head["digest"]), _unpacked(data))

    def _data(self, head: Item) -> bytes | None:
        """Return what the head tells of; `None` while another listing is being written."""
        names = [_part(at) for at in range(_count(head))]
        found = self._store.get_many(STATE, ({"name": name} for name in names))
        parts = {
            str(each.item["name"]): each.item["data"]
            for each in found
            if each.item["digest"] == head["digest"]
        }
        data = [part for name in names if isinstance(part := parts.get(name), bytes)]
        return b"".join(data) if len(data) == len(names) else None

    def _head(self) -> Item | None:
        found = self._store.get(STATE, {"name": _HEAD})
        return None if found is None else found.item


def _count(head: Item) -> int:
    count = head["parts"]
    return count if isinstance(count, int) else 0


def _part(at: int) -> str:
    return f"{_HEAD}/{at}"


def _packed(companies: Sequence[ListedName]) -> bytes:
    columns = [[each[at] for each in companies] for at in range(len(ListedName._fields))]
    return zlib.compress(msgspec.json.encode(columns), 6)


_columns: Final = msgspec.json.Decoder(
    tuple[list[str], list[str | None], list[str | None], list[int | None]]
)


def _unpacked(packed: bytes) -> list[ListedName]:
    try:
        columns = _columns.decode(zlib.decompress(packed))
    except (zlib.error, msgspec.DecodeError) as error:
        raise StoreError(f"State {_HEAD}: the listing cannot be read: {error}") from error
    return list(map(ListedName._make, zip(*columns, strict=True)))
