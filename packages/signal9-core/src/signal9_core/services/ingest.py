"""Ingest: the listing, the calendar and companies."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, get_args

from ..domain.companies import Asset, AssetProfile, DataSet, ListName
from ..domain.reports import ALL_REPORTS, EarningsCalendarEntry, ReportKind
from ..domain.work import run_id
from ..errors import (
    ProviderError,
    PublishError,
    Signal9Error,
    StoreError,
    StoreUnavailableError,
    UnwritableStoreError,
)
from ..events import EarningsScheduled, correlated
from .ingest_company import DATA_SETS, IngestCompany
from .ingest_result import IngestResult, is_lasting
from .provider_view import request_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from ..domain.model import Ticker
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.optimistic import Versioned
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from .ingest_listing import IngestListing
    from .outbox import Outbox
    from .run import Due

_CHUNK: Final = 500
_NOT_TRIED: Final = StoreUnavailableError("not tried, since nothing could be stored before")
_LISTS: Final[tuple[ListName, ...]] = get_args(ListName)


@dataclass(frozen=True)
class Ingest:
    """Bring what is stored up to what the provider has. The next run completes a stopped one."""

    provider: Provider
    financials: FinancialsRepository
    state: StateRepository
    outbox: Outbox
    clock: Clock
    listing: IngestListing
    company: IngestCompany
    publish_listing: Callable[[], None]

    def everything(
        self,
        progress: Progress,
        tickers: Sequence[Ticker] | None = None,
        data_sets: Sequence[DataSet] | None = None,
        reports: Collection[ReportKind] | None = None,
        due: Due | None = None,
        *,
        accept_losses: bool = False,
    ) -> IngestResult:
        """Ingest everything, or only these data sets of these companies (without the lists).

        Of that, only what is `due`, where this is passed.
        """
        result, run = IngestResult(), run_id("ingest", self.clock())
        data_sets, reports = data_sets or DATA_SETS, reports or ALL_REPORTS
        if tickers is None:
            names = _LISTS if due is None else {item.name for item in due.lists()}
            for name in (name for name in _LISTS if name in names):
                with correlated(run):
                    result.add(self.update_list(name, progress, accept_losses=accept_losses))
        companies = self.provider.covered() or () if tickers is None else tickers
        for done, ticker in enumerate(companies, 1):
            due_now = data_sets if due is None else due.data_sets(ticker)
            wanted = [name for name in data_sets if name in due_now]
            result.fresh.update(name for name in data_sets if name not in due_now)
            if result.is_down:
                for data_set in wanted:
                    result.fail(_NOT_TRIED, data_set, ticker)
                continue
            with correlated(run):
                result.add(self.try_company(ticker, wanted, reports))
            for data_set in data_sets:
                progress(data_set, done, len(companies))
        if tickers is None and not result.failed:
            self.state.note_finished_ingest(self.provider.name, self.clock())
        return result

    def update_list(
        self, name: ListName, progress: Progress, *, accept_losses: bool = False
    ) -> IngestResult:
        """Ingest a list, and publish the listing for searches.

        Only then it counts as requested, so that a stopped run is completed by the next.
        """
        if name == "calendar":
            result = self.calendar(progress)
        else:
            result = self.listing(progress, accept_losses=accept_losses)
            self.publish_listing()
        source, at = self.provider.name, self.provider.retrieved_at()
        if all(failure.ticker for failure in result.failed):  # the list itself has come
            self.state.note_requested_list(source, name, at)
        for reason in result.lasting:
            self.state.note_failed_list(source, name, at, reason)
        return result

    def companies(
        self, tickers: Sequence[Ticker], data_sets: Sequence[DataSet], planned_at: datetime
    ) -> IngestResult:
        """Ingest companies, about which the provider is asked at once if it can answer so.

        What was requested of a company at or after `planned_at` is left out. An error that nobody
        expects in one company is raised after the others are done. Where store or bus are down, the
        rest stays due.
        """
        try:
            stored = self.company.assets.read_many(tickers)
        except StoreError:  # each company may try alone
            stored, provider = {}, self.provider
        else:
            profiles = {ticker: _profile(ticker, stored.get(ticker)) for ticker in tickers}
            provider = request_batch(self.company, profiles, data_sets, planned_at)
        batch = replace(self, company=replace(self.company, provider=provider))
        result, unexpected = IngestResult(), list[Exception]()
        for ticker in tickers:
            if result.is_down:
                break
            # What another company's articles have changed is read again.
            known = None if ticker in result.others else stored.get(ticker)
            try:
                result.add(batch.try_company(ticker, data_sets, ALL_REPORTS, planned_at, known))
            except Exception as error:  # raised again, after the other companies
                is_down = isinstance(error, Signal9Error) and error.transient
                if is_down or isinstance(error, UnwritableStoreError):
                    raise
                unexpected.append(error)
        if unexpected:
            raise unexpected[0]
        return result

    def try_company(
        self,
        ticker: Ticker,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
        planned_at: datetime | None = None,
        stored: Versioned[AssetProfile] | None = None,
    ) -> IngestResult:
        """Ingest a company; what store or bus fail to do for it does not stop the others."""
        try:
            return self.company(ticker, data_sets, reports, planned_at, stored)
        except UnwritableStoreError:
            raise
        except (PublishError, StoreError) as error:
            result = IngestResult(down=error.transient)
            for data_set in data_sets:
                result.fail(error, data_set, ticker)
            if is_lasting(error):
                with suppress(StoreError):  # what is damaged takes no record of it either
                    self.company.note_failure(ticker, data_sets, error)
            if not isinstance(error, PublishError):
                self.outbox.send(result.failure_events(self.clock()))
            return result

    def calendar(self, progress: Progress) -> IngestResult:
        """Store and announce dates that are new or moved; dates that have passed stay."""
        result = IngestResult()
        try:
            entries = list(self.provider.calendar())
        except ProviderError as error:
            result.fail(error, "calendar")
            self.outbox.send(result.failure_events(self.clock()))
            return result
        for start in range(0, len(entries), _CHUNK):
            chunk = entries[start : start + _CHUNK]
            self._store_dates(chunk, result)
            progress("calendar", start + len(chunk), len(entries))
        self.outbox.send(result.failure_events(self.clock()))
        return result

    def _store_dates(self, entries: Sequence[EarningsCalendarEntry], result: IngestResult) -> None:
        """Write and announce dates; one that cannot be stored is reported, apart from others."""
        changes, at = self.financials.compare_calendar(entries), self.clock()
        events = [
            EarningsScheduled(at=at, ticker=entry.ticker, report_date=entry.report_date)
            for entry, *_ in changes
        ]
        if events:
            self.outbox.record("calendar", *events)
        try:
            self.financials.write_calendar(changes)
        except StoreError as error:
            if not is_lasting(error):
                raise
            self.outbox.withdraw("calendar", *events)
            if len(entries) == 1:
                result.fail(error, "calendar", entries[0].ticker)
                return
            middle = len(entries) // 2
            self._store_dates(entries[:middle], result)
            self._store_dates(entries[middle:], result)
            return
        self.outbox.publish("calendar")
        result.count("calendar", len(entries), len(changes))


def _profile(ticker: Ticker, stored: Versioned[AssetProfile] | None) -> AssetProfile:
    return AssetProfile(asset=Asset(ticker=ticker)) if stored is None else stored.model
