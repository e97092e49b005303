"""Ingest of one company: bring what is stored of it up to what a provider has."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from ..domain.companies import Asset, AssetProfile, CompanyOverview, DataSet, Freshness, Listing
from ..domain.reports import ALL_REPORTS, ReportKind
from ..errors import PayloadError, ProviderError, Signal9Error, StoreError
from ..events import (
    AssetDataUpdated,
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    NewsIngested,
    RestatedPeriod,
)
from ..provider_port import Provider, Vintage
from .company_record import CompanyRecord, Update, still_due
from .ingest_prices import IngestPrices, prices_since
from .ingest_result import IngestResult, is_lasting
from .provider_view import own_facts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from ..domain.model import Ticker
    from ..domain.news import NewsArticle
    from ..ports import Clock
    from ..repositories.articles import ArticleChange, CopyChange
    from ..repositories.companies import AssetRepository
    from ..repositories.news import NewsRepository
    from ..repositories.optimistic import Versioned
    from ..repositories.prices import ActionRepository, PriceRepository
    from ..repositories.reports import FinancialsRepository, ReportChange
    from .outbox import Outbox

DATA_SETS: Final = tuple(DataSet)
"""What is requested of a provider about a company, in this order."""

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
        planned_at: datetime | None = None,
        stored: Versioned[AssetProfile] | None = None,
    ) -> IngestResult:
        """Ingest these data sets; one that fails is reported and does not stop the others.

        Only these `reports` are requested of the provider, and nothing that was requested at or
        after `planned_at`. `stored` saves reading the record of the company.
        """
        record = CompanyRecord(ticker, self.provider, self.assets, self._count, stored)
        own = replace(self, provider=own_facts_of(record.before, self.provider))
        result = IngestResult()
        updates: dict[DataSet, Update | None] = {}
        for data_set in still_due(record.before, data_sets, planned_at):
            recorded = record.count_events()
            try:
                record.require_owner()
                with _payload_errors(data_set, record):
                    updates[data_set] = update = own._ingest(data_set, record, reports, result)  # noqa: SLF001
            except ProviderError as error:
                result.fail(error, data_set, ticker)
                record.add_failure(data_set, error, recorded)
            except KeyboardInterrupt:
                record.save()  # calls were spent on it
                raise
            else:
                if self._is_offered(data_set) and (
                    data_set is not DataSet.FINANCIALS or set(reports) >= ALL_REPORTS
                ):
                    record.add_request(data_set)
                if update is not None:
                    record.add_update(data_set, update)
        self._finish(record, updates, result)
        return result

    def _finish(
        self, record: CompanyRecord, updates: dict[DataSet, Update | None], result: IngestResult
    ) -> None:
        """Write the record, publish its events, and count what is stored now."""
        record.publish(self.outbox)
        record.save(checked=not result.out_of_calls)
        for data_set, refusal in record.refused.items():
            updates[data_set] = None
            result.fail(refusal, data_set, record.ticker)
        self.outbox.send(result.failure_events(self.clock()))
        for data_set, update in updates.items():
            fresh = record.freshness.get(data_set)  # absent if the ticker has a new owner by now
            if update is None or fresh is None:
                result.count(data_set, 0, 0)
            else:
                result.count(data_set, fresh.count, update.changed)

    def note_failure(
        self, ticker: Ticker, data_sets: Sequence[DataSet], error: Signal9Error
    ) -> None:
        """Record at a company what could not be stored of it."""
        record = CompanyRecord(ticker, self.provider, self.assets, self._count)
        for data_set in data_sets:
            record.add_failure(data_set, error, record.count_events())
        record.save()

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
                ingest = IngestPrices(self.provider, self.prices, self.actions, self.clock)
                return ingest(record, self._continued(record.before, DataSet.PRICES), result)
            case DataSet.FINANCIALS:
                return self._ingest_financials(record, reports)
            case DataSet.NEWS:
                return self._ingest_news(record, result)

    def _ingest_overview(self, record: CompanyRecord) -> Update | None:
        overview = self.provider.overview(record.ticker)
        if overview is None or overview.is_empty:
            return None
        self._check_owner(record, overview)
        before, at = record.before.freshness.get(DataSet.OVERVIEW), self.provider.retrieved_at()
        newest = before is None or before.fetched_at <= at
        changed = newest and overview != record.before.overview
        if changed:
            event = AssetDataUpdated(at=self.clock(), tickers=(record.ticker,), data_set="overview")
            record.add_overview(overview, event)
        return Update(self._today(), complete=True, changed=changed, count=1)

    def _check_owner(self, record: CompanyRecord, overview: CompanyOverview) -> None:
        """Raise `UndecidedOwnerError` for a description of another company than the last one."""
        profile, before = record.before, record.before.overview
        known = {profile.asset.cik, *profile.identity.ciks, before and before.cik}
        if before is None or before.cik is None or overview.cik in {None, *known}:
            return
        asset = Asset(ticker=record.ticker, name=overview.name, cik=overview.cik)
        claim = Listing(asset=asset, source=self.provider.name, day=self._today())
        described = f"{overview.name} with the CIK {overview.cik}"
        record.dispute(claim, f"{described} is described, and not the CIK {before.cik} any more")
        record.require_owner()

    def _ingest_financials(
        self, record: CompanyRecord, kinds: Collection[ReportKind]
    ) -> Update | None:
        answer = self.provider.financials(record.ticker, kinds)
        vintages = list(answer.vintages)
        if current := [*answer.statements, *answer.earnings]:
            vintages.append(Vintage(self.provider.retrieved_at(), current))
        if not any(vintage.records for vintage in vintages):
            return None
        received, recorded = record.before.reports_received, bool(answer.vintages)
        known = self.financials.compare(record.ticker, vintages, received, recorded=recorded)
        changed = [change.report for change in known.changes if change.report is not None]
        record.write_events(*_reports_changed(record.ticker, known.changes, self.clock()))
        self.financials.write(known.changes)
        complete = self.provider.complete(DataSet.FINANCIALS, known.stored)
        if recorded:
            complete |= known.received.keys() >= ALL_REPORTS
        if not set(kinds) >= ALL_REPORTS:  # the other kinds are as complete as they were
            before = record.before.freshness.get(DataSet.FINANCIALS)
            complete = before is not None and before.complete
        return Update(
            as_of=known.as_of,
            complete=complete,
            changed=len(changed),
            count=known.stored,
            reports_received=known.received,
        )

    def _ingest_news(self, record: CompanyRecord, result: IngestResult) -> Update | None:
        """Request articles; those that came before the company was known are announced as well."""
        before = self._continued(record.before, DataSet.NEWS)
        since = self.news_since(record.before)
        vintages, recorded = self._request_news(record, since)
        count = sum(len(vintage.records) for vintage in vintages)
        if not count and before is None:
            return None
        changes = self.news.compare(vintages, recorded=recorded)
        shared = self._shared_news(record, vintages, changes)
        # The ingest of another company has announced them; without a record, that led to nothing.
        is_announced = _had_news_requested(record.before)
        self._write_news_ingested(record, changes, {} if is_announced else shared)
        self.news.write(changes)
        copies = [copy for change in changes for copy in change.copies]
        mentioned = {copy.ticker for copy in copies if copy.ticker is not None}
        result.others |= mentioned - {record.ticker}
        self._count_elsewhere(record, copies)
        complete = self.provider.complete(DataSet.NEWS, count)
        stored = record.before.freshness.get(DataSet.NEWS)
        if before is not None:
            complete = before.complete
        elif recorded and stored is not None:
            complete &= stored.complete
        own = [copy for copy in copies if copy.ticker == record.ticker]
        return Update(
            as_of=self._today(),
            complete=complete,
            changed=sum(bool(change.copies) for change in changes),
            # Ingests of other companies add articles, too; a partial request shows only some.
            added=None if since is None or shared else sum(copy.added for copy in own),
        )

    def _request_news(
        self, record: CompanyRecord, since: datetime | None
    ) -> tuple[Sequence[Vintage[NewsArticle]], bool]:
        """Return articles by response, and whether they are recorded ones."""
        received = list(self.provider.news(record.ticker, since))
        vintages = [each for each in received if isinstance(each, Vintage)]
        articles = [each for each in received if not isinstance(each, Vintage)]
        if not articles:
            return vintages, bool(vintages)
        return [*vintages, Vintage(self.provider.retrieved_at(), articles)], bool(vintages)

    def _write_news_ingested(
        self,
        record: CompanyRecord,
        changes: Sequence[ArticleChange],
        shared: Mapping[str, datetime],
    ) -> None:
        """Write an event for every company that an article has come to, changed under, or left."""
        published: dict[Ticker, dict[str, datetime]] = defaultdict(dict)
        for change in changes:
            for copy in change.copies:
                if copy.ticker is not None:
                    published[copy.ticker][change.article.id] = change.article.published_at
        if shared:
            published[record.ticker] |= shared
        if published:
            at, known = self.clock(), record.stopped_events(NewsIngested, unpublished=True)
            events = (
                NewsIngested(
                    at=at, ticker=ticker, first=min(moments), last=max(moments), count=len(moments)
                )
                for ticker, days in published.items()
                for moments in _by_event(ticker, days.values(), known)
            )
            record.write_events(*events)

    def _shared_news(
        self,
        record: CompanyRecord,
        vintages: Sequence[Vintage[NewsArticle]],
        changes: Sequence[ArticleChange],
    ) -> dict[str, datetime]:
        """Return when articles were published that other companies' ingests have stored since."""
        before, now = record.before.freshness.get(DataSet.NEWS), self.provider.retrieved_at()
        ids = {change.article.id for change in changes if change.copies}
        return {
            article.id: article.published_at
            for vintage in vintages
            for article in vintage.records
            if article.id not in ids
            and (before is None or before.fetched_at < article.published_at <= now)
        }

    def _count_elsewhere(self, record: CompanyRecord, copies: Sequence[CopyChange]) -> None:
        """Correct the counts of other companies whose articles have become more or fewer."""
        added: Counter[Ticker] = Counter()
        for copy in copies:
            if copy.ticker is not None:
                added[copy.ticker] += copy.added
        stopped = {event.ticker for event in record.stopped_events(NewsIngested)}
        others = {ticker for ticker in added if added[ticker]} | stopped
        for ticker, known in self.assets.read_many(others - {record.ticker}).items():
            count = self.news.count(ticker) if ticker in stopped else None
            change = partial(_with_news, count=count, added=added[ticker])
            self.assets.change(ticker, change, known=known)

    def prices_since(self, before: AssetProfile) -> date | None:
        """Return from when on prices of a company are requested, by its record."""
        return prices_since(before, self._continued(before, DataSet.PRICES))

    def news_since(self, before: AssetProfile) -> datetime | None:
        """Return from when on articles about a company are requested, by its record."""
        continued = self._continued(before, DataSet.NEWS)
        return None if continued is None else continued.fetched_at - _LATE_NEWS

    def _continued(self, profile: AssetProfile, data_set: DataSet) -> Freshness | None:
        """Return the freshness of data from the same provider, if it can be asked for new ones.

        Providers of few companies are asked for everything, every time.
        """
        before = profile.freshness.get(data_set)
        same = before is not None and before.source == self.provider.name
        return before if same and self.provider.covered() is None else None

    def _count(self, profile: AssetProfile, data_set: DataSet) -> int:
        """Return how many articles or bars of the company are stored; this reads all of them."""
        ticker, first = profile.asset.ticker, profile.own()
        if data_set is DataSet.NEWS:
            return self.news.count(ticker, first)
        return len(self.prices.between(ticker, first))

    def _is_offered(self, data_set: DataSet) -> bool:
        """Return whether the provider has such data at all; recorded responses may have any."""
        return not self.provider.calls or data_set in self.provider.calls

    def _today(self) -> date:
        return self.provider.retrieved_at().date()


