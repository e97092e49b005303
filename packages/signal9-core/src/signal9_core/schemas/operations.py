"""Answers about ingests and replays, the state of the store, quotas and keys."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

from pydantic import Field, PositiveFloat

from ..domain.companies import DataSet, ProblemKind
from ..domain.model import Instant
from ..domain.queues import DeadLetter
from .base import Answer, Number, Request


class FailureAnswer(Answer):
    """A data set that could not be ingested; a `transient` failure may pass."""

    ticker: str | None
    data_set: str
    reason: str
    transient: bool


class IngestAnswer(Answer):
    """Result of an ingest: how much is stored, and how much of it is new or changed."""

    provider: str
    notice: str | None
    stored: dict[str, int]
    changed: dict[str, int]
    fresh: dict[str, int] = Field(
        default_factory=dict, description="Companies whose data was fresh and not requested again."
    )
    failed: Sequence[FailureAnswer]
    seconds: Number


class RunAnswer(IngestAnswer):
    """Result of a run: an ingest of what was due, and what is left of it."""

    left: int = Field(description="Companies and lists that are due and were not ingested.")
    continues_at: Instant | None = Field(
        description="When the budget of calls refills; null where nothing waits for that."
    )
    completes_at: Instant | None = Field(
        None, description="When there will have been calls for all of that, at the earliest."
    )


class FailuresAnswer(Answer):
    """Messages that failed for good, oldest first."""

    items: Sequence[DeadLetter]


class RedriveAnswer(Answer):
    """Messages that were put back, and those that failed again."""

    redriven: Sequence[str]
    left: Sequence[DeadLetter]


class DeliveryAnswer(Answer):
    """How many notifications and mails were sent, and how many were refused, and why the last."""

    notifications: int
    mails: int
    refused: int
    reason: str | None


class SkippedAnswer(Answer):
    """A file that a replay skipped, and why."""

    file: str
    reason: str


class ReplayAnswer(Answer):
    """Result of a replay: how much is stored, and how much of it is new or changed."""

    files: int
    stored: dict[str, int]
    changed: int
    skipped: Sequence[SkippedAnswer]
    failed: Sequence[FailureAnswer] = ()


class DamageAnswer(Answer):
    """Something in the store that is not as it was written: an item, or else the file itself."""

    table: str | None
    key: str | None
    reason: str
    repaired: bool | None = Field(description="Null if no repair was attempted.")


class CheckAnswer(Answer):
    """Result of a check: how many items each table has, and what is damaged."""

    items: dict[str, int]
    damaged: Sequence[DamageAnswer]


Outcome = Literal["passed", "failed", "skipped"]


class SmokeRequest(Request):
    """What to check of a deployed stage: its API and page by their URLs, and its pipeline.

    `page_host` is the page's name where its URL is only an address. Without an issuer the API
    refuses every caller. `wait_s` is how long a probe may take.
    """

    api: str
    page: str | None = None
    page_host: str | None = None
    has_issuer: bool = True
    wait_s: PositiveFloat = 200


class SmokeCheck(Answer):
    """A check of a deployed stage; a skipped one says what the stage lacks."""

    name: str
    outcome: Outcome
    message: str
    took_ms: int


class SmokeAnswer(Answer):
    """The checks of a deployed stage."""

    stage: str
    checks: Sequence[SmokeCheck]

    @property
    def failed(self) -> list[SmokeCheck]:
        """The checks that failed."""
        return [check for check in self.checks if check.outcome == "failed"]


class QuotaAnswer(Answer):
    """How many requests to a provider are left, and when the budget refills."""

    provider: str
    period: str
    limit: int
    left: int
    refills_at: Instant


class KeyAnswer(Answer):
    """Where a provider's key comes from; never the key itself."""

    provider: str
    setting: str
    source: str | None = Field(description="Null if the key is not set.")


class KeysAnswer(Answer):
    """Where the keys of all providers come from."""

    keys: Sequence[KeyAnswer]


class DataSetStatus(Answer):
    """How many companies a data set covers, how much it has, and how far it reaches."""

    companies: int
    count: int
    oldest: date | None = Field(description="Earliest `asOf` of the companies.")
    newest: date | None = Field(description="Latest `asOf` of the companies.")
    sources: Sequence[str]
    incomplete: int = Field(description="Companies of which only part is stored.")


class PromiseAnswer(Answer):
    """How many companies have a data set as fresh as promised."""

    promise: str = Field(description="How old the data may become.")
    fresh: int
    late: int = Field(description="Companies for which it is overdue.")
    failing: int = Field(description="Companies whose latest requests have failed.")
    missing: int = Field(description="Companies for which it was never requested.")
    late_since: Instant | None = Field(
        description="Since when the latest is overdue; if nothing was received, since when."
    )
    stalest: str | None = Field(description="The company for which it is overdue longest.")


class CompanyProblem(Answer):
    """Something that is wrong with the data of a company."""

    ticker: str
    kind: ProblemKind
    reason: str
    since: date


class DueAnswer(Answer):
    """What is due of the provider."""

    left: int = Field(description="Companies and lists that are due.")
    calls: int = Field(description="How many requests they take.")
    completes_at: Instant | None = Field(
        description="When there will have been calls for all of them, at the earliest; null if "
        "there are enough now."
    )


class StatusAnswer(Answer):
    """What is stored, where, and how fresh it is."""

    stage: str
    store: str
    location: str
    provider: str
    notice: str | None
    assets: int
    ingested_at: Instant | None
    data_sets: dict[DataSet, DataSetStatus]
    quotas: Sequence[QuotaAnswer] = ()
    due: DueAnswer | None = Field(
        None, description="Null if the provider is not set up, or makes no requests."
    )
    problems: Sequence[CompanyProblem] = ()
    promises: dict[DataSet, PromiseAnswer] = Field(default_factory=dict)
