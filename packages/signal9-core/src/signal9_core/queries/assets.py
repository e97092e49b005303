"""Companies: a list to browse, and one in full."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..answers import AssetAnswer, AssetsAnswer, AssetSummary, FreshnessAnswer
from ..domain import AssetProfile, CompanyOverview, DataSet
from ..repositories import AssetRepository
from ..repositories.assets import ListedAsset
from .cursors import CursorSigner
from .parameters import Nearest, check_limit, existing, several_tickers

__all__ = ["GetAsset", "ListAssets", "freshness_of"]

LIMIT: Final = 1_000
BATCH: Final = 100


@dataclass(frozen=True)
class ListAssets:
    """Active companies by name, a page at a time."""

    assets: AssetRepository
    cursors: CursorSigner

    def __call__(
        self,
        *,
        exchange: str | None = None,
        sector: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> AssetsAnswer:
        """Return a page, only those of an exchange and sector if given (case does not matter)."""
        check_limit(limit, LIMIT)
        query = {"of": "assets", "exchange": exchange, "sector": sector}

        def accept(asset: ListedAsset) -> bool:
            return _same(exchange, asset.exchange) and _same(sector, asset.sector)

        page = self.assets.by_name(
            limit=limit,
            cursor=self.cursors.read(query, cursor),
            accept=accept if exchange or sector else None,
        )
        return AssetsAnswer(
            items=[_summary(each) for each in page.items],
            next_cursor=self.cursors.sign(query, page.cursor),
        )

    def of(self, tickers: Sequence[str]) -> AssetsAnswer:
        """Return the companies with these tickers, in their order."""
        wanted = several_tickers(tickers, BATCH)
        known = self.assets.known(wanted)
        return AssetsAnswer(
            items=[_summary(known[ticker]) for ticker in wanted if ticker in known],
            unknown=[ticker for ticker in wanted if ticker not in known],
        )


@dataclass(frozen=True)
class GetAsset:
    """One company in full: identity, description, insights and freshness."""

    assets: AssetRepository
    nearest: Nearest

    def __call__(self, ticker: str) -> AssetAnswer:
        """Return it; `NotFoundError` for an unknown ticker."""
        return _answer(existing(self.assets, ticker, self.nearest))


def freshness_of(profile: AssetProfile, data_set: DataSet) -> FreshnessAnswer | None:
    """Return how far one data set of a company reaches; `None` where there is none of it."""
    return profile.freshness.get(data_set)


def _same(wanted: str | None, found: str | None) -> bool:
    return not wanted or (found is not None and wanted.casefold() == found.casefold())


def _summary(asset: ListedAsset) -> AssetSummary:
    return AssetSummary(
        ticker=asset.ticker, name=asset.name, exchange=asset.exchange, sector=asset.sector
    )


_UNDESCRIBED: Final = CompanyOverview.model_construct(ticker="")


def _answer(profile: AssetProfile) -> AssetAnswer:
    asset, overview = profile.asset, profile.overview or _UNDESCRIBED
    # Not validated again: models that were read are valid, and this is on everyone's way.
    return AssetAnswer.model_construct(
        ticker=asset.ticker,
        name=asset.name or overview.name,
        exchange=asset.exchange or overview.exchange,
        asset_type=asset.asset_type,
        status=asset.status,
        cik=asset.cik or overview.cik,
        sector=overview.sector,
        industry=overview.industry,
        country=overview.country,
        currency=overview.currency,
        fiscal_year_end=overview.fiscal_year_end,
        description=overview.description,
        market_capitalization=overview.market_capitalization,
        insights=profile.insights,
        freshness=profile.freshness,
    )
