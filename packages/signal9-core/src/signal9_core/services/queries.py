"""Queries about reports, news, and what is stored."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from time import monotonic
from typing import Final

from ..domain import DataSet, Freshness, NewsArticle, Period, Report, ReportKind
from ..errors import StoreError
from ..repositories import AssetRepository, FinancialsRepository, NewsRepository, StateRepository
from ..schemas import (
    ArticleAnswer,
    DataSetStatus,
    FinancialsAnswer,
    NewsAnswer,
    QuotaAnswer,
    ReportRow,
    StatusAnswer,
)
from ..tables import FINANCIALS, MONTH_INDEX, NEWS
from .companies import CompanyFinder
from .cursors import decode_cursor, encode_cursor
from .parameters import check_limit, check_range, parse_topic

__all__ = [
    "NO_DATA",
    "NO_KEY",
    "GetFinancials",
    "ListNews",
    "ListProblems",
    "get_status",
]

_MAX_REPORTS: Final = 200
_MAX_ARTICLES: Final = 1_000


@dataclass(frozen=True)
class GetFinancials:
    """Reports of one company, of one kind and period, newest first."""

    companies: CompanyFinder
    financials: FinancialsRepository

    def __call__(
        self,
        ticker: str,
        *,
        report: ReportKind = ReportKind.INCOME_STATEMENT,
        period: Period = Period.ANNUAL,
        limit: int = 20,
        cursor: str | None = None,
    ) -> FinancialsAnswer:
        """Return a page of reports; `NotFoundError` for an unknown ticker."""
        check_limit(limit, _MAX_REPORTS)
        profile = self.companies.get(ticker)
        known = profile.asset.ticker
        query = {"list": "financials", "ticker": known, "report": report, "period": period}
        position = decode_cursor(query, cursor, FINANCIALS.key_attributes)
        page = self.financials.reports(known, report, period, limit=limit, cursor=position)
        return FinancialsAnswer(
            ticker=known,
            report=report,
            period=period,
            items=[_row(report) for report in page.items],
            next_cursor=encode_cursor(query, page.cursor),
            freshness=profile.freshness.get(DataSet.FINANCIALS),
        )


def _row(report: Report) -> ReportRow:
    return ReportRow(
        fiscal_date_ending=report.fiscal_date_ending,
        currency=report.currency,
        values=report.figures(),
    )


@dataclass(frozen=True)
class ListNews:
    """Articles, newest first: all, or those about a company, on a topic, of certain days."""

    companies: CompanyFinder
    news: NewsRepository

    def __call__(
        self,
        *,
        ticker: str | None = None,
        topic: str | None = None,
        first: date | None = None,
        last: date | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> NewsAnswer:
        """Return a page of articles published from `first` to `last`, both included, in UTC."""
        check_limit(limit, _MAX_ARTICLES)
        check_range(first, last)
        profile = None if ticker is None else self.companies.get(ticker)
        company = None if profile is None else profile.asset.ticker
        tag = None if topic is None else parse_topic(topic)
        query = {"list": "news", "ticker": company, "topic": tag, "from": first, "to": last}
        start = None if first is None else datetime.combine(first, time.min, UTC)
        end = None if last is None else datetime.combine(last, time.max, UTC)

        def accept(article: NewsArticle) -> bool:
            return tag is None or tag in article.topics

        if company is None:
            attributes = (*NEWS.key_attributes, MONTH_INDEX.partition_key)
            position = decode_cursor(query, cursor, attributes)
            page = self.news.recent(start, end, limit=limit, cursor=position, accept=accept)
        else:
            position = decode_cursor(query, cursor, NEWS.key_attributes)
            page = self.news.of_company(
                company, start, end, limit=limit, cursor=position, accept=accept
            )
        return NewsAnswer(
            items=list(map(ArticleAnswer.model_validate, page.items)),
            next_cursor=encode_cursor(query, page.cursor),
            freshness=None if profile is None else profile.freshness.get(DataSet.NEWS),
        )


NO_KEY: Final = "Nothing is refreshed: the data provider is not set up; its key may be missing."
NO_DATA: Final = "The stored data cannot be read at the moment."

_PROBLEMS_AGE_S: Final = 10.0


class ListProblems:
    """What is known to be wrong, read at most once in ten seconds.

    Everybody may read it in the health check, so it names no secret, table or error.
    """

    def __init__(
        self, state: Callable[[], StateRepository], elapsed_s: Callable[[], float] = monotonic
    ) -> None:
        self._state = state
        self._elapsed_s = elapsed_s
        self._latest: tuple[float, Sequence[str]] | None = None

    def __call__(self) -> Sequence[str]:
        """Return a sentence for each problem."""
        now = self._elapsed_s()
        if self._latest is None or now - self._latest[0] >= _PROBLEMS_AGE_S:
            self._latest = now, self._read()
        return self._latest[1]

    def _read(self) -> Sequence[str]:
        try:
            return [] if self._state().refresh_blocked_since() is None else [NO_KEY]
        except StoreError:
            return [NO_DATA]


def get_status(
    assets: AssetRepository,
    state: StateRepository,
    quotas: Sequence[QuotaAnswer],
    *,
    stage: str,
    store: str,
    location: str,
    provider: str,
    notice: str | None,
) -> StatusAnswer:
    """Return how much is stored, and how fresh it is; reads every company once."""
    data_sets: dict[DataSet, list[Freshness]] = defaultdict(list)
    for _, of_company in assets.freshness():
        for data_set, freshness in of_company.items():
            data_sets[data_set].append(freshness)
    return StatusAnswer(
        stage=stage,
        store=store,
        location=location,
        provider=provider,
        notice=notice,
        assets=sum(1 for _ in assets.listed()),
        ingested_at=state.finished_ingest(provider),
        data_sets={data_set: _data_set_status(data_sets[data_set]) for data_set in DataSet},
        quotas=quotas,
    )


def _data_set_status(entries: list[Freshness]) -> DataSetStatus:
    days = [freshness.as_of for freshness in entries]
    return DataSetStatus(
        companies=len(entries),
        count=sum(freshness.count for freshness in entries),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        sources=sorted({freshness.source for freshness in entries}),
        incomplete=sum(not freshness.complete for freshness in entries),
    )
