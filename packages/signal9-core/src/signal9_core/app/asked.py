"""What an application can be asked: every query over its parts."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ..queries import (
    GetAsset,
    GetFinancials,
    GetPriceBatch,
    GetPrices,
    GetStatus,
    ListAssets,
    ListNews,
    ListProblems,
    SearchCompanies,
)
from . import adapters
from .parts import Parts

if TYPE_CHECKING:
    from ..answers import KeysAnswer

__all__ = ["Asked"]


class Asked(Parts):
    """Queries: they return answers and change nothing."""

    @cached_property
    def list_assets(self) -> ListAssets:
        """Companies by name."""
        return ListAssets(self.assets, self.cursors)

    @cached_property
    def get_asset(self) -> GetAsset:
        """One company in full."""
        return GetAsset(self.assets, self.finder.nearest)

    @cached_property
    def get_prices(self) -> GetPrices:
        """Price history of one company."""
        return GetPrices(self.assets, self.prices, self.actions, self.cursors, self.finder.nearest)

    @cached_property
    def get_price_batch(self) -> GetPriceBatch:
        """Price histories of several companies."""
        return GetPriceBatch(self.get_prices)

    @cached_property
    def get_financials(self) -> GetFinancials:
        """Reports of one company."""
        return GetFinancials(self.assets, self.financials, self.cursors, self.finder.nearest)

    @cached_property
    def list_news(self) -> ListNews:
        """Articles, newest first."""
        return ListNews(self.assets, self.news, self.cursors, self.finder.nearest)

    @cached_property
    def search(self) -> SearchCompanies:
        """Companies by ticker or name, however they are typed."""
        return SearchCompanies(self.finder)

    @cached_property
    def get_status(self) -> GetStatus:
        """How much is stored, and how fresh it is."""
        settings = self.settings
        return GetStatus(
            self.assets,
            self.state,
            stage=settings.stage,
            store=settings.store,
            location=settings.location,
            provider=self.provider_name,
            notice=self.notice_of(self.provider_name),
            quotas=self.quotas.status,
        )

    @cached_property
    def problems(self) -> ListProblems:
        """What keeps this stage from working as it should."""
        return ListProblems(lambda: self.state)

    def key_places(self) -> KeysAnswer:
        """Tell where the keys of providers come from."""
        return self.keys.places()

    def is_ingested(self) -> bool:
        """Tell whether a full ingest from the provider came to its end before."""
        return self.state.finished_ingest(self.provider_name) is not None

    def notice_of(self, *sources: str) -> str | None:
        """Return what people must know of data from these sources, without a key for any.

        Without any named, it is about the one that everything was ingested from.
        """
        if not sources:
            return self.notice_of(self.provider_name) if self.is_ingested() else None
        found = (self._notice_of(source) for source in dict.fromkeys(sources))
        return " ".join(notice for notice in found if notice) or None

    def _notice_of(self, source: str) -> str | None:
        made = self.__dict__.get("provider")
        if made is not None and made.name == source:
            return str(made.notice) if made.notice else None
        return adapters.notice_of(self.settings, source)
