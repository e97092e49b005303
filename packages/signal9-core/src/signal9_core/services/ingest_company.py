"""Ingest of one company: bring what is stored of it up to what a provider has."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..domain.companies import DataSet
from ..domain.reports import ALL_REPORTS
from ..errors import ProviderError
from ..events import AssetDataUpdated, FinancialDataIngested, NewsIngested, PricesUpdated
from ..repositories.news import NO_COMPANY
from .company_record import CompanyRecord, Update
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime

    from ..domain.adjustment import CorporateAction
    from ..domain.companies import Freshness
    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..domain.reports import ReportKind
    from ..ports import Clock
    from ..provider_port import History, Provider
    from ..repositories.actions import ActionRepository, Coverage
    from ..repositories.companies import AssetRepository
    from ..repositories.news import CopyChange, NewsRepository
    from ..repositories.prices import PriceRepository
    from ..repositories.reports import FinancialsRepository
    from .outbox import Outbox

__all__ = ["DATA_SETS", "IngestCompany"]

DATA_SETS: Final = tuple(DataSet)
"""What is requested of a provider about a company, in this order."""

_CORRECTIONS: Final = timedelta(days=7)
"""Bars and splits of so many days before the last known one are requested again."""
_LATE_NEWS: Final = timedelta(days=1)
"""An article may reach its provider so long after it was published."""


@dataclass(frozen=True)
class IngestCompany:
    """Bring what is stored of a company up to what the provider has."""

    provider: Provider
    assets: AssetRepository
    prices: PriceRepository
    actions: ActionRepository
    financials: FinancialsRepository
    news: NewsRepository
    outbox: Outbox
    clock: Clock

    def __call__(
        self,
        ticker: Ticker,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> IngestResult:
        """Ingest these data sets; one that fails is reported and does not stop the others.

        Only these `reports` are requested of the provider.
        """
        record = CompanyRecord(ticker, self.provider, self.assets, self._count)
        result = IngestResult()
        updates: dict[DataSet, Update | None] = {}
        for data_set in data_sets:
            try:
                updates[data_set] = update = self._ingest(data_set, record, reports, result)
            except ProviderError as error:
                result.fail(error, data_set, ticker)
            except KeyboardInterrupt:
                record.save()  # calls were spent on it
                raise
            else:
                if data_set is not DataSet.FINANCIALS or set(reports) >= ALL_REPORTS:
                    record.add_request(data_set)
                if update is not None:
                    record.add_update(data_set, update)
        record.publish(self.outbox)
        self.outbox.send(result.failure_events(self.clock()))
        record.save(checked=not result.out_of_calls)
        for data_set, update in updates.items():
            if update is None:
                result.count(data_set, 0, 0)
            else:
                result.count(data_set, record.freshness[data_set].count, update.changed)
        return result

    def _ingest(
        self,
        data_set: DataSet,
        record: CompanyRecord,
        reports: Collection[ReportKind],
        result: IngestResult,
    ) -> Update | None:
        """Store what the provider has of a data set; return `None` if it has nothing."""
        match data_set:
            case DataSet.OVERVIEW:
                return self._ingest_overview(record)
            case DataSet.PRICES:
                return self._ingest_prices(record, result)
            case DataSet.FINANCIALS:
                return self._ingest_financials(record, reports)
            case DataSet.NEWS:
                return self._ingest_news(record)

    def _ingest_overview(self, record: CompanyRecord) -> Update | None:
        overview = self.provider.overview(record.ticker)
        if overview is None:
            return None
        changed = overview != record.before.overview
        if changed:
            event = AssetDataUpdated(at=self.clock(), tickers=(record.ticker,), data_set="overview")
            record.add_overview(overview, event)
        return Update(self._today(), complete=True, changed=changed, count=1)

    def _ingest_prices(self, record: CompanyRecord, result: IngestResult) -> Update | None:
        """Request bars, splits and dividends: recent ones, or all where something may be missing.

        Actions are stored first, so that no bar is ever without the split that explains it.
        """
        known, coverage = self.actions.known(record.ticker)
        history = self.provider.history(record.ticker, self._prices_since(record, coverage))
        if history is None:
            return None
        if history.actions or history.coverage is not None:
            result.count("actions", *self._store_actions(record, history, known, coverage))
        bars = history.bars
        if not bars:
            return None
        change = self.prices.compare(bars)
        if change is not None:
            self._write_prices_updated(record, change.first, change.last, change.count)
            self.prices.write(change)
        before = record.before.freshness.get(DataSet.PRICES)
        meets = before is not None and before.complete and bars.day(0) <= before.as_of
        return Update(
            as_of=bars.day(-1) if before is None else max(bars.day(-1), before.as_of),
            complete=history.complete or meets,
            changed=0 if change is None else change.count,
            added=0 if change is None else change.added,
        )

    def _store_actions(
        self,
        record: CompanyRecord,
        history: History,
        known: Sequence[CorporateAction],
        coverage: Coverage | None,
    ) -> tuple[int, int]:
        """Return how many splits and dividends are stored now, and how many were new."""
        new = [action for action in history.actions if action not in known]
        if new and (history.bars or not record.is_new):  # without prices, they change no price
            days = [action.ex_date for action in new]
            self._write_prices_updated(record, min(days), max(days), len(days))
        changed = self.actions.sync(new) if new else 0
        if history.coverage is not None and not _covers(coverage, history.coverage):
            self.actions.note_coverage(record.ticker, *history.coverage)
        stored = {(action.ex_date, action.kind) for action in (*known, *history.actions)}
        return len(stored), changed

    def _write_prices_updated(
        self, record: CompanyRecord, first: date, last: date, count: int
    ) -> None:
        record.write_events(
            PricesUpdated(
                at=self.clock(), ticker=record.ticker, first=first, last=last, count=count
            )
        )

    def _ingest_financials(
        self, record: CompanyRecord, kinds: Collection[ReportKind]
    ) -> Update | None:
        answer = self.provider.financials(record.ticker, kinds)
        reports = [*answer.statements, *answer.earnings]
        if not reports:
            return None
        changes, count = self.financials.compare(record.ticker, reports)
        if changes:
            changed = tuple(sorted({change.model.kind for change in changes}))
            event = FinancialDataIngested(
                at=self.clock(), ticker=record.ticker, reports=changed, count=len(changes)
            )
            record.write_events(event)
            self.financials.write(changes)
        before = record.before.freshness.get(DataSet.FINANCIALS)
        complete = self.provider.complete(DataSet.FINANCIALS, len(reports))
        if not set(kinds) >= ALL_REPORTS:  # the other kinds are as complete as they were
            complete = before is not None and before.complete
        days = [report.fiscal_date_ending for report in reports]
        return Update(
            as_of=max(days if before is None else [*days, before.as_of]),
            complete=complete,
            changed=len(changes),
            count=count,
        )

    def _ingest_news(self, record: CompanyRecord) -> Update | None:
        """Request articles; those that came when others were ingested are announced as well."""
        before = self._continued(record, DataSet.NEWS)
        since = None if before is None else before.fetched_at - _LATE_NEWS
        articles = list(self.provider.news(record.ticker, since))
        if not articles and before is None:
            return None
        changes = self.news.compare(articles)
        own = [change for change in changes if change.ticker == record.ticker]
        shared = self._shared_news(record, articles, changes)
        published: dict[Ticker, list[datetime]] = defaultdict(list)
        for change in changes:
            published[change.ticker].append(change.article.published_at)
        if shared:
            published[record.ticker] += shared
        published.pop(NO_COMPANY, None)
        if published:
            at = self.clock()
            events = (_news_ingested(ticker, days, at) for ticker, days in published.items())
            record.write_events(*events)
        self.news.write(changes)
        whole = self.provider.complete(DataSet.NEWS, len(articles))
        return Update(
            as_of=self._today(),
            complete=whole if before is None else before.complete,
            changed=len({change.article.id for change in changes}),
            # Ingests of other companies add articles, too; a partial request shows only some.
            added=None if since is None or shared else sum(change.added for change in own),
        )

    def _shared_news(
        self, record: CompanyRecord, articles: Sequence[NewsArticle], changes: Sequence[CopyChange]
    ) -> list[datetime]:
        """Return when articles were published that other companies' ingests have stored since."""
        before, now = record.before.freshness.get(DataSet.NEWS), self.provider.retrieved_at()
        ids = {change.article.id for change in changes}
        return [
            article.published_at
            for article in articles
            if article.id not in ids
            and (before is None or before.fetched_at < article.published_at <= now)
        ]

    def _continued(self, record: CompanyRecord, data_set: DataSet) -> Freshness | None:
        """Return the freshness of data from the same provider, if it can be asked for new ones.

        Providers of few companies are asked for everything, every time.
        """
        before = record.before.freshness.get(data_set)
        same = before is not None and before.source == self.provider.name
        return before if same and self.provider.covered() is None else None

    def _prices_since(self, record: CompanyRecord, coverage: Coverage | None) -> date | None:
        before = self._continued(record, DataSet.PRICES)
        if before is None or not before.complete or record.before.pending:
            return None
        since = before.as_of - _CORRECTIONS
        return since if _covers(coverage, (since, since)) else None

    def _count(self, ticker: Ticker, data_set: DataSet) -> int:
        """Return how many articles or bars are stored; this reads all of them."""
        if data_set is DataSet.NEWS:
            return self.news.count(ticker)
        return len(self.prices.between(ticker))

    def _today(self) -> date:
        return self.provider.retrieved_at().date()


def _news_ingested(ticker: Ticker, published: Sequence[datetime], at: datetime) -> NewsIngested:
    return NewsIngested(
        at=at, ticker=ticker, first=min(published), last=max(published), count=len(published)
    )


def _covers(coverage: Coverage | None, days: Coverage) -> bool:
    return coverage is not None and coverage[0] <= days[0] and days[1] <= coverage[1]
