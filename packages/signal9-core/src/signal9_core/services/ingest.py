"""Ingest: the listing, the calendar and companies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, get_args

from ..domain.companies import ListName
from ..domain.reports import ALL_REPORTS
from ..errors import DamagedItemError, ProviderError, StoreUnavailableError
from ..events import EarningsScheduled
from .ingest_company import DATA_SETS, IngestCompany
from .ingest_listing import IngestListing
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import datetime

    from ..domain.companies import DataSet
    from ..domain.model import Ticker
    from ..domain.reports import EarningsCalendarEntry, ReportKind
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from .outbox import Outbox
    from .run import Due

__all__ = ["DATA_SETS", "Ingest", "IngestCompany", "IngestListing"]

_CHUNK: Final = 500
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
        result = IngestResult()
        data_sets, reports = data_sets or DATA_SETS, reports or ALL_REPORTS
        if tickers is None:
            names = _LISTS if due is None else {item.name for item in due.lists()}
            for name in (name for name in _LISTS if name in names):
                result.add(self.update_list(name, progress, accept_losses=accept_losses))
        companies = self.provider.covered() or () if tickers is None else tickers
        for done, ticker in enumerate(companies, 1):
            due_now = data_sets if due is None else due.data_sets(ticker)
            wanted = [name for name in data_sets if name in due_now]
            result.fresh.update(name for name in data_sets if name not in due_now)
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
        if not result.failed:
            self.state.note_requested_list(self.provider.name, name, self.provider.retrieved_at())
        return result

    def try_company(
        self,
        ticker: Ticker,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
        since: datetime | None = None,
    ) -> IngestResult:
        """Ingest a company; what the store fails to do for it does not stop the others.

        What was requested at or after `since` is left out.
        """
        try:
            return self.company(ticker, data_sets, reports, since)
        except (DamagedItemError, StoreUnavailableError) as error:
            result = IngestResult()
            for data_set in data_sets:
                result.fail(error, data_set, ticker)
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
            changed = self._store_dates(chunk)
            self.outbox.publish("calendar")
            result.count("calendar", len(chunk), changed)
            progress("calendar", start + len(chunk), len(entries))
        return result

    def _store_dates(self, entries: Sequence[EarningsCalendarEntry]) -> int:
        changes = self.financials.compare_calendar(entries)
        if changes:
            at = self.clock()
            events = (
                EarningsScheduled(at=at, ticker=entry.ticker, report_date=entry.report_date)
                for entry, *_ in changes
            )
            self.outbox.record("calendar", *events)
            self.financials.write_calendar(changes)
        return len(changes)
