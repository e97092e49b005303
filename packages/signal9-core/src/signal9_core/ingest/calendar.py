"""The earnings calendar: who reports when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..domain import EarningsCalendarEntry
from ..errors import ProviderError
from ..events import EarningsScheduled
from ..ports import Clock, Progress, Provider
from ..repositories import FinancialsRepository
from .announcing import Announcer
from .outcome import Failure, Outcome

__all__ = ["IngestCalendar"]

_CHUNK: Final = 500
_SUBJECT: Final = "calendar"


@dataclass(frozen=True)
class IngestCalendar:
    """Bring the announced report dates up to the provider's; dates that have passed stay."""

    provider: Provider
    financials: FinancialsRepository
    announcer: Announcer
    clock: Clock

    def __call__(self, progress: Progress) -> Outcome:
        """Store and announce dates that are new or moved; report a provider that fails."""
        outcome = Outcome()
        try:
            entries = list(self.provider.calendar())
        except ProviderError as error:
            outcome.failed.append(Failure.of(error, "calendar"))
            self.announcer.announce_failures(outcome.failed)
            return outcome
        for start in range(0, len(entries), _CHUNK):
            chunk = entries[start : start + _CHUNK]
            outcome.count("calendar", len(chunk), self._ingest(chunk))
            progress("calendar", start + len(chunk), len(entries))
        return outcome

    def _ingest(self, chunk: Sequence[EarningsCalendarEntry]) -> int:
        changed = self.financials.schedule(chunk, self._foretell)
        self.announcer.announce(self.announcer.pending(_SUBJECT))
        return len(changed)

    def _foretell(self, entries: Sequence[EarningsCalendarEntry]) -> None:
        at = self.clock()
        events = [
            EarningsScheduled(at=at, ticker=each.ticker, report_date=each.report_date)
            for each in entries
        ]
        self.announcer.foretell(_SUBJECT, *events)
