"""Writing to repositories in one step what they find to be new or different."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from signal9_core.domain.companies import Asset
from signal9_core.domain.news import NewsArticle
from signal9_core.domain.reports import EarningsCalendarEntry, Report, ReportKind
from signal9_core.provider_port import Vintage
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
    repository: NewsRepository,
    articles: Sequence[NewsArticle],
    at: datetime = NOW,
    *,
    recorded: bool = False,
) -> list[NewsArticle]:
    """Store the articles of a response; return those that were new or different."""
    changes = repository.compare([Vintage(at, articles)], recorded=recorded)
    repository.write(changes)
    return [change.article for change in changes if change.copies]


def store_reports(
    repository: FinancialsRepository,
    ticker: str,
    reports: Sequence[Report],
    at: datetime = NOW,
    received: Mapping[ReportKind, datetime] | None = None,
) -> tuple[list[Report], int]:
    """Store the reports of a response.

    Return those that were new or restated, and how many the company has now.
    """
    found = repository.compare(ticker, [Vintage(at, reports)], received or {})
    repository.write(found.changes)
    changed = [change.report for change in found.changes if change.report is not None]
    return changed, found.stored


def store_dates(
    repository: FinancialsRepository, entries: Sequence[EarningsCalendarEntry]
) -> list[EarningsCalendarEntry]:
    """Return those that were new or moved."""
    changes = repository.compare_calendar(entries)
    repository.write_calendar(changes)
    return [change.model for change in changes]
