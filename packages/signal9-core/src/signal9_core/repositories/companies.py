"""Companies: an item each with all that is known about one, and the whole list in compact form."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

import msgspec
from pydantic import Field

from ..domain.companies import (
    Asset,
    AssetProfile,
    DataSet,
    Failures,
    Freshness,
    Identity,
    ListedAsset,
    Listing,
    PendingEvent,
    Problem,
    ProblemKind,
)
from ..domain.identity import KEPT, apply_listing
from ..domain.model import Instant, Model, Ticker
from ..errors import StoreError
from ..ports import ABSENT, Cursor, Item, Span, Store, Stored, Value
from ..tables import (
    ASSETS,
    COMPANY_NAME_INDEX,
    STALENESS_INDEX,
    STATE,
    UNPUBLISHED_INDEX,
    state_key,
)
from .optimistic import (
    MOST_READ,
    ItemRange,
    ResultPage,
    Versioned,
    fields_of,
    instant_key,
    retry_on_conflict,
    scan,
    take_page,
    to_item,
)

NEVER: Final = "0001-01-01T00:00:00Z"
"""`checkedAt` of a company that no provider was asked about: before everything else."""

_UNPUBLISHED: Final = UNPUBLISHED_INDEX.sort_key
_BY_NAME: Final = ItemRange(ASSETS, "active", COMPANY_NAME_INDEX)
_BY_CHECK: Final = tuple(
    ItemRange(ASSETS, status, STALENESS_INDEX, newest_first=True)
    for status in ("active", "inactive")
)
_INDEXED: Final = ("ticker", "name", "exchange", "status", "cik", "rank")
"""Fields of an asset that an item has outside of it as well, for the indexes."""

_OWN_ATTRIBUTES: Final = {*_INDEXED, "sector", "nameKey", "formerTickers", _UNPUBLISHED}
_KEPT: Final = tuple(Asset.model_fields[name].alias or name for name in KEPT)
_SUMMARY: Final = (
    "ticker",
    "status",
    "cik",
    "rank",
    "identity",
    "freshness",
    "requested",
    "failures",
    "problems",
    "pending",
)


class CompanySummary(Model):
    """What a list of all companies tells of one."""

    ticker: Ticker
    status: Literal["active", "inactive"]
    cik: str | None = None
    rank: int | None = None
    identity: Identity = Field(default_factory=Identity)
    freshness: dict[DataSet, Freshness] = Field(default_factory=dict)
    requested: dict[DataSet, Instant] = Field(default_factory=dict)
    failures: dict[DataSet, Failures] = Field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    pending: tuple[PendingEvent, ...] = ()

    @property
    def is_undecided(self) -> bool:
        """Whether the ticker may have another owner now."""
        return any(problem.kind is ProblemKind.IDENTITY for problem in self.problems)


class ProfileChange(NamedTuple):
    """A profile before and after a change, and how it is made of what is stored by then."""

    before: AssetProfile
    version: int
    after: AssetProfile
    apply: Callable[[AssetProfile], AssetProfile]

    @property
    def ticker(self) -> Ticker:
        """The ticker of the company."""
        return self.after.asset.ticker

    def then(self, change: Callable[[AssetProfile], AssetProfile]) -> ProfileChange:
        """Return the change followed by another one."""
        return self._replace(
            after=change(self.after), apply=lambda profile: change(self.apply(profile))
        )


class AssetRepository:
    """The companies, by ticker, by name, and by how long ago a provider was asked about them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, ticker: Ticker) -> AssetProfile | None:
        """Return what is known about a company."""
        profile, version = self.read(ticker)
        return None if version == ABSENT else profile

    def read(self, ticker: Ticker) -> Versioned[AssetProfile]:
        """Return what is known about a company, maybe nothing, with its version."""
        stored = self._store.get(ASSETS, {"ticker": ticker})
        if stored is None:
            return Versioned(AssetProfile(asset=Asset(ticker=ticker)), ABSENT)
        return Versioned(_profile(stored.item), stored.version)

    def read_many(self, tickers: Collection[Ticker]) -> dict[Ticker, Versioned[AssetProfile]]:
        """Return what is known about those of these companies that are stored."""
        keys = ({"ticker": ticker} for ticker in sorted(tickers))
        stored = self._store.get_many(ASSETS, keys) if tickers else ()
        profiles = (Versioned(_profile(item), version) for item, version in stored)
        return {profile.model.asset.ticker: profile for profile in profiles}

    def put(self, profile: AssetProfile, *, expected: int) -> int:
        """Write a profile over the version that was read; `ConflictError` if it has changed."""
        return self._store.put(ASSETS, _item(profile), expected=expected)

    def change(
        self,
        ticker: Ticker,
        change: Callable[[AssetProfile], AssetProfile],
        *,
        known: Versioned[AssetProfile] | None = None,
    ) -> Versioned[AssetProfile]:
        """Write what `change` makes of a profile, unless it is the same; return what is stored.

        `change` is called again if somebody else wrote the profile meanwhile. `known` saves reading
        a profile that was read before.
        """

        def attempt() -> Versioned[AssetProfile]:
            nonlocal known
            before, known = known or self.read(ticker), None
            after = change(before.model)
            if before.version != ABSENT and after == before.model:
                return before
            return Versioned(after, self.put(after, expected=before.version))

        return retry_on_conflict(attempt)

    def known(self, tickers: Iterable[Ticker]) -> dict[Ticker, ListedAsset]:
        """Return those of these companies that are known, by ticker."""
        stored = self._store.get_many(ASSETS, ({"ticker": ticker} for ticker in tickers))
        return {str(item["ticker"]): _listed(item) for item, _ in stored}

    def compare(
        self, assets: Iterable[Asset], source: str, day: date, previous: date | None = None
    ) -> list[ProfileChange]:
        """Return which profiles a provider's listing of a day, after a `previous` one, changes."""
        by_ticker = {asset.ticker: asset for asset in assets}
        keys = ({"ticker": ticker} for ticker in by_ticker)
        stored = {str(row.item["ticker"]): row for row in self._store.get_many(ASSETS, keys)}
        changes: list[ProfileChange] = []
        for ticker, asset in by_ticker.items():
            row = stored.get(ticker)
            if row is None or not _is_listed(row.item, asset, source):
                listing = Listing(asset=asset, source=source, day=day, previous=previous)
                change = _apply(row, listing)
                changes += [] if change is None else [change]
        return changes

    def write(self, changes: Sequence[ProfileChange]) -> None:
        """Store changed profiles, over what others have written since."""
        new = [_item(change.after) for change in changes if change.version == ABSENT]
        taken = {str(item["ticker"]) for item in self._store.put_new(ASSETS, new)}
        for change in changes:
            if change.version != ABSENT:
                known = Versioned(change.before, change.version)
                self.change(change.ticker, change.apply, known=known)
            elif change.ticker in taken:
                self.change(change.ticker, change.apply)

    def by_name(
        self,
        *,
        limit: int,
        cursor: Cursor | None = None,
        accept: Callable[[ListedAsset], bool] | None = None,
    ) -> ResultPage[ListedAsset]:
        """Return accepted active companies in the order of their names."""
        size = limit + 1 if accept is None else MOST_READ + 1
        items = scan(self._store, _BY_NAME, cursor, size)
        return take_page(items, limit, _listed, accept, _BY_NAME)

    def listed(self) -> Iterator[ListedAsset]:
        """Yield every active company, by name."""
        return (_listed(item) for item, _ in scan(self._store, _BY_NAME))

    def stalest(self, limit: int) -> list[Ticker]:
        """Return the active companies that were checked longest ago, never-checked ones first."""
        page = self._store.query(ASSETS, "active", index=STALENESS_INDEX, limit=limit)
        return [str(item["ticker"]) for item, _ in page.items]

    def summaries(self, tickers: Iterable[Ticker] | None = None) -> Iterator[CompanySummary]:
        """Yield every company, active ones first, of each the latest checked first; or only these.

        Of these, those that are not stored are left out.
        """
        if tickers is not None:
            stored = self._store.get_many(ASSETS, ({"ticker": ticker} for ticker in tickers))
            yield from (_summary(item) for item, _ in stored)
            return
        for part in _BY_CHECK:
            for item, _ in scan(self._store, part):
                yield _summary(item)

    def unpublished(self, until: datetime) -> Iterator[Ticker]:
        """Yield the companies with unpublished events of this moment or earlier ones."""
        for status in ("active", "inactive"):
            span = Span(None, instant_key(until))
            part = ItemRange(ASSETS, status, UNPUBLISHED_INDEX, span)
            for item, _ in scan(self._store, part):
                yield str(item["ticker"])


