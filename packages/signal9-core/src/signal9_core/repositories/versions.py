"""Versions of a fact: what sources said of it, each with the first and last time it was received.

A set of versions has one order, whatever the order in which they arrived: by when they were
received, then by their content.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

from .optimistic import to_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..ports import Item, Value

UNDATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""When something was received of which nobody knows when: before everything else."""

_EXACT: Final = Context(prec=60)
_MOMENT: Final = timedelta(milliseconds=1)


class Version(NamedTuple):
    """The content of an item, and the first and the last time that it was received."""

    content: Item
    first: datetime
    last: datetime

    @classmethod
    def of_item(cls, item: Item, content: Item) -> Version:
        """Return the version that an item with `seen_fields` holds."""
        first = received_at(item, "firstSeen") or UNDATED
        return cls(content, first, received_at(item, "lastSeen") or first)


def received_at(item: Item, name: str) -> datetime | None:
    """Return a time of receipt that an item holds."""
    stored = item.get(name)
    return None if stored is None else datetime.fromisoformat(str(stored))


def seen_fields(version: Version) -> dict[str, Value]:
    """Return the times of a version as an item holds them; the last only if it is another one."""
    first = {"firstSeen": to_value(version.first)}
    return first if version.last == version.first else {**first, "lastSeen": to_value(version.last)}


def just_after(versions: Sequence[Version], content: Item, at: datetime) -> datetime:
    """Return when a content that is new now was received: after another one of that moment."""
    newest = max(versions, key=attrgetter("last"), default=None)
    if newest is None or not at <= newest.last < at + _MOMENT:
        return at
    return newest.last if newest.content == content else newest.last + _MOMENT / 1000


def merge_versions(versions: Iterable[Version]) -> list[Version]:
    """Return the versions oldest first, each as often as another one came between.

    Only the first and the last receipt are kept of a content that was received again and again.
    """
    received = (
        Version(version.content, at, at)
        for version in versions
        for at in (version.first, version.last)
    )
    merged: list[Version] = []
    for content, at, _ in _in_order(received):
        if merged and merged[-1].content == content:
            merged[-1] = merged[-1]._replace(last=at)
        else:
            merged.append(Version(content, at, at))
    return merged


def _in_order(received: Iterable[Version]) -> Iterator[Version]:
    for _, group in groupby(sorted(received, key=attrgetter("first")), attrgetter("first")):
        same_time = list(group)
        if any(version.content != same_time[0].content for version in same_time):
            same_time.sort(key=lambda version: fingerprint(version.content))
        yield from same_time


def fingerprint(content: Mapping[str, Value]) -> str:
    """Return a text that is the same for equal contents only."""
    return json.dumps(_plain(content), sort_keys=True)


def _plain(value: Value) -> object:
    """Return a value for JSON, with equal numbers as equal texts whatever their types."""
    match value:
        case Mapping():
            return {name: _plain(member) for name, member in value.items()}
        case list() | tuple():
            return [_plain(member) for member in value]
        case bool() | None:
            return value
        case int() | Decimal():
            return f"{Decimal(value).normalize(_EXACT):f}" if value else "0"
    return str(value)
