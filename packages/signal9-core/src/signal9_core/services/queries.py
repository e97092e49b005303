"""Queries about companies, reports and news; the index of all companies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Final

from ..domain.companies import AssetProfile, DataSet, FormerOwner, ListedAsset
from ..domain.reports import Period, Report, ReportKind
from ..errors import InputError, NotFoundError, StoreUnavailableError
from ..schemas.companies import (
    AssetAnswer,
    AssetsAnswer,
    AssetSummary,
    FormerOwnerAnswer,
    SearchAnswer,
    SearchHit,
)
from ..schemas.financials import FinancialsAnswer, ReportRow
from ..schemas.news import ArticleAnswer, NewsAnswer
from ..tables import ASSETS, COMPANY_NAME_INDEX, FINANCIALS, MONTH_INDEX, NEWS
from .parameters import (
    check_limit,
    check_range,
    decode_cursor,
    encode_cursor,
    parse_ticker,
    parse_tickers,
    parse_topic,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..ports import Cursor
    from ..repositories.companies import AssetRepository, ListingRepository
    from ..repositories.news import ArticlePage, NewsRepository
    from ..repositories.reports import FinancialsRepository
    from ..search import SearchIndex


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


_MAX_PAGE: Final = 1_000
_MAX_BATCH: Final = 100
_MAX_HITS: Final = 50
_MAX_QUERY: Final = 200
_INDEX_AGE_S: Final = 60.0
_POSITION: Final = (*ASSETS.key_attributes, "status", COMPANY_NAME_INDEX.sort_key)


class CompanyFinder:
    """Finds companies by ticker or name, in an index of the listing that is published last."""

    def __init__(self, assets: AssetRepository, listing: ListingRepository) -> None:
        self.assets = assets
        self._listing = listing
        self._lock = Lock()
        self._index: SearchIndex | None = None
        self._version: str | None = None
        self._checked_at = 0.0

    def get(self, ticker: str) -> AssetProfile:
        """Return a company's profile; `NotFoundError` has similar tickers. `BRK-B` is `BRK.B`."""
        canonical = parse_ticker(ticker)
        profile = self.assets.get(canonical)
        if profile is None and "-" in canonical:
            profile = self.assets.get(canonical.replace("-", "."))
        if profile is None:
            raise NotFoundError("ticker", canonical, self.nearest(canonical))
        return profile

    def nearest(self, ticker: str) -> tuple[str, ...]:
        """Return up to three similar tickers."""
        return tuple(self.index().nearest(ticker, 3))

    def describe(self, ticker: str) -> AssetAnswer:
        """Return a company in full: identity, description, insights and freshness."""
        profile = self.get(ticker)
        fields: dict[str, object] = dict.fromkeys(AssetAnswer.model_fields)
        for part in (profile.overview, profile.asset):
            if part is not None:
                fields |= part.model_dump(by_alias=False, include=set(fields), exclude_none=True)
        identity = profile.identity
        fields |= {
            "renamed_to": identity.renamed_to,
            "former_tickers": identity.former_tickers,
            "since": identity.since,
            "former_owners": list(map(_former_owner, profile.former_owners)),
            "problems": profile.problems,
            "insights": profile.insights,
            "price_check": profile.price_check,
            "freshness": profile.freshness,
        }
        return AssetAnswer.model_validate(fields)

    def search(self, q: str, limit: int) -> SearchAnswer:
        """Return the companies that `q` may mean, mistyped or not, best first."""
        check_limit(limit, _MAX_HITS)
        if not q.strip() or len(q) > _MAX_QUERY:
            raise InputError("q", f"must have 1 to {_MAX_QUERY} characters")
        matches = self.index().search(q, limit)
        return SearchAnswer(items=list(map(SearchHit.model_validate, matches)))

    def index(self) -> SearchIndex:
        """Return the index; once a minute it is checked for a newer listing."""
        with self._lock:
            now = monotonic()
            if self._index is None:
                self._checked_at, self._index = now, self._build()
            elif now - self._checked_at >= _INDEX_AGE_S:
                self._checked_at = now
                self._index = self._renew(self._index)
            return self._index

    def update(self, *, publish: bool) -> None:
        """Build the index again when it is next used; publish the listing for other processes."""
        if publish:
            # A sector comes with a description, which is ingested later than the listing.
            self._listing.publish(asset._replace(sector=None) for asset in self.assets.listed())
        with self._lock:
            self._index = None

    def _renew(self, index: SearchIndex) -> SearchIndex:
        try:
            return index if self._listing.version() == self._version else self._build()
        except StoreUnavailableError:
            return index  # an older listing is better than none

    def _build(self) -> SearchIndex:
        from ..search import SearchIndex

        # Where no listing was published yet, all companies are read.
        self._version, companies = self._listing.load() or (None, self.assets.listed())
        return SearchIndex(companies)


def _former_owner(owner: FormerOwner) -> FormerOwnerAnswer:
    return FormerOwnerAnswer(
        name=owner.asset.name,
        cik=owner.asset.cik,
        since=owner.since,
        until=owner.until,
        renamed_to=owner.renamed_to,
    )


@dataclass(frozen=True)
class ListAssets:
    """Active companies by name, a page at a time."""

    assets: AssetRepository

    def __call__(
        self,
        *,
        exchange: str | None = None,
        sector: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> AssetsAnswer:
        """Return a page, of one exchange and sector where these are given, in any case."""
        check_limit(limit, _MAX_PAGE)
        query = {"list": "assets", "exchange": exchange, "sector": sector}

        def accept(asset: ListedAsset) -> bool:
            return _matches(exchange, asset.exchange) and _matches(sector, asset.sector)

        page = self.assets.by_name(
            limit=limit,
            cursor=decode_cursor(query, cursor, _POSITION),
            accept=accept if exchange or sector else None,
        )
        return AssetsAnswer(
            items=list(map(AssetSummary.model_validate, page.items)),
            next_cursor=encode_cursor(query, page.cursor),
        )

    def named(self, tickers: Sequence[str]) -> AssetsAnswer:
        """Return the companies with these tickers, in their order."""
        wanted = parse_tickers(tickers, _MAX_BATCH)
        known = self.assets.known(wanted)
        return AssetsAnswer(
            items=[AssetSummary.model_validate(known[name]) for name in wanted if name in known],
            unknown=[ticker for ticker in wanted if ticker not in known],
        )


def _matches(wanted: str | None, value: str | None) -> bool:
    return not wanted or (value is not None and wanted.casefold() == value.casefold())
