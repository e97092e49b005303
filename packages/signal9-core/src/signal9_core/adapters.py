"""The adapters that the settings choose, imported where they are made."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Protocol, cast

from .tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from httpx2 import Client

    from .credentials import Credentials
    from .ports import Clock, EventPublisher, Mailer, Notifier, SentimentScorer, Store
    from .provider_port import Provider, ProviderFormat, Quota, RawCache
    from .quota import SharedQuota
    from .raw_archive import RawArchive
    from .rotation import RotateSecret
    from .schemas.operations import StatusAnswer
    from .services.outbox import Outbox
    from .services.parsed_responses import ParserRegistry
    from .services.planner import MaxAge
    from .services.queries import CompanyFinder
    from .services.run import Due
    from .services.users import UserService
    from .settings import Settings
    from .smoke import CheckStage, Probed


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


def make_mailer(settings: Settings) -> Mailer | None:
    """Return where mails go: to SES; without a sender nowhere, which a laptop counts."""
    if settings.mail_sender is not None:
        from .aws import aws_client
        from .publishers.aws import SesMailer

        # An attempt whose answer is lost may have sent the mail, so it is not repeated at once.
        client = aws_client("sesv2", attempts=1)
        unsubscribe = settings.app_url or f"mailto:{settings.mail_sender}?subject=unsubscribe"
        return SesMailer(client, settings.mail_sender, unsubscribe)
    if settings.store == "dynamodb":
        return None
    from .publishers.in_process import MemoryMailer

    return MemoryMailer()


def make_scorer(settings: Settings) -> SentimentScorer:
    """Return what scores articles that came without a sentiment: a model, or the lexicon."""
    if settings.sentiment_model is not None:
        from .aws import aws_client
        from .sentiment.bedrock import BedrockScorer

        return BedrockScorer(aws_client("bedrock-runtime"), settings.sentiment_model)
    from .sentiment.scorer import LexiconScorer

    return LexiconScorer()


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
    from .repositories.state import QuotaRepository

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
    settings: Settings, clock: Clock, quota: Quota | None = None, cache: RawCache | None = None
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


def make_due(
    settings: Settings,
    store: Store,
    provider: Provider,
    clock: Clock,
    max_age: timedelta | None = None,
) -> Due:
    """Return what is due of a provider, by the ages that the settings allow, or by one for all."""
    from .provider_port import BatchProvider
    from .providers.calendar import last_close
    from .repositories.companies import AssetRepository
    from .repositories.reports import FinancialsRepository
    from .repositories.state import StateRepository
    from .services.planner import Planner
    from .services.run import Due

    ages = _max_age(settings, max_age)
    sizes = provider.batch_sizes if isinstance(provider, BatchProvider) else {}
    return Due(
        provider,
        Planner(provider.name, provider.calls, ages, batch_sizes=sizes),
        AssetRepository(store),
        FinancialsRepository(store),
        StateRepository(store),
        clock,
        last_close,
        max_age,
        settings.companies,
        timedelta(hours=settings.late_after_hours),
    )


def _max_age(settings: Settings, lists: timedelta | None = None) -> MaxAge:
    from .services.planner import MaxAge

    return MaxAge(
        lists=lists or timedelta(days=1),
        overview=timedelta(days=settings.overview_max_age_days),
        financials=timedelta(days=settings.financials_max_age_days),
        news=timedelta(hours=settings.news_max_age_hours),
    )


def make_status(
    settings: Settings,
    store: Store,
    make_due: Callable[[], Due],
    provider: str,
    quotas: Mapping[str, SharedQuota],
    notice: str | None,
) -> StatusAnswer:
    """Return how much is stored, how fresh it is, and what is due; reads every company once.

    Where the provider is not set up, the freshness is that of the latest plan.
    """
    from .errors import SettingsError
    from .repositories.companies import AssetRepository
    from .repositories.state import StateRepository
    from .services.status import describe_promises, get_status

    companies, state = list(AssetRepository(store).summaries()), StateRepository(store)
    answer, summary = None, state.freshness(provider)
    with suppress(SettingsError):
        due = make_due()
        answer, summary = due.answer(companies, quotas.get(provider)), due.freshness(companies)
    return get_status(
        companies,
        state,
        [quota.status() for quota in quotas.values()],
        summary,
        describe_promises(_max_age(settings)),
        stage=settings.stage,
        store=settings.store,
        location=settings.location,
        provider=provider,
        notice=notice,
        due=answer,
    )


def make_users(
    settings: Settings, store: Store, finder: CompanyFinder, outbox: Outbox, clock: Clock
) -> UserService:
    """Return the users' own records, notifications and briefing."""
    from .repositories.news import NewsRepository
    from .repositories.notifications import NotificationRepository
    from .repositories.users import (
        DeletionRepository,
        RecentlyViewedRepository,
        SubscriptionRepository,
        UserRepository,
    )
    from .services.briefing import GetBriefing
    from .services.users import DeleteUser, UserService

    users, viewed = UserRepository(store), RecentlyViewedRepository(store, clock)
    subscriptions, inbox = SubscriptionRepository(store), NotificationRepository(store, clock)
    briefing = GetBriefing(users, viewed, finder.assets, NewsRepository(store))
    deletion = DeleteUser(
        users,
        subscriptions,
        inbox,
        viewed,
        DeletionRepository(store),
        outbox,
        clock,
        settings.backup_days,
    )
    return UserService(
        users, subscriptions, inbox, viewed, finder, outbox, clock, briefing, deletion
    )


def make_rotation(opened: Callable[[Client], Client]) -> RotateSecret:
    """Return what rotates Auth0's client secret."""
    import httpx2

    from .aws import aws_client
    from .rotation import Auth0, RotateSecret

    return RotateSecret(aws_client("secretsmanager"), Auth0(opened(httpx2.Client())))


def make_smoke_test(settings: Settings, pipeline: Probed) -> CheckStage:
    """Return what checks a deployed stage."""
    import httpx2

    from .aws import aws_client
    from .smoke import CheckStage, ClientCredentials

    http = httpx2.Client()
    name = f"signal9/canary/{settings.stage}"
    client = ClientCredentials(aws_client("secretsmanager"), name, http)
    return CheckStage(settings.stage, http, client.token, pipeline)


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
