"""What parameters may be; whatever is wrong is named by its field."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from threading import Lock
from time import monotonic
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..domain import (
    AssetProfile,
    CompanyOverview,
    DataSet,
    Freshness,
    NewsArticle,
    Period,
    Report,
    ReportKind,
    Ticker,
    topic_of,
)
from ..errors import InputError, NotFoundError, StoreError, StoreUnavailableError
from ..ports import Cursor
from ..repositories import (
    AssetRepository,
    FinancialsRepository,
    ListedName,
    ListingRepository,
    NewsRepository,
    StateRepository,
)
from ..repositories.companies import ListedAsset
from ..repositories.news import ArticlePage
from ..schemas import (
    ArticleAnswer,
    AssetAnswer,
    AssetsAnswer,
    AssetSummary,
    DataSetStatus,
    FinancialsAnswer,
    FreshnessAnswer,
    NewsAnswer,
    QuotaAnswer,
    ReportRow,
    SearchAnswer,
    SearchHit,
    StatusAnswer,
    TickerTone,
)
from ..search import Entry, SearchIndex
from .cursors import CursorSigner

__all__ = [
    "NO_DATA",
    "NO_KEY",
    "CompanyFinder",
    "GetAsset",
    "GetFinancials",
    "GetStatus",
    "ListAssets",
    "ListNews",
    "ListProblems",
    "Nearest",
    "SearchCompanies",
    "check_limit",
    "check_range",
    "check_topic",
    "existing",
    "freshness_of",
    "several_tickers",
    "ticker_of",
]

Nearest = Callable[[str], tuple[str, ...]]
"""Returns the tickers that are most like a text."""

_ticker: TypeAdapter[str] = TypeAdapter(Ticker, config=ConfigDict(defer_build=True))


def ticker_of(text: str) -> Ticker:
    """Return the canonical form of a ticker; `InputError` where it can be none."""
    try:
        return _ticker.validate_python(text)
    except ValidationError as error:
        raise InputError("ticker", f"{text!r:.42} is no ticker") from error


def several_tickers(texts: Iterable[str], at_most: int) -> list[Ticker]:
    """Return these tickers in canonical form, each once, in their order."""
    found = list(dict.fromkeys(ticker_of(each) for each in texts))
    if len(found) > at_most:
        raise InputError("tickers", f"{len(found)} are too many; at most {at_most} in one call")
    return found


def check_limit(limit: int, at_most: int) -> None:
    """`InputError` unless `limit` is from 1 to `at_most`."""
    if not 1 <= limit <= at_most:
        raise InputError("limit", f"{limit} is not from 1 to {at_most}")


def check_range(first: date | None, last: date | None) -> None:
    """`InputError` unless `first` comes before or is `last`."""
    if first is not None and last is not None and first > last:
        raise InputError("from", f"{first} is after to={last}")


def check_topic(text: str) -> str:
    """Return the canonical form of a topic; `InputError` where it has no letter or digit."""
    topic = topic_of(text)
    if not topic:
        raise InputError("topic", f"{text[:40]!r} is no topic")
    return topic


def existing(assets: AssetRepository, ticker: str, nearest: Nearest) -> AssetProfile:
    """Return the company's profile; `NotFoundError`, with what may have been meant, if unknown.

    Some write `BRK-B` for `BRK.B`; both are understood.
    """
    canonical = ticker_of(ticker)
    profile = assets.get(canonical)
    if profile is None and "-" in canonical:
        profile = assets.get(canonical.replace("-", "."))
    if profile is None:
        raise NotFoundError("ticker", canonical, nearest(canonical))
    return profile


NO_KEY: Final = "Nothing is refreshed: the data provider is not set up, its key maybe not set."
NO_DATA: Final = "What is stored cannot be read at the moment."

_KEPT_S: Final = 10.0


class ListProblems:
    """What is known to be wrong; whoever asks often causes one reading in ten seconds.

    Names of secrets, tables and errors are for the log: the health check is open to everybody.
    """

    def __init__(
        self, state: Callable[[], StateRepository], passed: Callable[[], float] = monotonic
    ) -> None:
        self._state = state
        self._passed = passed
        self._known: tuple[float, Sequence[str]] | None = None

    def __call__(self) -> Sequence[str]:
        """Return a sentence for each problem."""
        now = self._passed()
        if self._known is None or now - self._known[0] >= _KEPT_S:
            self._known = now, self._found()
        return self._known[1]

    def _found(self) -> Sequence[str]:
        try:
            return [] if self._state().refresh_blocked_since() is None else [NO_KEY]
        except StoreError:
            return [NO_DATA]


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


LIMIT_FINANCIALS: Final = 200


@dataclass(frozen=True)
class GetFinancials:
    """Reports of one company, of one kind and period, newest first."""

    assets: AssetRepository
    financials: FinancialsRepository
    cursors: CursorSigner
    nearest: Nearest

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
        check_limit(limit, LIMIT_FINANCIALS)
        profile = existing(self.assets, ticker, self.nearest)
        known = profile.asset.ticker
        query = {
            "of": "financials",
            "ticker": known,
            "report": report.value,
            "period": period.value,
        }
        page = self.financials.reports(
            known, report, period, limit=limit, cursor=self.cursors.read(query, cursor)
        )
        return FinancialsAnswer(
            ticker=known,
            report=report,
            period=period,
            items=[_row(each) for each in page.items],
            next_cursor=self.cursors.sign(query, page.cursor),
            freshness=freshness_of(profile, DataSet.FINANCIALS),
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

    assets: AssetRepository
    news: NewsRepository
    cursors: CursorSigner
    nearest: Nearest

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
        check_limit(limit, LIMIT)
        check_range(first, last)
        profile = None if ticker is None else existing(self.assets, ticker, self.nearest)
        company = None if profile is None else profile.asset.ticker
        tag = None if topic is None else check_topic(topic)
        query = {"of": "news", "ticker": company, "topic": tag, "from": first, "to": last}
        page = self._page(company, tag, first, last, limit, self.cursors.read(query, cursor))
        return NewsAnswer(
            items=[article_answer(each) for each in page.items],
            next_cursor=self.cursors.sign(query, page.cursor),
            freshness=None if profile is None else freshness_of(profile, DataSet.NEWS),
        )

    def _page(
        self,
        company: str | None,
        topic: str | None,
        first: date | None,
        last: date | None,
        limit: int,
        cursor: Cursor | None,
    ) -> ArticlePage:
        start = None if first is None else datetime.combine(first, time.min, UTC)
        stop = None if last is None else datetime.combine(last, time.max, UTC)

        def accept(article: NewsArticle) -> bool:
            return topic is None or topic in article.topics

        if company is None:
            return self.news.recent(start, stop, limit=limit, cursor=cursor, accept=accept)
        return self.news.of_company(company, start, stop, limit=limit, cursor=cursor, accept=accept)


def article_answer(article: NewsArticle) -> ArticleAnswer:
    """Return an article as the API serves it."""
    return ArticleAnswer(
        id=article.id,
        published_at=article.published_at,
        title=article.title,
        summary=article.summary,
        url=article.url,
        source=article.source,
        topics=article.topics,
        tickers=[
            TickerTone(
                ticker=each.ticker,
                relevance=each.relevance,
                sentiment=each.sentiment,
                label=each.label,
            )
            for each in article.tickers
        ],
        sentiment=article.sentiment,
        label=article.label,
        scored_by=article.scored_by,
    )


LIMIT_SEARCH: Final = 50
RENEWED_AFTER_S: Final = 60.0
_LONGEST: Final = 200


class CompanyFinder:
    """The search index over the listing: the compact one, or all companies where there is none."""

    def __init__(self, assets: AssetRepository, listing: ListingRepository) -> None:
        self._assets = assets
        self._listing = listing
        self._lock = Lock()
        self._index: SearchIndex | None = None
        self._version: str | None = None
        self._looked_at = 0.0

    def index(self) -> SearchIndex:
        """Return the index; once a minute, look whether there is a newer listing."""
        with self._lock:
            now = monotonic()
            if self._index is None:
                self._looked_at, self._index = now, self._built()
            elif now - self._looked_at >= RENEWED_AFTER_S:
                self._looked_at = now
                self._index = self._renewed(self._index)
            return self._index

    def publish(self) -> None:
        """Write the compact listing anew where companies have changed, and use it from now on."""
        self._listing.publish(
            ListedName(each.ticker, each.name, each.exchange, each.rank)
            for each in self._assets.listed()
        )
        self.forget()

    def forget(self) -> None:
        """Have the index made anew when it is next needed."""
        with self._lock:
            self._index = None

    def nearest(self, ticker: str) -> tuple[str, ...]:
        """Return up to three tickers that may have been meant."""
        return tuple(self.index().nearest(ticker, 3))

    def _renewed(self, index: SearchIndex) -> SearchIndex:
        try:
            return index if self._listing.version() == self._version else self._built()
        except StoreUnavailableError:
            return index  # a listing of yesterday is better than none

    def _built(self) -> SearchIndex:
        self._version, companies = self._listing.load() or (None, self._assets.listed())
        return SearchIndex(
            Entry(each.ticker, each.name, each.exchange, each.rank) for each in companies
        )


@dataclass(frozen=True)
class SearchCompanies:
    """Companies by ticker or name, however they are typed."""

    finder: CompanyFinder

    def __call__(self, q: str, *, limit: int = 10) -> SearchAnswer:
        """Return what is most like `q`, best first."""
        check_limit(limit, LIMIT_SEARCH)
        if not q.strip() or len(q) > _LONGEST:
            raise InputError("q", f"needs 1 to {_LONGEST} characters")
        return SearchAnswer(
            items=[
                SearchHit(
                    ticker=each.ticker, name=each.name, exchange=each.exchange, score=each.score
                )
                for each in self.finder.index().search(q, limit)
            ]
        )


@dataclass(frozen=True)
class GetStatus:
    """Counts and freshness of every data set."""

    assets: AssetRepository
    state: StateRepository
    stage: str
    store: str
    location: str
    provider: str
    notice: str | None
    quotas: Callable[[], Sequence[QuotaAnswer]]

    def __call__(self) -> StatusAnswer:
        """Return what stands in the store now; reads every company's entry once."""
        kinds: dict[DataSet, list[Freshness]] = defaultdict(list)
        for _, freshness in self.assets.freshness():
            for kind, each in freshness.items():
                kinds[kind].append(each)
        return StatusAnswer(
            stage=self.stage,
            store=self.store,
            location=self.location,
            provider=self.provider,
            notice=self.notice,
            assets=sum(1 for _ in self.assets.listed()),
            ingested_at=self.state.finished_ingest(self.provider),
            data_sets={kind: _status(kinds[kind]) for kind in DataSet},
            quotas=self.quotas(),
        )


def _status(freshness: list[Freshness]) -> DataSetStatus:
    days = [each.as_of for each in freshness]
    return DataSetStatus(
        companies=len(freshness),
        count=sum(each.count for each in freshness),
        oldest=min(days, default=None),
        newest=max(days, default=None),
        sources=sorted({each.source for each in freshness}),
        incomplete=sum(not each.complete for each in freshness),
    )
