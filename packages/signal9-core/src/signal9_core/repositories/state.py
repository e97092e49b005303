"""How ingests ended, which must outlive a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from pydantic import ConfigDict, TypeAdapter

from ..domain.companies import Failures, ListName
from ..domain.freshness import FreshnessSummary
from ..domain.model import Instant
from ..domain.work import ListState
from ..tables import STATE, state_key
from .optimistic import change_item, fields_of, instant_key, to_item

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ..ports import Item, Store

_BLOCKED: Final = state_key("refresh-blocked")
_instant: TypeAdapter[datetime] = TypeAdapter(Instant, config=ConfigDict(defer_build=True))


class StateRepository:
    """When lists were requested, an ingest last finished, and since when none could begin."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def finished_ingest(self, provider: str) -> datetime | None:
        """Return when an ingest of everything from this provider last finished."""
        stored = self._store.get(STATE, _ingest(provider))
        return None if stored is None else _instant.validate_python(stored.item["finishedAt"])

    def note_finished_ingest(self, provider: str, at: datetime) -> None:
        """Note that an ingest of everything from this provider finished."""
        key = _ingest(provider)
        change_item(self._store, STATE, key, lambda _: {**key, "finishedAt": instant_key(at)})

    def lists(self, provider: str) -> dict[ListName, ListState]:
        """Return when the lists of this provider were requested, or failed."""
        keys = (_list(provider, name) for name in get_args(ListName))
        items = (item for item, _ in self._store.get_many(STATE, keys))
        stored = {item["item"]: _list_state(item) for item in items}
        return {name: stored[name] for name in get_args(ListName) if name in stored}

    def note_requested_list(self, provider: str, name: ListName, at: datetime) -> None:
        """Note that a list of this provider was requested, so that it does not fail any more."""

        def requested(state: ListState) -> ListState:
            latest = max(state.requested_at or at, at).replace(microsecond=0)
            failures = state.failures
            fails = failures is not None and failures.at > at
            return ListState(requested_at=latest, failures=failures if fails else None)

        self._change_list(provider, name, requested)

    def note_failed_list(self, provider: str, name: ListName, at: datetime, reason: str) -> None:
        """Note that a request for a list failed, and is likely to fail again."""

        def failed(state: ListState) -> ListState:
            count = 1 if state.failures is None else state.failures.count + 1
            failures = Failures(count=count, at=at, reason=reason)
            return state.model_copy(update={"failures": failures})

        self._change_list(provider, name, failed)

    def _change_list(
        self, provider: str, name: ListName, change: Callable[[ListState], ListState]
    ) -> None:
        key = _list(provider, name)

        def changed(item: Item | None) -> Item:
            return {**key, **to_item(change(_list_state(item)))}

        change_item(self._store, STATE, key, changed)

    def listed_at(self, provider: str) -> datetime | None:
        """Return when the latest whole listing of this provider was made."""
        stored = self._store.get(STATE, _whole_listing(provider))
        return None if stored is None else _instant.validate_python(stored.item["listedAt"])

    def note_listing(self, provider: str, at: datetime) -> None:
        """Note when a whole listing of this provider was made."""
        key = _whole_listing(provider)
        change_item(self._store, STATE, key, lambda _: {**key, "listedAt": instant_key(at)})

    def freshness(self, provider: str) -> FreshnessSummary | None:
        """Return how fresh the companies were at the latest plan, or after the latest run."""
        stored = self._store.get(STATE, _freshness(provider))
        if stored is None:
            return None
        return FreshnessSummary.model_validate(fields_of(stored.item, STATE.key_attributes))

    def note_freshness(self, provider: str, summary: FreshnessSummary) -> None:
        """Note how fresh the companies of a provider are."""
        self._store.put(STATE, {**_freshness(provider), **to_item(summary)})

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


def _list_state(item: Item | None) -> ListState:
    fields = {} if item is None else fields_of(item, STATE.key_attributes)
    return ListState.model_validate(fields)


def _whole_listing(provider: str) -> dict[str, str]:
    return state_key("whole-listing", provider)


def _freshness(provider: str) -> dict[str, str]:
    return state_key("freshness", provider)


def _ingest(provider: str) -> dict[str, str]:
    return state_key("ingest", provider)


def _list(provider: str, name: ListName) -> dict[str, str]:
    return state_key(f"lists/{provider}", name)
