"""Concrete parts by setting: which store, provider, scorer, publisher and notifier there is."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import SettingsError
from ..tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..caches import Archive
    from ..keys import KeySource
    from ..ports import (
        Clock,
        EventPublisher,
        Notifier,
        Provider,
        Quota,
        RawCache,
        SentimentScorer,
        Store,
    )
    from ..settings import Settings

__all__ = [
    "make_cache",
    "make_key_sources",
    "make_notifier",
    "make_provider",
    "make_publisher",
    "make_scorer",
    "make_store",
    "notice_of",
]


def make_store(settings: Settings, clock: Clock) -> Store:
    """Return the store; `StoreError` where it cannot be opened."""
    if settings.store == "dynamodb":
        from ..stores.dynamodb import DynamoStore, dynamodb_client

        names = {table.name: settings.table_name(table.name) for table in TABLES}
        return DynamoStore(dynamodb_client(), names, clock=clock)
    from ..stores.sqlite import SqliteStore

    return SqliteStore.open(settings.database, clock=clock)


def make_provider(
    settings: Settings,
    clock: Clock,
    quota: Quota | None = None,
    cache: RawCache | None = None,
) -> Provider:
    """Return where market data comes from; `SettingsError` where its key is missing."""
    match settings.provider:
        case "alphavantage":
            return _alphavantage(settings, clock, quota, cache)
        case "alpaca":
            return _alpaca(settings, clock, quota, cache)
        case "sample":
            from ..providers.sample import SampleProvider

            return SampleProvider()


def notice_of(settings: Settings, source: str) -> str | None:
    """Return what people must know of data from a source; that needs neither key nor network."""
    match source:
        case "alphavantage":
            from ..providers.alphavantage.limits import FREE_NOTICE

            return None if settings.alphavantage_per_minute else FREE_NOTICE
        case "alpaca":
            from ..providers.alpaca.limits import NOTICE

            return NOTICE
        case "sample":
            from ..providers.sample import SampleProvider

            return SampleProvider.notice
    return None


def make_cache(settings: Settings) -> Archive:
    """Return where raw answers are kept: the named bucket, or a folder in the home."""
    from ..caches import Archive, FolderFiles

    if settings.cache_bucket is not None:
        from ..caches.bucket import BucketFiles, s3_client

        return Archive(BucketFiles(s3_client(), settings.cache_bucket))
    return Archive(FolderFiles(settings.cache))


def make_key_sources(settings: Settings) -> tuple[KeySource, ...]:
    """Return where keys are looked for, the first choice first."""
    from ..keys import KeyringKeys, SecretsManagerKeys, secrets_client
    from .given import SettingsKeys

    local = (SettingsKeys(settings), KeyringKeys())
    if settings.store != "dynamodb":
        return local
    return (*local, SecretsManagerKeys(secrets_client(), settings.stage))


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


def _alphavantage(
    settings: Settings, clock: Clock, quota: Quota | None, cache: RawCache | None
) -> Provider:
    with _live_extra():
        from ..providers.alphavantage.client import AlphaVantageClient
        from ..providers.alphavantage.provider import AlphaVantageProvider

    client = AlphaVantageClient(
        settings.alphavantage_key,
        base_url=settings.alphavantage_url,
        quota=quota,
        cache=cache,
        clock=clock,
    )
    premium = settings.alphavantage_per_minute is not None
    return AlphaVantageProvider(client, premium=premium, clock=clock)


def _alpaca(
    settings: Settings, clock: Clock, quota: Quota | None, cache: RawCache | None
) -> Provider:
    with _live_extra():
        from ..providers.alpaca.client import AlpacaClient
        from ..providers.alpaca.provider import AlpacaProvider

    client = AlpacaClient(
        settings.alpaca_key,
        settings.alpaca_secret,
        trading_url=settings.alpaca_url,
        data_url=settings.alpaca_data_url,
        feed=settings.alpaca_feed,
        quota=quota,
        cache=cache,
        clock=clock,
    )
    return AlpacaProvider(client, clock=clock)


@contextmanager
def _live_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise SettingsError(
            "live providers need more packages: pip install 'signal9-core[live]'"
        ) from error
