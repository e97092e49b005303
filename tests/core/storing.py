"""Writing to repositories in one step what they find to be new or different."""

from collections.abc import Sequence

from signal9_core.domain import Asset, EarningsCalendarEntry, NewsArticle, Report
from signal9_core.repositories.companies import AssetRepository
from signal9_core.repositories.news import NewsRepository
from signal9_core.repositories.reports import FinancialsRepository
from tests.fakes import NOW

__all__ = ["store_articles", "store_assets", "store_dates", "store_reports"]


def store_assets(repository: AssetRepository, assets: Sequence[Asset]) -> list[str]:
    """Return the tickers of those that were new or different."""
    changes = repository.compare(assets, "fake", NOW.date())
    repository.write(changes)
    return [change.ticker for change in changes]


def store_articles(
    repository: NewsRepository, articles: Sequence[NewsArticle]
) -> list[NewsArticle]:
    """Return those that were new or different."""
    changes = repository.compare(articles)
    repository.write(changes)
    return list({change.article.id: change.article for change in changes}.values())


def store_reports(
    repository: FinancialsRepository, ticker: str, reports: Sequence[Report]
) -> tuple[list[Report], int]:
    """Return those that were new or restated, and how many the company has now."""
    changes, count = repository.compare(ticker, reports)
    repository.write(changes)
    return [change.model for change in changes], count


def store_dates(
    repository: FinancialsRepository, entries: Sequence[EarningsCalendarEntry]
) -> list[EarningsCalendarEntry]:
    """Return those that were new or moved."""
    changes = repository.compare_calendar(entries)
    repository.write(changes)
    return [change.model for change in changes]