def _apply(stored: Stored | None, listing: Listing) -> ProfileChange | None:
    before, version = AssetProfile(asset=Asset(ticker=listing.asset.ticker)), ABSENT
    if stored is not None:
        before, version = _profile(stored.item), stored.version

    def apply(profile: AssetProfile) -> AssetProfile:
        storable = profile.with_problem(ProblemKind.LISTING, None, listing.day)
        return apply_listing(storable, listing)

    after = apply(before)
    if version != ABSENT and after == before:
        return None
    return ProfileChange(before, version, after, apply)


def _is_listed(item: Item, asset: Asset, source: str) -> bool:
    """Return whether a listing says nothing new of a company that is not in dispute.

    Most companies are the same in every listing, and are not made into models for that.
    """
    before, identity = item["asset"], item["identity"]
    if not isinstance(before, Mapping) or not isinstance(identity, Mapping) or "claim" in item:
        return False
    if "problems" in item:  # one of the listing may be over
        return False
    kept = {name: before[name] for name in _KEPT if name in before}
    listed_by = identity.get("listedBy")
    is_source = isinstance(listed_by, list) and source in listed_by
    return {**kept, **to_item(asset)} == before and is_source == (asset.status == "active")


def _item(profile: AssetProfile) -> Item:
    asset, overview = profile.asset, profile.overview
    listed = to_item(asset)
    sector = {} if overview is None or not overview.sector else {"sector": overview.sector}
    fields = {name: value for name, value in to_item(profile).items() if value != []}
    former: list[Value] = [known.ticker for known in profile.identity.former_tickers]
    unpublished = [event.at for event in profile.pending if event.published_at is None]
    return {
        **fields,
        **{name: listed[name] for name in _INDEXED if name in listed},
        **sector,
        **({"formerTickers": former} if former else {}),
        **({_UNPUBLISHED: instant_key(min(unpublished))} if unpublished else {}),
        "nameKey": f"{(asset.name or asset.ticker).casefold()}#{asset.ticker}",
        "checkedAt": NEVER if profile.checked_at is None else instant_key(profile.checked_at),
    }


