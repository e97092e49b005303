"""Events: versioned messages about what changed, whose JSON Schemas follow from their models.

On EventBridge the source is `SOURCE`, the detail type is the class's `detail_type`, and the detail
is the model's JSON with the version in it. Insights and notifications are made from events; some
have no subscriber here, and their docstrings say whom they are for.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, PositiveInt, ValidationError

from .domain.companies import DataSet
from .domain.model import Instant, Model, Score, Ticker
from .domain.queues import reason_of
from .domain.reports import Period, ReportKind
from .errors import InputError

SOURCE: Final = "signal9.data"
"""The source of every event, as rules match it."""

_correlation_id: Final = ContextVar[str | None]("correlation_id", default=None)


def _current_id() -> str | None:
    return _correlation_id.get()


@contextmanager
def correlated(correlation_id: str | None) -> Iterator[None]:
    """Give events that are made within the id of the run, or of the event, that causes them."""
    token = _correlation_id.set(correlation_id)
    try:
        yield
    finally:
        _correlation_id.reset(token)


class Event(Model):
    """Something that happened, at the instant `at`."""

    detail_type: ClassVar[str]

    version: Literal[1] = 1
    at: Instant
    correlation_id: str | None = Field(
        default_factory=_current_id, description="The run that caused it; null if none did."
    )

    @classmethod
    def from_envelope(cls, envelope: Mapping[str, object]) -> Self:
        """Return the event in an EventBridge envelope."""
        return cls.model_validate(envelope["detail"])


class AssetDataUpdated(Event):
    """Identity, listing or description of companies changed."""

    detail_type = "Asset Data Updated"

    tickers: tuple[Ticker, ...] = Field(min_length=1, max_length=500)
    data_set: Literal["listing", "overview"]


class PricesUpdated(Event):
    """Bars of a company, or splits and dividends that adjust them, were added or corrected.

    `first` to `last` holds all that changed.
    """

    detail_type = "Prices Updated"

    ticker: Ticker
    first: date
    last: date
    count: PositiveInt


class FinancialDataIngested(Event):
    """Reports of a company were added, or have figures that they did not have before."""

    detail_type = "Financial Data Ingested"

    ticker: Ticker
    reports: tuple[ReportKind, ...] = Field(min_length=1)
    count: PositiveInt


class RestatedPeriod(Model):
    """A report of which reported figures have changed."""

    report: ReportKind
    period: Period
    fiscal_date_ending: date


class FinancialDataRestated(Event):
    """Figures that a company had reported have changed; what they were before stays stored."""

    detail_type = "Financial Data Restated"

    ticker: Ticker
    reports: tuple[ReportKind, ...] = Field(min_length=1)
    periods: tuple[RestatedPeriod, ...] = Field(min_length=1, max_length=500)


class NewsIngested(Event):
    """Articles about a company were added or changed; `first` to `last` holds all of them."""

    detail_type = "News Ingested"

    ticker: Ticker
    first: Instant
    last: Instant
    count: PositiveInt


class NewsSentimentAnalyzed(Event):
    """The sentiment rating of a company changed; for applications that act on sentiment."""

    detail_type = "News Sentiment Analyzed"

    ticker: Ticker
    score: Score | None = Field(description="Null below five articles, which say too little.")
    sample_size: PositiveInt


class EarningsScheduled(Event):
    """A company announced when it will report; for calendars and for traders' reminders."""

    detail_type = "Earnings Scheduled"

    ticker: Ticker
    report_date: date


class UserAction(Event):
    """A user changed their profile, topics or watchlist; for analysis of how people use it."""

    detail_type = "User Action"

    user_id: str
    action: Literal["profile", "wizard", "topics", "watchlist"]


class UserDeletionRequested(Event):
    """A user asked for the deletion of everything that is stored about them."""

    detail_type = "User Deletion Requested"

    user_id: str


class IngestionFailed(Event):
    """A data set of a company could not be ingested, and why; for operators' alarms."""

    detail_type = "Ingestion Failed"

    ticker: Ticker | None = None
    data_set: DataSet | Literal["listing", "calendar"]
    reason: str
    transient: bool = Field(description="Whether trying again later can help.")


EVENTS: Final[tuple[type[Event], ...]] = (
    AssetDataUpdated,
    EarningsScheduled,
    FinancialDataIngested,
    FinancialDataRestated,
    IngestionFailed,
    NewsIngested,
    NewsSentimentAnalyzed,
    PricesUpdated,
    UserAction,
    UserDeletionRequested,
)
"""All kinds of events."""


def event_from(envelope: Mapping[str, object]) -> Event:
    """Return the event in an EventBridge envelope; `InputError` for an unknown detail type."""
    detail_type = envelope.get("detail-type")
    for kind in EVENTS:
        if kind.detail_type == detail_type:
            return kind.from_envelope(envelope)
    raise InputError("detail-type", f"unknown detail type {detail_type!r}")


def parse_event(body: str) -> Event:
    """Return the event in the JSON of an EventBridge envelope; `InputError` for anything else."""
    try:
        return event_from(json.loads(body))
    except ValidationError as error:
        raise InputError("detail", reason_of(error)) from error
    except (AttributeError, KeyError, RecursionError, ValueError) as error:
        raise InputError("body", f"no event: {reason_of(error)}") from error


def event_schema(kind: type[Event]) -> dict[str, Any]:
    """Return the JSON Schema of an event's detail."""
    return kind.model_json_schema(mode="serialization")
