"""The record of a company during an ingest: events before the data they are about, and freshness.

Events are added to the record, then data are written, then their freshness; then the events are
published, and only then the company counts as checked. So stopping at any moment leaves nothing
that the next run does not complete.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ..domain.companies import Freshness
from ..ports import ABSENT
from .outbox import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from ..domain.companies import AssetProfile, CompanyOverview, DataSet, PendingEvent
    from ..domain.model import Ticker
    from ..events import Event
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from .outbox import Outbox

__all__ = ["CompanyRecord", "Update"]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Update:
    """What an ingest of a data set came to.

    `count` says how much is stored, or `added` how much more than before; without either, what is
    stored must be counted.
    """

    as_of: date
    complete: bool
    changed: int
    count: int | None = None
    added: int | None = None


class CompanyRecord:
    """The record of one company: read once, and written over the version that was read."""

    def __init__(
        self,
        ticker: Ticker,
        provider: Provider,
        assets: AssetRepository,
        count_stored: Callable[[Ticker, DataSet], int],
    ) -> None:
        self.ticker = ticker
        self._provider = provider
        self._assets = assets
        self._count_stored = count_stored
        self._stored = assets.read(ticker)
        self.before = self._stored.model
        self._overview: CompanyOverview | None = None
        self._updates: dict[DataSet, Update] = {}
        self._requested: dict[DataSet, datetime] = {}
        self._events: list[PendingEvent] = []
        self._published: list[PendingEvent] = []

    @property
    def is_new(self) -> bool:
        """Whether nothing is stored about the company."""
        return self._stored.version == ABSENT

    @property
    def freshness(self) -> dict[DataSet, Freshness]:
        """The freshness as it is stored now."""
        return self._stored.model.freshness

    def add_overview(self, overview: CompanyOverview, event: Event) -> None:
        """Keep a new description and its event, to be written together."""
        self._overview = overview
        self._events.append(pack(event))

    def add_update(self, data_set: DataSet, update: Update) -> None:
        """Keep what a data set came to, to be written by `save`."""
        self._updates[data_set] = update

    def add_request(self, data_set: DataSet) -> None:
        """Note that the provider has answered, to be written by `save`."""
        self._requested[data_set] = self._provider.retrieved_at()

    def write_events(self, *events: Event) -> None:
        """Write events, before the data that they are about are written."""
        self._events += map(pack, events)

        def changed(profile: AssetProfile) -> AssetProfile:
            return profile.model_copy(update={"pending": self._pending(profile)})

        self._stored = self._assets.change(self.ticker, changed, known=self._stored)

    def publish(self, outbox: Outbox) -> None:
        """Write the record and publish its events; those of a run that stopped, too."""
        if not (self._stored.model.pending or self._events):
            return
        self.save()
        # Another run may have published, and removed, what this one recorded.
        self._published = list(dict.fromkeys((*self._stored.model.pending, *self._events)))
        outbox.send([unpack(event) for event in self._published])
        self._stored = self._assets.read(self.ticker)  # its insights may be new

    def save(self, *, checked: bool = False) -> None:
        """Write what is new to the record, without the events that are published by now."""
        if self.is_new and not self._updates:
            return  # nobody knows such a company

        def changed(profile: AssetProfile) -> AssetProfile:
            # A replayed response came earlier; that does not make a company any staler.
            checked_at = max(profile.checked_at or _NEVER, self._provider.retrieved_at())
            return profile.model_copy(
                update={
                    "overview": self._overview or profile.overview,
                    "freshness": {**profile.freshness, **self._freshness(profile)},
                    "requested": _latest(profile.requested, self._requested),
                    "pending": self._pending(profile),
                    "checked_at": checked_at if checked else profile.checked_at,
                }
            )

        self._stored = self._assets.change(self.ticker, changed, known=self._stored)
        self._updates = {}

    def _pending(self, profile: AssetProfile) -> tuple[PendingEvent, ...]:
        events = dict.fromkeys((*profile.pending, *self._events))
        return tuple(event for event in events if event not in self._published)

    def _freshness(self, profile: AssetProfile) -> dict[DataSet, Freshness]:
        return {
            data_set: Freshness(
                as_of=update.as_of,
                source=self._provider.name,
                complete=update.complete,
                fetched_at=self._provider.retrieved_at(),
                count=self._count(data_set, update, profile),
            )
            for data_set, update in self._updates.items()
        }

    def _count(self, data_set: DataSet, update: Update, profile: AssetProfile) -> int:
        """Add what is new to the count of before.

        Where a run was stopped, or another one has finished meanwhile, that says too little.
        """
        if update.count is not None:
            return update.count
        before, now = self.before.freshness.get(data_set), profile.freshness.get(data_set)
        if update.added is None or now is None or now != before or self.before.pending:
            return self._count_stored(self.ticker, data_set)
        return now.count + update.added


def _latest(
    before: Mapping[DataSet, datetime], now: Mapping[DataSet, datetime]
) -> dict[DataSet, datetime]:
    return {**before, **{name: max(at, before.get(name, at)) for name, at in now.items()}}