def _profile(item: Item) -> AssetProfile:
    fields = fields_of(item, _OWN_ATTRIBUTES)
    if fields["checkedAt"] == NEVER:
        fields["checkedAt"] = None
    return AssetProfile.model_validate(fields)


def _summary(item: Item) -> CompanySummary:
    stored = fields_of({name: item[name] for name in _SUMMARY if name in item})
    return CompanySummary.model_validate(stored)


def _listed(item: Item) -> ListedAsset:
    rank, former = item.get("rank"), item.get("formerTickers")
    return ListedAsset(
        ticker=str(item["ticker"]),
        name=_text(item, "name"),
        exchange=_text(item, "exchange"),
        sector=_text(item, "sector"),
        rank=rank if isinstance(rank, int) else None,
        former_tickers=tuple(map(str, former)) if isinstance(former, list) else (),
    )


def _text(item: Item, name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) else None


_HEAD: Final = state_key("listing")
_PART_BYTES: Final = 300_000
"""The size of a part; an item of DynamoDB may have 400 KB."""


class ListingRepository:
    """The compact listing: written and read as a whole, with a version of its content.

    Its parts have the version in their keys, and the head names the version that counts.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def version(self) -> str | None:
        """Return a text that differs whenever the listing does; `None` if none is published."""
        head = self._head()
        return None if head is None else head[0]

    def publish(self, companies: Iterable[ListedAsset]) -> bool:
        """Write the listing unless it is stored already; tell whether it was written."""
        packed = zlib.compress(msgspec.json.encode(list(companies)), 6)
        version = blake2b(packed, digest_size=12).hexdigest()
        before = self._head()
        if before is not None and before[0] == version:
            return False
        parts = [packed[at : at + _PART_BYTES] for at in range(0, len(packed), _PART_BYTES)]
        items = zip(_keys(version, len(parts)), parts, strict=True)
        self._store.put_many(STATE, [{**key, "data": part} for key, part in items])
        for key in () if before is None else _keys(*before):
            self._store.delete(STATE, key)
        self._store.put(STATE, {**_HEAD, "digest": version, "parts": len(parts)})
        return True

    def load(self) -> tuple[str, list[ListedAsset]] | None:
        """Return version and companies; `None` if none are published, or others right now."""
        head = self._head()
        if head is None:
            return None
        parts = {
            item["item"]: item["data"] for item, _ in self._store.get_many(STATE, _keys(*head))
        }
        data = [parts.get(key["item"]) for key in _keys(*head)]
        whole = [part for part in data if isinstance(part, bytes)]
        return (head[0], _unpack(b"".join(whole))) if len(whole) == len(data) else None

    def _head(self) -> tuple[str, int] | None:
        """Return the version and how many parts it has."""
        stored = self._store.get(STATE, _HEAD)
        parts = None if stored is None else stored.item["parts"]
        return (str(stored.item["digest"]), parts) if stored and isinstance(parts, int) else None


def _keys(version: str, parts: int) -> list[dict[str, str]]:
    return [state_key(f"listing/{version}", str(number)) for number in range(parts)]


_companies: Final = msgspec.json.Decoder(list[ListedAsset])


def _unpack(packed: bytes) -> list[ListedAsset]:
    try:
        return _companies.decode(zlib.decompress(packed))
    except (zlib.error, msgspec.DecodeError) as error:
        raise StoreError(f"State listing: the listing cannot be read: {error}") from error
