"""Ingest: the listing, the calendar and companies, all of them or the stalest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, TypeVar

from ..domain.reports import ALL_REPORTS
from ..errors import ProviderError
from ..events import AssetDataUpdated, EarningsScheduled
from .ingest_company import DATA_SETS, IngestCompany, IngestResult

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from ..domain.companies import Asset, DataSet
    from ..domain.model import Ticker
    from ..domain.reports import EarningsCalendarEntry, ReportKind
    from ..ports import Clock, Progress
    from ..provider_port import Provider
    from ..repositories.companies import AssetRepository
    from ..repositories.reports import FinancialsRepository
    from ..repositories.state import StateRepository
    from .outbox import Outbox

__all__ = [
    "DATA_SETS",
    "IngestCalendar",
    "IngestCompany",
    "IngestEverything",
    "IngestListing",
    "IngestResult",
    "RefreshStalest",
]

_CHUNK: Final = 500  # as many tickers as one event may name
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_T = TypeVar("_T")


@dataclass(frozen=True)
class IngestListing:
    """Bring the stored listing up to the provider's."""

    provider: Provider
    assets: AssetRepository
    outbox: Outbox
    clock: Clock

    def __call__(self, progress: Progress) -> IngestResult:
        """Store and announce companies that are new or different; report a provider that fails."""

        def record(tickers: Sequence[Ticker]) -> None:
            event = AssetDataUpdated(at=self.clock(), tickers=tuple(tickers), data_set="listing")
            self.outbox.record("listing", event)

        def listing() -> Iterable[Asset]:
            first: dict[Ticker, Asset] = {}
            for asset in self.provider.assets():
                first.setdefault(asset.ticker, asset)
            return first.values()

        def sync(assets: Sequence[Asset]) -> int:
            return len(self.assets.sync(assets, record))

        return _ingest_list(self, "listing", listing, sync, progress)


@dataclass(frozen=True)
class IngestCalendar:
    """Bring the announced report dates up to the provider's; dates that have passed stay."""

    provider: Provider
    financials: FinancialsRepository
    outbox: Outbox
    clock: Clock

    def __call__(self, progress: Progress) -> IngestResult:
        """Store and announce dates that are new or moved; report a provider that fails."""

        def record(entries: Sequence[EarningsCalendarEntry]) -> None:
            at = self.clock()
            events = (
                EarningsScheduled(at=at, ticker=entry.ticker, report_date=entry.report_date)
                for entry in entries
            )
            self.outbox.record("calendar", *events)

        def sync(entries: Sequence[EarningsCalendarEntry]) -> int:
            return len(self.financials.schedule(entries, record))

        return _ingest_list(self, "calendar", self.provider.calendar, sync, progress)


def _ingest_list(
    parts: IngestListing | IngestCalendar,
    name: str,
    request: Callable[[], Iterable[_T]],
    sync: Callable[[Sequence[_T]], int],
    progress: Progress,
) -> IngestResult:
    result = IngestResult()
    try:
        entries = list(request())
    except ProviderError as error:
        result.fail(error, name)
        parts.outbox.send(result.failure_events(parts.clock()))
        return result
    for start in range(0, len(entries), _CHUNK):
        chunk = entries[start : start + _CHUNK]
        changed = sync(chunk)
        parts.outbox.publish(name)
        result.count(name, len(chunk), changed)
        progress(name, start + len(chunk), len(entries))
    return result


@dataclass(frozen=True)
class RefreshStalest:
    """Refresh a batch of companies, the stalest first."""

    provider: Provider
    assets: AssetRepository
    ingest_company: IngestCompany
    batch: int

    def __call__(self) -> IngestResult:
        """Ingest every data set of these companies, of those that the provider covers.

        When the budget of calls is used up, the rest is left to the next run, which begins there.
        """
        covered = self.provider.covered()
        if covered is None:
            stalest = self.assets.stalest(self.batch)
        else:
            stalest = sorted(covered, key=self._checked_at)[: self.batch]
        result = IngestResult()
        for ticker in stalest:
            result.add(self.ingest_company(ticker))
            if result.out_of_calls:
                break
        return result

    def _checked_at(self, ticker: Ticker) -> datetime:
        profile = self.assets.get(ticker)
        return _NEVER if profile is None else profile.checked_at or _NEVER


@dataclass(frozen=True)
class IngestEverything:
    """Ingest all there is. Stopped at any moment, the next run completes it."""

    provider: Provider
    ingest_listing: IngestListing
    ingest_calendar: IngestCalendar
    ingest_company: IngestCompany
    state: StateRepository
    clock: Clock

    def __call__(
        self,
        progress: Progress,
        tickers: Sequence[Ticker] | None = None,
        data_sets: Sequence[DataSet] = DATA_SETS,
        reports: Collection[ReportKind] = ALL_REPORTS,
    ) -> IngestResult:
        """Ingest everything, or only these data sets of these companies (without the lists)."""
        result = IngestResult()
        if tickers is None:
            result.add(self.ingest_listing(progress))
            result.add(self.ingest_calendar(progress))
        companies = self.provider.covered() or () if tickers is None else tickers
        for done, ticker in enumerate(companies, 1):
            result.add(self.ingest_company(ticker, data_sets, reports))
            for data_set in data_sets:
                progress(data_set, done, len(companies))
        if tickers is None and not result.failed:
            self.state.note_finished_ingest(self.provider.name, self.clock())
        return result
