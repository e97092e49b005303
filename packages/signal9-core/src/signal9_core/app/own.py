"""What people do with their own record, put together from the application's parts."""

from functools import cached_property

from ..accounts import (
    ChangeRecord,
    DeleteRecord,
    ExportRecord,
    GetRecord,
    ListNotifications,
    MarkRead,
    NoteViewed,
    OwnRecords,
    PatchRecord,
    PutTopics,
    PutWatchlist,
    PutWizard,
)
from ..ingest import Announcer
from ..ports import Clock
from ..queries import GetBriefing
from .parts import Parts

__all__ = ["Own"]


class Own:
    """What the API calls for one caller; every use case takes their id first."""

    def __init__(self, parts: Parts, announcer: Announcer, clock: Clock) -> None:
        self._parts = parts
        self._announcer = announcer
        self._clock = clock

    @cached_property
    def get_record(self) -> GetRecord:
        """The record."""
        return GetRecord(self._records)

    @cached_property
    def patch_record(self) -> PatchRecord:
        """Change who they are."""
        return PatchRecord(self._change)

    @cached_property
    def put_wizard(self) -> PutWizard:
        """Note how far they got with introducing themselves."""
        return PutWizard(self._change)

    @cached_property
    def put_topics(self) -> PutTopics:
        """Follow topics."""
        return PutTopics(self._change)

    @cached_property
    def put_watchlist(self) -> PutWatchlist:
        """Watch companies."""
        return PutWatchlist(self._change, self._parts.assets, self._parts.finder.nearest)

    @cached_property
    def note_viewed(self) -> NoteViewed:
        """Note what they looked at."""
        parts = self._parts
        return NoteViewed(parts.viewed, parts.assets, parts.finder.nearest)

    @cached_property
    def list_notifications(self) -> ListNotifications:
        """What they were told."""
        return ListNotifications(self._parts.notified, self._parts.cursors)

    @cached_property
    def mark_read(self) -> MarkRead:
        """Note that they read something."""
        return MarkRead(self._parts.notified)

    @cached_property
    def export(self) -> ExportRecord:
        """Everything about them."""
        parts = self._parts
        return ExportRecord(self._records, parts.notified, parts.viewed, self._clock)

    @cached_property
    def delete(self) -> DeleteRecord:
        """Nothing about them."""
        parts = self._parts
        return DeleteRecord(
            parts.users, parts.followers, parts.notified, parts.viewed, self._announcer
        )

    @cached_property
    def briefing(self) -> GetBriefing:
        """News for them."""
        parts = self._parts
        return GetBriefing(parts.users, parts.viewed, parts.assets, parts.news, parts.cursors)

    @cached_property
    def _records(self) -> OwnRecords:
        return OwnRecords(self._parts.users, self._clock)

    @cached_property
    def _change(self) -> ChangeRecord:
        return ChangeRecord(self._records, self._parts.followers, self._announcer)
