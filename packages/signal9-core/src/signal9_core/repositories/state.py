"""The State table: how ingests ended, calls of providers, work that was sent, dead letters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final, get_args

from ..domain.companies import Failures, FreshnessSummary, ListName
from ..domain.queues import DeadLetter, reason_of
from ..domain.work import ListState, Probe, WorkItem
from ..errors import ConflictError
from ..ports import ABSENT, Clock, Item, Key, Store
from ..tables import STATE, TTL_ATTRIBUTE, state_key
from .optimistic import ItemRange, change_item, fields_of, instant_key, scan, to_item

_BLOCKED: Final = state_key("refresh-blocked")


class StateRepository:
    """When lists were requested, an ingest last finished, and since when none could begin."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def finished_ingest(self, provider: str) -> datetime | None:
        """Return when an ingest of everything from this provider last finished."""
        return self._moment(state_key("ingest", provider), "finishedAt")

    def note_finished_ingest(self, provider: str, at: datetime) -> None:
        """Note that an ingest of everything from this provider finished."""
        self._note(state_key("ingest", provider), "finishedAt", at)

    def lists(self, provider: str) -> dict[ListName, ListState]:
        """Return when the lists of this provider were requested, or failed."""
        keys = (state_key(f"lists/{provider}", name) for name in get_args(ListName))
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
        key = state_key(f"lists/{provider}", name)
        change_item(
            self._store, STATE, key, lambda item: {**key, **to_item(change(_list_state(item)))}
        )

    def listed_at(self, provider: str) -> datetime | None:
        """Return when the latest whole listing of this provider was made."""
        return self._moment(state_key("whole-listing", provider), "listedAt")

    def note_listing(self, provider: str, at: datetime) -> None:
        """Note when a whole listing of this provider was made."""
        self._note(state_key("whole-listing", provider), "listedAt", at)

    def freshness(self, provider: str) -> FreshnessSummary | None:
        """Return how fresh the companies were at the latest plan, or after the latest run."""
        stored = self._store.get(STATE, state_key("freshness", provider))
        if stored is None:
            return None
        return FreshnessSummary.model_validate(fields_of(stored.item, STATE.key_attributes))

    def note_freshness(self, provider: str, summary: FreshnessSummary) -> None:
        """Note how fresh the companies of a provider are."""
        self._store.put(STATE, {**state_key("freshness", provider), **to_item(summary)})

    def refresh_blocked_since(self) -> datetime | None:
        """Return since when no refresh could begin, for want of a working provider."""
        return self._moment(_BLOCKED, "since")

    def note_blocked_refresh(self, at: datetime) -> None:
        """Note that a refresh could not begin; of several in a row the first one counts."""
        self._store.put_new(STATE, [{**_BLOCKED, "since": instant_key(at)}])

    def note_free_refresh(self) -> None:
        """Note that a refresh could begin."""
        if self._store.get(STATE, _BLOCKED) is not None:
            self._store.delete(STATE, _BLOCKED)

    def _moment(self, key: Key, name: str) -> datetime | None:
        stored = self._store.get(STATE, key)
        return None if stored is None else datetime.fromisoformat(str(stored.item[name]))

    def _note(self, key: Key, name: str, at: datetime) -> None:
        change_item(self._store, STATE, key, lambda _: {**key, name: instant_key(at)})


def _list_state(item: Item | None) -> ListState:
    fields = {} if item is None else fields_of(item, STATE.key_attributes)
    return ListState.model_validate(fields)


_KEPT_AFTERWARDS: Final = timedelta(hours=1)
"""How long an item outlives its window, for clocks that differ a little."""

_CLOSED: Final = "closed"


