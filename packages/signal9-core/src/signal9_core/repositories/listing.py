"""The listing in a compact form, for whoever needs all of it at once: the search index.

Ten thousand companies are two megabytes of items, but 140 KB here. Parts and the head, which is
written last, carry a digest of the whole, so that readers never take half a listing for one.
"""

import zlib
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from ..errors import StoreError
from ..ports import Item, Store
from ..tables import STATE

__all__ = ["ListedName", "ListingRepository"]

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
