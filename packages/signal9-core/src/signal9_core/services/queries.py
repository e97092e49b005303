"""Queries about reports and news."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet
from ..domain.reports import Period, ReportKind
from ..errors import NotFoundError
from ..schemas.financials import FinancialsAnswer, ReportRow
from ..schemas.news import ArticleAnswer, NewsAnswer
from ..tables import FINANCIALS, MONTH_INDEX, NEWS
from .parameters import check_limit, check_range, decode_cursor, encode_cursor, parse_topic

if TYPE_CHECKING:
    from datetime import date

    from ..domain.reports import Report
    from ..ports import Cursor
    from ..repositories.news import ArticlePage, NewsRepository
    from ..repositories.reports import FinancialsRepository
    from .companies import CompanyFinder

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
        since = profile.own()
        own = [row for row in page.items if since is None or row.fiscal_date_ending >= since]
        return FinancialsAnswer(
            ticker=known,
            report=report,
            period=period,
            items=list(map(_row, own)),
            next_cursor=encode_cursor(query, page.cursor if len(own) == len(page.items) else None),
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
        by_month = company is None and tag is None
        attributes = (*NEWS.key_attributes, MONTH_INDEX.partition_key)
        position = decode_cursor(query, cursor, attributes if by_month else NEWS.key_attributes)
        days = (first if profile is None else profile.own(first), last)
        page = self._page(company, tag, days, limit, position)
        return NewsAnswer(
            items=list(map(ArticleAnswer.model_validate, page.items)),
            next_cursor=encode_cursor(query, page.cursor),
            freshness=None if profile is None else profile.freshness.get(DataSet.NEWS),
        )

    def get(self, article_id: str) -> ArticleAnswer:
        """Return one article; `NotFoundError` if there is none with this id."""
        article = self.news.get(article_id)
        if article is None:
            raise NotFoundError("article", article_id)
        return ArticleAnswer.model_validate(article)

    def _page(
        self,
        company: str | None,
        topic: str | None,
        days: tuple[date | None, date | None],
        limit: int,
        position: Cursor | None,
    ) -> ArticlePage:
        first, last = days
        start = None if first is None else datetime.combine(first, time.min, UTC)
        end = None if last is None else datetime.combine(last, time.max, UTC)
        if company is not None:
            accept = None if topic is None else (lambda article: topic in article.topics)
            return self.news.of_company(
                company, start, end, limit=limit, cursor=position, accept=accept
            )
        if topic is not None:
            return self.news.on_topic(topic, start, end, limit=limit, cursor=position)
        return self.news.recent(start, end, limit=limit, cursor=position)