class QuotaRepository:
    """An item per window with the calls made in it, and one with the next call, of each provider.

    Every write depends on the version that was read, so that two never take the same call.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def used(self, window: str) -> int:
        """Return how many calls of a window are taken."""
        stored = self._store.get(STATE, _window(window))
        return 0 if stored is None else _used(stored.item)

    def take(self, window: str, ends: datetime, calls: int, limit: int) -> bool:
        """Count that many calls more, unless they would be over the limit; return whether so."""

        def taken(item: Item | None) -> Item | None:
            used = _used(item) + calls
            after: Item = {**_window(window), "used": used, TTL_ATTRIBUTE: _expires(ends)}
            return after if used <= limit else None

        return change_item(self._store, STATE, _window(window), taken)

    def give_back(self, window: str, calls: int) -> None:
        """Count that many calls less."""

        def returned(item: Item | None) -> Item | None:
            return None if item is None else {**item, "used": max(0, _used(item) - calls)}

        change_item(self._store, STATE, _window(window), returned)

    def book(self, provider: str, now: datetime, spacing: timedelta, latest: datetime) -> datetime:
        """Return when the next call may be made, which may be `now`, and book that moment.

        The call after it may be made `spacing` later. Nothing is booked later than `latest`.
        """
        at = now

        def booked(item: Item | None) -> Item | None:
            nonlocal at
            at = now if item is None else max(now, _moment(item))
            return _next_call(provider, at + spacing) if spacing and at <= latest else None

        change_item(self._store, STATE, _next(provider), booked)
        return at

    def close(self, provider: str, until: datetime) -> None:
        """Allow no call before `until`, or later if the provider is closed for longer already."""

        def closed(item: Item | None) -> Item | None:
            if item is not None and _moment(item) >= until:
                return None
            return {**_next_call(provider, until), _CLOSED: True}

        change_item(self._store, STATE, _next(provider), closed)

    def closed_until(self, provider: str) -> datetime | None:
        """Return until when the provider is closed; `None` where calls are only spaced."""
        stored = self._store.get(STATE, _next(provider))
        if stored is None or not stored.item.get(_CLOSED):
            return None
        return _moment(stored.item)


def _window(name: str) -> dict[str, str]:
    provider, _, window = name.partition("/")
    return state_key(f"quota/{provider}", window)


def _next(provider: str) -> dict[str, str]:
    return state_key(f"quota/{provider}", "next")


def _next_call(provider: str, at: datetime) -> Item:
    text = at.astimezone(UTC).isoformat(timespec="microseconds")
    return {**_next(provider), "at": text, TTL_ATTRIBUTE: _expires(at)}


def _expires(at: datetime) -> int:
    return int((at + _KEPT_AFTERWARDS).timestamp())


def _moment(item: Item) -> datetime:
    return datetime.fromisoformat(str(item["at"]))


def _used(item: Item | None) -> int:
    used = None if item is None else item.get("used")
    return used if isinstance(used, int) else 0


_LEASE: Final = timedelta(minutes=5)
"""A planner that holds the lease for longer was killed."""

_LONGEST_WAIT: Final = timedelta(hours=2)
"""An item that is not done by then counts as lost, and is planned again."""


_PROBES: Final = "probes"
_PROBE_LIFETIME: Final = timedelta(hours=1)


class ProbeRepository:
    """The probes that workers have received; they expire."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def note(self, probe: Probe) -> None:
        """Note that a worker has received a probe."""
        expires = int((self._clock() + _PROBE_LIFETIME).timestamp())
        self._store.put(STATE, {**state_key(_PROBES, probe.probe), TTL_ATTRIBUTE: expires})

    def is_noted(self, probe: str) -> bool:
        """Return whether a worker has received a probe."""
        return self._store.get(STATE, state_key(_PROBES, probe)) is not None


class WorkRepository:
    """The work items of a provider that were sent and are not done, an item each."""

    def __init__(self, store: Store, provider: str, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._name = f"work/{provider}"
        self._lease = state_key("leases", self._name)

    @contextmanager
    def lease(self) -> Iterator[bool]:
        """Yield whether nobody else plans meanwhile."""
        version = ABSENT
        with suppress(ConflictError):
            item: Item = {**self._lease, TTL_ATTRIBUTE: self._expires(_LEASE)}
            version = self._store.put(STATE, item, expected=ABSENT)
        try:
            yield version != ABSENT
        finally:
            if version != ABSENT:
                with suppress(ConflictError):
                    self._store.delete(STATE, self._lease, expected=version)

    def sent(self) -> list[WorkItem]:
        """Return the items that are not done yet."""
        stored = scan(self._store, ItemRange(STATE, self._name))
        return [WorkItem.model_validate_json(str(item["body"])) for item, _ in stored]

    def add(self, items: Iterable[WorkItem]) -> None:
        """Note items that are about to be sent."""
        expires = self._expires(_LONGEST_WAIT)
        self._store.put_many(
            STATE,
            (
                {**self._key(item), "body": item.model_dump_json(), TTL_ATTRIBUTE: expires}
                for item in items
            ),
        )

    def remove(self, *items: WorkItem) -> None:
        """Note that items are done, or that the next plan may have them again."""
        for item in items:
            self._store.delete(STATE, self._key(item))

    def _key(self, item: WorkItem) -> dict[str, str]:
        return state_key(self._name, work_id(item))

    def _expires(self, after: timedelta) -> int:
        return int((self._clock() + after).timestamp())


def work_id(item: WorkItem) -> str:
    """Return what identifies an item of a plan."""
    return hashlib.sha256(item.model_dump_json().encode()).hexdigest()[:16]


_DEAD_LETTERS: Final = "dead-letters"


class StoredDeadLetters:
    """The `DeadLetters` in State; `deliver` handles one again, here and now."""

    def __init__(self, store: Store, deliver: Callable[[DeadLetter], object], clock: Clock) -> None:
        self._store = store
        self._deliver = deliver
        self._clock = clock

    def add(self, letter: DeadLetter) -> None:
        """Store a message; one with the same id is replaced."""
        self._store.put(STATE, {**to_item(letter), **state_key(_DEAD_LETTERS, letter.id)})

    def all(self) -> list[DeadLetter]:
        """Return all messages, oldest first."""
        stored = scan(self._store, ItemRange(STATE, _DEAD_LETTERS))
        return sorted((_letter(item) for item, _ in stored), key=attrgetter("failed_at"))

    def redrive(self, ids: Collection[str] | None = None) -> set[str]:
        """Handle messages again; what fails again is stored with its new reason."""
        redriven = set()
        for letter in self.all():
            if ids is not None and letter.id not in ids:
                continue
            try:
                self._deliver(letter)
            except Exception as error:  # noqa: BLE001  # must not hold up the other messages
                again = {"reason": reason_of(error), "failed_at": self._clock()}
                self.add(letter.model_copy(update={**again, "tries": letter.tries + 1}))
            else:
                self._store.delete(STATE, state_key(_DEAD_LETTERS, letter.id))
                redriven.add(letter.id)
        return redriven


def _letter(item: Item) -> DeadLetter:
    return DeadLetter.model_validate(fields_of(item, without=("name", "item")))
