"""The adapters that the settings choose, imported where they are made."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Protocol, cast

from .tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from .credentials import Credentials
    from .ports import Clock, EventPublisher, Notifier, Store
    from .provider_port import Provider, ProviderFormat, Quota, RawCache
    from .quota import SharedQuota
    from .raw_archive import RawArchive
    from .services.ingest import Ingest
    from .services.outbox import Outbox
    from .services.parsed_responses import ParserRegistry
    from .services.run import Due, Run
    from .settings import Settings

__all__ = [
    "ProviderPackage",
    "make_bus",
    "make_cache",
    "make_credentials",
    "make_due",
    "make_ingest",
    "make_notifier",
    "make_parsers",
    "make_provider",
    "make_quotas",
    "make_run",
    "open_store",
    "provider_notice",
]


def open_store(settings: Settings, clock: Clock) -> Store:
    """Return the store: a SQLite file, or DynamoDB."""
    if settings.store == "dynamodb":
        from .aws import aws_client
        from .stores.dynamodb import DynamoStore

        names = {table.name: settings.table_name(table.name) for table in TABLES}
        return DynamoStore(aws_client("dynamodb"), names, clock=clock)
    from .stores.sqlite import SqliteStore

    return SqliteStore.open(settings.database, clock=clock)


def make_cache(settings: Settings) -> RawArchive:
    """Return the archive of raw responses: in a bucket, or in a folder."""
    from .aws import aws_client
    from .raw_archive import BucketFiles, FolderFiles, RawArchive

    if settings.cache_bucket is not None:
        return RawArchive(BucketFiles(aws_client("s3"), settings.cache_bucket))
    return RawArchive(FolderFiles(settings.cache))


def make_bus(settings: Settings) -> EventPublisher:
    """Return where events go: to EventBridge, or to subscribers in this process."""
    if settings.event_bus is not None:
        from .aws import aws_client
        from .publishers.aws import EventBridgePublisher

        return EventBridgePublisher(aws_client("events"), settings.event_bus)
    from .publishers.in_process import InProcessEventBus

    return InProcessEventBus()


def make_notifier(settings: Settings) -> Notifier:
    """Return where notifications go beside the users' inboxes: to SNS, or nowhere."""
    if settings.notification_topic is not None:
        from .aws import aws_client
        from .publishers.aws import SnsNotifier

        return SnsNotifier(aws_client("sns"), settings.notification_topic)
    from .publishers.in_process import MemoryNotifier

    return MemoryNotifier()


def make_credentials(settings: Settings) -> Credentials:
    """Return the keys of the providers, with the places where they are looked up in order."""
    from .aws import aws_client
    from .credentials import (
        KEYS,
        Credentials,
        EnvironmentCredentials,
        KeyringCredentials,
        SecretsManagerCredentials,
    )

    keys = chain.from_iterable(KEYS.values())
    environment = EnvironmentCredentials({key: getattr(settings, key) for key in keys})
    if settings.store != "dynamodb":
        return Credentials([environment, KeyringCredentials()])
    secrets = SecretsManagerCredentials(aws_client("secretsmanager"), settings.stage)
    return Credentials([environment, KeyringCredentials(), secrets])


def make_quotas(settings: Settings, store: Store, clock: Clock) -> dict[str, SharedQuota]:
    """Return the request budgets of the providers in use, by provider."""
    from .quota import SharedQuota, alpaca_plan, alphavantage_plan
    from .repositories.quotas import QuotaRepository

    patience = timedelta(seconds=settings.quota_patience_s)
    plans = {
        "alphavantage": alphavantage_plan(settings.alphavantage_per_minute),
        "alpaca": alpaca_plan(settings.alpaca_per_minute),
    }
    keys = {"alphavantage": settings.alphavantage_key, "alpaca": settings.alpaca_key}
    return {
        name: SharedQuota(plan, QuotaRepository(store), clock, patience)
        for name, plan in plans.items()
        if name == settings.provider or keys[name] is not None
    }


def make_provider(
    settings: Settings,
    clock: Clock,
    quota: Quota | None = None,
    cache: RawCache | None = None,
) -> Provider:
    """Return the source of market data; `SettingsError` where its key is missing."""
    package = _package(settings.provider)
    return package.create(settings, quota=quota, cache=cache, clock=clock)


def provider_notice(settings: Settings, source: str) -> str | None:
    """Return what readers of a provider's data must know; needs neither key nor network."""
    from .providers import PROVIDERS

    return _package(source).notice(settings) if source in PROVIDERS else None


def make_parsers() -> ParserRegistry:
    """Return the parsers of the providers' raw responses."""
    from .providers import PROVIDERS
    from .providers.calendar import last_finished_day
    from .providers.parsing import check_json
    from .services.parsed_responses import ParserRegistry

    formats = {name: _package(name).response_format() for name in PROVIDERS}
    known = {name: format_ for name, format_ in formats.items() if format_ is not None}
    return ParserRegistry(known, last_finished_day, check_json)


def make_due(settings: Settings, store: Store, provider: Provider, clock: Clock) -> Due:
    """Return what is due of a provider, by the ages that the settings allow."""
    from .providers.calendar import last_close
    from .repositories.companies import AssetRepository
    from .repositories.reports import FinancialsRepository
    from .repositories.state import StateRepository
    from .services.planner import MaxAge, Planner
    from .services.run import Due

    max_age = MaxAge(
        overview=timedelta(days=settings.overview_max_age_days),
        financials=timedelta(days=settings.financials_max_age_days),
        news=timedelta(hours=settings.news_max_age_hours),
    )
    return Due(
        provider,
        Planner(provider.name, provider.calls, max_age),
        AssetRepository(store),
        FinancialsRepository(store),
        StateRepository(store),
        clock,
        last_close,
    )


def make_ingest(
    store: Store,
    provider: Provider,
    outbox: Outbox,
    publish_listing: Callable[[], None],
    clock: Clock,
) -> Ingest:
    """Return the ingest of what a provider has."""
    from .repositories.actions import ActionRepository
    from .repositories.companies import AssetRepository
    from .repositories.news import NewsRepository
    from .repositories.prices import PriceRepository
    from .repositories.reports import FinancialsRepository
    from .repositories.state import StateRepository
    from .services.ingest import Ingest, IngestCompany, IngestListing

    assets, financials, state = (
        AssetRepository(store),
        FinancialsRepository(store),
        StateRepository(store),
    )
    prices, actions, news = PriceRepository(store), ActionRepository(store), NewsRepository(store)
    company = IngestCompany(provider, assets, prices, actions, financials, news, outbox, clock)
    listing = IngestListing(provider, assets, state, outbox, clock)
    return Ingest(provider, financials, state, outbox, clock, listing, company, publish_listing)


def make_run(ingest: Ingest, due: Due, clock: Clock, quota: SharedQuota | None) -> Run:
    """Return a run over what is due, within a budget."""
    from .services.run import Run

    return Run(ingest, due, clock, quota)


class ProviderPackage(Protocol):
    """What the package of a provider offers."""

    def create(
        self, settings: Settings, *, quota: Quota | None, cache: RawCache | None, clock: Clock
    ) -> Provider:
        """Return the provider; `SettingsError` if a key is missing."""

    def notice(self, settings: Settings) -> str | None:
        """Return what readers of its data must know; needs neither key nor network."""

    def response_format(self) -> ProviderFormat | None:
        """Return how its recorded responses are read; `None` if there are none."""


def _package(name: str) -> ProviderPackage:
    from .providers import PROVIDERS

    return cast("ProviderPackage", import_module(PROVIDERS[name]))