def _reports_changed(
    ticker: Ticker, changes: Sequence[ReportChange], at: datetime
) -> Iterator[Event]:
    """Yield what is announced: reports that are new or say more, and those that were restated."""
    pairs = [(change.report, change.before) for change in changes if change.report is not None]
    restated = [now for now, before in pairs if before is not None and now.restates(before)]
    ingested = [now for now, before in pairs if before is None or not now.restates(before)]
    if ingested:
        kinds = tuple(sorted({report.kind for report in ingested}))
        yield FinancialDataIngested(at=at, ticker=ticker, reports=kinds, count=len(ingested))
    for chunk in (restated[start : start + 500] for start in range(0, len(restated), 500)):
        periods = tuple(
            RestatedPeriod(
                report=report.kind,
                period=report.period,
                fiscal_date_ending=report.fiscal_date_ending,
            )
            for report in chunk
        )
        kinds = tuple(sorted({report.kind for report in chunk}))
        yield FinancialDataRestated(at=at, ticker=ticker, reports=kinds, periods=periods)


@contextmanager
def _payload_errors(data_set: DataSet, record: CompanyRecord) -> Iterator[None]:
    """Turn what cannot be read or stored into a `PayloadError`: other companies are not to stop."""
    try:
        yield
    except StoreError as error:
        if not is_lasting(error):
            raise
        raise PayloadError(str(error)) from error
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        where = f"{data_set} of {record.ticker}"
        raise PayloadError(f"{where}: {type(error).__name__}: {error}") from error


def _had_news_requested(profile: AssetProfile) -> bool:
    return DataSet.NEWS in profile.freshness or DataSet.NEWS in profile.requested


def _by_event(
    ticker: Ticker, published: Iterable[datetime], known: Sequence[NewsIngested]
) -> Iterable[Sequence[datetime]]:
    """Return when articles were published: apart those that a recorded event announces already."""
    parts: dict[NewsIngested | None, list[datetime]] = defaultdict(list)
    for at in published:
        covering = (
            event for event in known if event.ticker == ticker and event.first <= at <= event.last
        )
        parts[next(covering, None)].append(at)
    return parts.values()


def _with_news(profile: AssetProfile, *, count: int | None, added: int) -> AssetProfile:
    """Return a profile with another count of articles, if it has one."""
    news = profile.freshness.get(DataSet.NEWS)
    if news is None:
        return profile
    fresh = news.model_copy(update={"count": news.count + added if count is None else count})
    return profile.model_copy(update={"freshness": {**profile.freshness, DataSet.NEWS: fresh}})
