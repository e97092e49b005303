"""Ingest: the listing, the calendar and companies, all of them or the stalest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ..domain.reports import ALL_REPORTS
from ..errors import DamagedItemError, ProviderError, StoreUnavailableError
from ..events import EarningsScheduled
from .ingest_company import DATA_SETS, IngestCompany
from .ingest_listing import IngestListing
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from ..domain.companies import DataSet
    from ..domain.model import Ticker
    from ..domain.reports import EarningsCalendarEntry, ReportKind
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from .outbox import Outbox

__all__ = ["DATA_SETS", "Ingest", "IngestCompany", "IngestListing"]

_CHUNK: Final = 500
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Ingest:
    """Bring what is stored up to what the provider has. The next run completes a stopped one."""

    provider: Provider
    assets: AssetRepository
    financials: FinancialsRepository
    state: StateRepository
    outbox: Outbox
    clock: Clock
    listing: IngestListing
    company: IngestCompany

    def everything(
        self,
        progress: Progress,
        tickers: Sequence[Ticker] | None = None,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
        *,
        accept_losses: bool = False,
    ) -> IngestResult:
        """Ingest everything, or only these data sets of these companies (without the lists)."""
        result = IngestResult()
        if tickers is None:
            result.add(self.listing(progress, accept_losses=accept_losses))
            result.add(self.calendar(progress))
        companies = self.provider.covered() or () if tickers is None else tickers
        for done, ticker in enumerate(companies, 1):
            result.add(self._company(ticker, data_sets, reports))
            for data_set in data_sets:
                progress(data_set, done, len(companies))
        if tickers is None and not result.failed:
            self.state.note_finished_ingest(self.provider.name, self.clock())
        return result

    def stalest(self, limit: int) -> IngestResult:
        """Ingest the companies that were checked longest ago, of those that the provider covers.

        When the budget of calls is used up, the rest is left to the next run, which begins there.
        """
        covered = self.provider.covered()
        if covered is None:
            stalest = self.assets.stalest(limit)
        else:
            stalest = sorted(covered, key=self._checked_at)[:limit]
        result = IngestResult()
        for ticker in stalest:
            result.add(self._company(ticker))
            if result.out_of_calls:
                break
        return result

    def _company(
        self,
        ticker: Ticker,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> IngestResult:
        """Ingest a company; what the store fails to do for it does not stop the others."""
        try:
            return self.company(ticker, data_sets, reports)
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

    def _checked_at(self, ticker: Ticker) -> datetime:
        profile = self.assets.get(ticker)
        return _NEVER if profile is None else profile.checked_at or _NEVER

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
