"""What an ingest came to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from ..errors import (
    ConflictError,
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    PlanError,
    ProviderUnavailableError,
    QuotaExhaustedError,
    RateLimitError,
    RequestRefusedError,
    Signal9Error,
    StoreError,
    UnwritableStoreError,
)
from ..events import IngestionFailed
from ..schemas.operations import FailureAnswer, IngestAnswer

if TYPE_CHECKING:
    from datetime import datetime

    from ..domain.model import Ticker
    from ..provider_port import Provider

_LASTING: Final = (PayloadError, PlanError, RequestRefusedError, StoreError)
_LONGEST_REASON: Final = 500


def is_lasting(error: Signal9Error) -> bool:
    """Return whether an error is about what was requested, so that it is likely to come again."""
    passing = error.transient or isinstance(error, ConflictError | UnwritableStoreError)
    return isinstance(error, _LASTING) and not passing


def describe_error(error: Signal9Error) -> str:
    """Return what went wrong, short and in valid Unicode, whatever the message quotes."""
    return str(error)[:_LONGEST_REASON].encode(errors="replace").decode()


_OUTAGES: Final = (CredentialsError, ProviderUnavailableError, RateLimitError)
_MOST_DOWN: Final = 3
_NO_CALLS: Final = (DailyQuotaError, QuotaExhaustedError)


@dataclass
class IngestResult:
    """Counts by data set, of what is stored now and of what was new or changed; and failures.

    `fresh` counts companies of which a data set was not requested, as it is fresh. `out_of_calls`
    tells that something is left for later, since the budget of calls is used up. `outages` counts
    failures of the provider as a whole: it did not answer, or accepts nothing at the moment.
    `others` are companies that were not ingested themselves, and whose records may be others now.
    `lasting` has reasons for which a list is likely to fail again. `down` counts the latest
    companies, one after the other, for which store or bus were not available.
    """

    stored: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    fresh: Counter[str] = field(default_factory=Counter)
    failed: list[FailureAnswer] = field(default_factory=list)
    out_of_calls: bool = False
    outages: int = 0
    others: set[Ticker] = field(default_factory=set)
    lasting: list[str] = field(default_factory=list)
    down: int = 0

    @property
    def is_down(self) -> bool:
        """Whether store or bus are down for all, so that going on makes no sense."""
        return self.down >= _MOST_DOWN

    def count(self, data_set: str, stored: int, changed: int) -> None:
        """Add to the counts of a data set."""
        self.stored[data_set] += stored
        self.changed[data_set] += changed

    def fail(self, error: Signal9Error, data_set: str, ticker: Ticker | None = None) -> None:
        """Add a data set that could not be ingested."""
        failure = FailureAnswer(
            ticker=ticker,
            data_set=data_set,
            reason=describe_error(error),
            transient=error.transient,
        )
        self.failed.append(failure)
        self.out_of_calls |= isinstance(error, QuotaExhaustedError)
        self.outages += isinstance(error, _OUTAGES) and not isinstance(error, _NO_CALLS)
        if ticker is None and is_lasting(error):
            self.lasting.append(describe_error(error))

    def add(self, other: IngestResult) -> None:
        """Add another result to this one."""
        self.stored.update(other.stored)
        self.changed.update(other.changed)
        self.fresh.update(other.fresh)
        self.failed += other.failed
        self.out_of_calls |= other.out_of_calls
        self.outages += other.outages
        self.others |= other.others
        self.lasting += other.lasting
        self.down = self.down + other.down if other.down else 0

    def failure_events(self, at: datetime) -> list[IngestionFailed]:
        """Return an event for each failure."""
        return [
            IngestionFailed.model_validate({"at": at, **failure.model_dump()})
            for failure in self.failed
        ]

    def to_answer(self, provider: Provider, seconds: float) -> IngestAnswer:
        """Return the result as entry points show it."""
        return IngestAnswer(
            provider=provider.name,
            notice=provider.notice,
            stored=dict(self.stored),
            changed=dict(self.changed),
            fresh=dict(self.fresh),
            failed=self.failed,
            seconds=Decimal(f"{seconds:.3f}"),
        )
