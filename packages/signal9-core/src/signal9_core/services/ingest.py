"""Ingest: the listing, the calendar and companies, all of them or the stalest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from ..domain.reports import ALL_REPORTS
from ..errors import ProviderError
from ..events import AssetDataUpdated, EarningsScheduled
from .ingest_company import DATA_SETS, IngestCompany
from .ingest_result import IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from ..domain.companies import Asset, DataSet, ListName
    from ..domain.model import Ticker
    from ..domain.reports import EarningsCalendarEntry, ReportKind
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from .outbox import Outbox
    from .run import Due

__all__ = ["DATA_SETS", "Ingest", "IngestCompany"]

_CHUNK: Final = 500  # as many tickers as one event may name
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_T = TypeVar("_T")


@dataclass(frozen=True)
class Ingest:
    """Bring what is stored up to what the provider has. The next run completes a stopped one."""

    provider: Provider
    assets: AssetRepository
    financials: FinancialsRepository
    state: StateRepository
    outbox: Outbox
    clock: Clock
    company: IngestCompany

    def everything(
        self,
        progress: Progress,
        tickers: Sequence[Ticker] | None = None,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
        due: Due | None = None,
    ) -> IngestResult:
        """Ingest everything, or only these data sets of these companies (without the lists).

        Of that, only what is `due`, where this is passed.
        """
        result = IngestResult()
        if tickers is None:
            names = {"listing", "calendar"} if due is None else {item.name for item in due.lists()}
            for name, ingest_list in (("listing", self.listing), ("calendar", self.calendar)):
                if name in names:
                    result.add(ingest_list(progress))
        companies = self.provider.covered() or () if tickers is None else tickers
        for done, ticker in enumerate(companies, 1):
            wanted = data_sets
            if due is not None:
                due_now = due.data_sets(ticker)
                wanted = [name for name in data_sets if name in due_now]
                result.fresh.update(name for name in data_sets if name not in due_now)
            result.add(self.company(ticker, wanted, reports))
            for data_set in data_sets:
                progress(data_set, done, len(companies))
        if tickers is None and not result.failed:
            self.state.note_finished_ingest(self.provider.name, self.clock())
        return result

    def listing(self, progress: Progress) -> IngestResult:
        """Store and announce companies that are new or different; report a provider that fails."""
        return self._ingest("listing", self._assets, self._store_assets, progress)

    def calendar(self, progress: Progress) -> IngestResult:
        """Store and announce dates that are new or moved; dates that have passed stay."""
        return self._ingest("calendar", self.provider.calendar, self._store_dates, progress)

    def _ingest(
        self,
        name: ListName,
        request: Callable[[], Iterable[_T]],
        store: Callable[[Sequence[_T]], int],
        progress: Progress,
    ) -> IngestResult:
        result = IngestResult()
        try:
            entries = list(request())
        except ProviderError as error:
            result.fail(error, name)
            self.outbox.send(result.failure_events(self.clock()))
            return result
        for start in range(0, len(entries), _CHUNK):
            chunk = entries[start : start + _CHUNK]
            changed = store(chunk)
            self.outbox.publish(name)
            result.count(name, len(chunk), changed)
            progress(name, start + len(chunk), len(entries))
        self.state.note_requested_list(self.provider.name, name, self.provider.retrieved_at())
        return result

    def _assets(self) -> Iterable[Asset]:
        """Return the listed companies; of several with the same ticker the first."""
        first: dict[Ticker, Asset] = {}
        for asset in self.provider.assets():
            first.setdefault(asset.ticker, asset)
        return first.values()

    def _store_assets(self, assets: Sequence[Asset]) -> int:
        changes = self.assets.compare(assets)
        if changes:
            tickers = tuple(change.model.ticker for change in changes)
            event = AssetDataUpdated(at=self.clock(), tickers=tickers, data_set="listing")
            self.outbox.record("listing", event)
            self.assets.write(changes)
        return len(changes)

    def _store_dates(self, entries: Sequence[EarningsCalendarEntry]) -> int:
        changes = self.financials.compare_calendar(entries)
        if changes:
            at = self.clock()
            events = (
                EarningsScheduled(at=at, ticker=entry.ticker, report_date=entry.report_date)
                for entry, *_ in changes
            )
            self.outbox.record("calendar", *events)
            self.financials.write(changes)
        return len(changes)
