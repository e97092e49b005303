"""A full ingest: listing, calendar, then every data set of every company that is covered."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ..domain import DataSet, ReportKind, Ticker
from ..ports import ALL_REPORTS, Clock, Progress, Provider
from ..repositories import StateRepository
from .calendar import IngestCalendar
from .company import DATA_SETS, IngestCompany
from .listing import IngestListing
from .outcome import Outcome

__all__ = ["IngestEverything"]


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
    ) -> Outcome:
        """Ingest everything, or only these data sets of these companies (without the lists)."""
        outcome = Outcome()
        if tickers is None:
            outcome.add(self.ingest_listing(progress))
            outcome.add(self.ingest_calendar(progress))
        companies = tuple(self.provider.covered() or ()) if tickers is None else tuple(tickers)
        for data_set in data_sets:
            for done, ticker in enumerate(companies, 1):
                outcome.add(self.ingest_company(ticker, (data_set,), reports))
                progress(data_set, done, len(companies))
        if tickers is None and not outcome.failed:
            self.state.note_finished_ingest(self.provider.name, self.clock())
        return outcome
