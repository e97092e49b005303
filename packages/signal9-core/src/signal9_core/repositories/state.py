"""Small things that must outlive a process: budgets of calls, and how runs of an ingest ended."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import ConfigDict, TypeAdapter

from ..domain import Instant
from ..ports import Item, Store
from ..tables import STATE, TTL_ATTRIBUTE
from .optimistic import change_item, ignore, instant_key, sync_items

__all__ = ["QuotaRepository", "StateRepository"]

_KEPT: Final = timedelta(hours=1)
"""How long an item outlives its window, for clocks that differ a little."""
_CLOSED: Final = "closed"


class QuotaRepository:
    """Calls by window, and the next moment at which a provider may be asked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def used(self, window: str) -> int:
        """Return how many calls of a window are taken."""
        found = self._store.get(STATE, {"name": _name_quotas(window)})
        return _whole(None if found is None else found.item, "used")

    def take(self, window: str, until: datetime, share: Callable[[int], int]) -> int:
        """Take as many calls as `share` makes of those taken before; return how many.

        The window is forgotten some time after `until`.
        """
        taken: list[int] = []

        def counted(item: Item | None) -> Item | None:
            used = _whole(item, "used")
            taken[:] = [share(used)]
            if not taken[0]:
                return None
            expires = int((until + _KEPT).timestamp())
            return {"name": _name_quotas(window), "used": used + taken[0], TTL_ATTRIBUTE: expires}

        change_item(self._store, STATE, {"name": _name_quotas(window)}, counted)
        return taken[0]

    def give_back(self, window: str, calls: int) -> None:
        """Count that many calls less."""

        def counted(item: Item | None) -> Item | None:
            used = _whole(item, "used")
            return None if item is None else {**item, "used": max(0, used - calls)}

        change_item(self._store, STATE, {"name": _name_quotas(window)}, counted)

    def next_at(self, provider: str) -> datetime | None:
        """Return from when on the provider may be asked again; `None` where nothing is known."""
        found = self._store.get(STATE, {"name": _next(provider)})
        return None if found is None else _moment(found.item)

    def closed_until(self, provider: str) -> datetime | None:
        """Return until when the provider is closed; `None` where calls are only spaced."""
        found = self._store.get(STATE, {"name": _next(provider)})
        return _moment(found.item) if found is not None and found.item.get(_CLOSED) else None

    def book(
        self, provider: str, now: datetime, spacing: timedelta, calls: int, latest: datetime
    ) -> datetime:
        """Book `calls` moments, `spacing` apart, and return the first, which may be `now`.

        Nothing is booked where the first would be after `latest`.
        """
        first: list[datetime] = []

        def booked(item: Item | None) -> Item | None:
            first[:] = [max(now, now if item is None else _moment(item))]
            return None if first[0] > latest else _next_item(provider, first[0] + calls * spacing)

        change_item(self._store, STATE, {"name": _next(provider)}, booked)
        return first[0]

    def close(self, provider: str, until: datetime) -> None:
        """Let nobody ask the provider before `until`, or later where that is known already."""

        def closed(item: Item | None) -> Item | None:
            later = item is not None and _moment(item) >= until
            return None if later else {**_next_item(provider, until), _CLOSED: True}

        change_item(self._store, STATE, {"name": _next(provider)}, closed)


def _name_quotas(window: str) -> str:
    return f"quota/{window}"


def _next(provider: str) -> str:
    return f"quota/{provider}/next"


def _next_item(provider: str, at: datetime) -> Item:
    expires = int((at + _KEPT).timestamp())
    return {"name": _next(provider), "at": _text(at), TTL_ATTRIBUTE: expires}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(item: Item) -> datetime:
    return datetime.fromisoformat(str(item["at"]))


def _whole(item: Item | None, name: str) -> int:
    value = None if item is None else item.get(name)
    return value if isinstance(value, int) else 0


_BLOCKED: Final = {"name": "refresh-blocked"}
_instant: TypeAdapter[datetime] = TypeAdapter(Instant, config=ConfigDict(defer_build=True))


class StateRepository:
    """When an ingest last finished, and since when none could begin."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def finished_ingest(self, provider: str) -> datetime | None:
        """Return when an ingest of everything from this provider last finished."""
        stored = self._store.get(STATE, _ingest(provider))
        return None if stored is None else _instant.validate_python(stored.item["finishedAt"])

    def note_finished_ingest(self, provider: str, at: datetime) -> None:
        """Note that an ingest of everything from this provider finished."""
        item = {**_ingest(provider), "finishedAt": instant_key(at)}
        sync_items(self._store, STATE, [item], ignore)

    def refresh_blocked_since(self) -> datetime | None:
        """Return since when no refresh could begin, for want of a working provider."""
        stored = self._store.get(STATE, _BLOCKED)
        return None if stored is None else _instant.validate_python(stored.item["since"])

    def note_blocked_refresh(self, at: datetime) -> None:
        """Note that a refresh could not begin; of several in a row the first one counts."""
        self._store.put_new(STATE, [{**_BLOCKED, "since": instant_key(at)}])

    def note_free_refresh(self) -> None:
        """Note that a refresh could begin."""
        if self._store.get(STATE, _BLOCKED) is not None:
            self._store.delete(STATE, _BLOCKED)


def _ingest(provider: str) -> dict[str, str]:
    return {"name": f"ingest/{provider}"}
