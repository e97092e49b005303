"""Companies: a list to browse, and one in full."""

from dataclasses import dataclass
from typing import Final

from ..answers import AssetAnswer, AssetsAnswer, AssetSummary, FreshnessAnswer
from ..domain import AssetProfile
from ..repositories import AssetRepository
from ..repositories.assets import ListedAsset
from .cursors import CursorSigner
from .parameters import Nearest, check_limit, existing

__all__ = ["GetAsset", "ListAssets", "freshness_answer"]

LIMIT: Final = 1_000


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


@dataclass(frozen=True)
class GetAsset:
    """One company in full: identity, description, insights and freshness."""

    assets: AssetRepository
    nearest: Nearest

    def __call__(self, ticker: str) -> AssetAnswer:
        """Return it; `NotFoundError` for an unknown ticker."""
        return _answer(existing(self.assets, ticker, self.nearest))


def freshness_answer(profile: AssetProfile) -> dict[str, FreshnessAnswer]:
    """Return how far each data set of a company reaches."""
    return {
        name: FreshnessAnswer.model_validate(each.model_dump())
        for name, each in profile.freshness.items()
    }


def _same(wanted: str | None, found: str | None) -> bool:
    return not wanted or (found is not None and wanted.casefold() == found.casefold())


def _summary(asset: ListedAsset) -> AssetSummary:
    return AssetSummary(
        ticker=asset.ticker, name=asset.name, exchange=asset.exchange, sector=asset.sector
    )


def _answer(profile: AssetProfile) -> AssetAnswer:
    asset, overview = profile.asset, profile.overview
    return AssetAnswer.model_validate(
        {
            "ticker": asset.ticker,
            "name": asset.name or (overview and overview.name),
            "exchange": asset.exchange or (overview and overview.exchange),
            "asset_type": asset.asset_type,
            "status": asset.status,
            "cik": asset.cik or (overview and overview.cik),
            **{name: overview and getattr(overview, name) for name in _OVERVIEW},
            "insights": profile.insights,
            "freshness": freshness_answer(profile),
        }
    )


_OVERVIEW: Final = (
    "sector",
    "industry",
    "country",
    "currency",
    "fiscal_year_end",
    "description",
    "market_capitalization",
)
