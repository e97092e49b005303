"""What an application is made of: adapters, repositories over the store, and what they share.

Each part is made when it is first needed, so that a process which only answers health checks loads
neither the search index nor a provider.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Self

from ..queries import CompanyFinder, CursorSigner
from ..repositories import (
    ActionRepository,
    AssetRepository,
    FinancialsRepository,
    FollowerRepository,
    ListingRepository,
    NewsRepository,
    NotifiedRepository,
    OutboxRepository,
    PriceRepository,
    StateRepository,
    UserRepository,
    ViewedRepository,
)
from . import adapters

if TYPE_CHECKING:
    from types import TracebackType

    from ..caches import Archive
    from ..ports import Clock, EventPublisher, Notifier, Provider, SentimentScorer, Store
    from ..settings import Settings
    from .keys import Keys
    from .quotas import Quotas

__all__ = ["Parts"]


class Parts:
    """The parts that the settings chose; tests put others in their place."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what was opened and needs closing."""
        for name in ("provider", "quotas", "store"):
            close = getattr(self.__dict__.get(name), "close", None)
            if close is not None:
                close()

    @cached_property
    def store(self) -> Store:
        """Where everything is kept."""
        return adapters.make_store(self.settings, self._clock)

    @cached_property
    def provider(self) -> Provider:
        """Where market data comes from."""
        name = self.settings.provider
        keyed = self.settings.model_copy(update=self.keys.values_of(name))
        quota = self.quotas.of(name)
        cache = None if quota is None else self.cache
        return adapters.make_provider(keyed, self._clock, quota, cache)

    @property
    def provider_name(self) -> str:
        """How the provider is called; who only reads what is stored needs no key for it."""
        made = self.__dict__.get("provider")
        return str(self.settings.provider if made is None else made.name)

    @cached_property
    def quotas(self) -> Quotas:
        """How often providers may be asked."""
        from .quotas import Quotas

        return Quotas(self.settings, lambda: self.store, self._clock)

    @cached_property
    def keys(self) -> Keys:
        """The keys of providers."""
        from .keys import Keys

        return Keys(adapters.make_key_sources(self.settings))

    @cached_property
    def cache(self) -> Archive:
        """Where raw answers are kept."""
        return adapters.make_cache(self.settings)

    @cached_property
    def publisher(self) -> EventPublisher:
        """Where events go."""
        return adapters.make_publisher(self.settings)

    @cached_property
    def notifier(self) -> Notifier:
        """Where notifications go."""
        return adapters.make_notifier(self.settings)

    @cached_property
    def scorer(self) -> SentimentScorer:
        """Who judges articles that came without a tone."""
        return adapters.make_scorer()

    @cached_property
    def finder(self) -> CompanyFinder:
        """The search index over the listing."""
        return CompanyFinder(self.assets, self.listing)

    @cached_property
    def cursors(self) -> CursorSigner:
        """Who signs cursors: by the settings' key, a secret's, or the one kept in the store."""
        given, secret = self.settings.cursor_key, self.settings.cursor_secret
        if given is not None:
            return CursorSigner(given.get_secret_value())
        if secret is not None:
            from ..keys import SecretSigningKeys, secrets_client

            return CursorSigner(SecretSigningKeys(secrets_client(), secret, self._clock))
        return CursorSigner(self.state.cursor_key())

    @cached_property
    def assets(self) -> AssetRepository:
        """The companies."""
        return AssetRepository(self.store)

    @cached_property
    def prices(self) -> PriceRepository:
        """Their bars."""
        return PriceRepository(self.store)

    @cached_property
    def actions(self) -> ActionRepository:
        """Their splits and dividends."""
        return ActionRepository(self.store)

    @cached_property
    def financials(self) -> FinancialsRepository:
        """Their reports."""
        return FinancialsRepository(self.store)

    @cached_property
    def listing(self) -> ListingRepository:
        """The companies in a compact form."""
        return ListingRepository(self.store)

    @cached_property
    def news(self) -> NewsRepository:
        """The articles about them."""
        return NewsRepository(self.store)

    @cached_property
    def users(self) -> UserRepository:
        """The people."""
        return UserRepository(self.store)

    @cached_property
    def followers(self) -> FollowerRepository:
        """Who follows what."""
        return FollowerRepository(self.store)

    @cached_property
    def state(self) -> StateRepository:
        """What must outlive a process."""
        return StateRepository(self.store)

    @cached_property
    def outbox(self) -> OutboxRepository:
        """What is still to be announced."""
        return OutboxRepository(self.store)

    @cached_property
    def notified(self) -> NotifiedRepository:
        """Who was told what already."""
        return NotifiedRepository(self.store, self._clock)

    @cached_property
    def viewed(self) -> ViewedRepository:
        """Who looked at what of late."""
        return ViewedRepository(self.store, self._clock)
