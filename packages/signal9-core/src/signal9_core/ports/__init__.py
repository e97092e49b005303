"""What the use cases need of the world: stores, providers, scorers, publishers, a clock."""

from .clock import Clock, utc_now
from .messages import EventPublisher, Notifier, Progress
from .parsing import Parser, Record
from .quota import Quota
from .raw_cache import RawCache, RawResponse
from .raw_copies import RawCopies, RawCopy
from .sources import ALL_REPORTS, Financials, History, Provider, SentimentScorer
from .store import ABSENT, Cursor, Item, Key, Page, Span, Store, Stored, Value

__all__ = [
    "ABSENT",
    "ALL_REPORTS",
    "Clock",
    "Cursor",
    "EventPublisher",
    "Financials",
    "History",
    "Item",
    "Key",
    "Notifier",
    "Page",
    "Parser",
    "Progress",
    "Provider",
    "Quota",
    "RawCache",
    "RawCopies",
    "RawCopy",
    "RawResponse",
    "Record",
    "SentimentScorer",
    "Span",
    "Store",
    "Stored",
    "Value",
    "utc_now",
]
