"""Concrete parts by setting: which store, provider, scorer, publisher and notifier there is."""

from ..ports import Clock, EventPublisher, Notifier, Provider, SentimentScorer, Store
from ..settings import Settings
from ..tables import TABLES

__all__ = ["make_notifier", "make_provider", "make_publisher", "make_scorer", "make_store"]


def make_store(settings: Settings, clock: Clock) -> Store:
    """Return the store; `StoreError` where it cannot be opened."""
    if settings.store == "dynamodb":
        from ..stores.dynamodb import DynamoStore, dynamodb_client

        names = {table.name: settings.table_name(table.name) for table in TABLES}
        return DynamoStore(dynamodb_client(), names, clock=clock)
    from ..stores.sqlite import SqliteStore

    return SqliteStore.open(settings.database, clock=clock)


def make_provider() -> Provider:
    """Return where market data comes from."""
    from ..providers.sample import SampleProvider

    return SampleProvider()


def make_scorer() -> SentimentScorer:
    """Return who judges articles that came without a tone."""
    from ..sentiment import LexiconScorer

    return LexiconScorer()


def make_publisher(settings: Settings) -> EventPublisher:
    """Return where events go: the named bus, or this process."""
    if settings.event_bus is not None:
        from ..publishers.eventbridge import EventBridgePublisher, events_client

        return EventBridgePublisher(events_client(), settings.event_bus)
    from ..publishers.memory import MemoryPublisher

    return MemoryPublisher()


def make_notifier(settings: Settings) -> Notifier:
    """Return where notifications go: the named topic, or this process."""
    if settings.notification_topic is not None:
        from ..publishers.sns import SnsNotifier, sns_client

        return SnsNotifier(sns_client(), settings.notification_topic)
    from ..publishers.memory import MemoryNotifier

    return MemoryNotifier()
