"""What people do with their own record: use cases, each for the caller alone."""

from .notifications import ListNotifications, MarkRead
from .privacy import DeleteRecord, ExportRecord
from .records import ChangeRecord, OwnRecords, VersionedAnswer
from .updates import GetRecord, PatchRecord, PutTopics, PutWatchlist, PutWizard
from .viewed import NoteViewed

__all__ = [
    "ChangeRecord",
    "DeleteRecord",
    "ExportRecord",
    "GetRecord",
    "ListNotifications",
    "MarkRead",
    "NoteViewed",
    "OwnRecords",
    "PatchRecord",
    "PutTopics",
    "PutWatchlist",
    "PutWizard",
    "VersionedAnswer",
]
