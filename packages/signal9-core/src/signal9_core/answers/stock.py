"""What is answered about an ingest, and about everything that is stored."""

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from ..domain import DataSet, Instant
from .model import Answer, Number

__all__ = ["DataSetStatus", "FailureAnswer", "IngestAnswer", "StatusAnswer"]


class FailureAnswer(Answer):
    """A data set that could not be ingested; `transient` tells whether trying again can help."""

    ticker: str | None
    data_set: str
    reason: str
    transient: bool


class IngestAnswer(Answer):
    """What an ingest did: how much is stored now, and how much of it was new or changed."""

    provider: str
    notice: str | None
    stored: dict[str, int]
    changed: dict[str, int]
    failed: Sequence[FailureAnswer]
    seconds: Number


class DataSetStatus(Answer):
    """How many companies a data set covers, how much it holds, and how far it reaches."""

    companies: int
    count: int
    oldest: date | None = Field(description="The least recent `asOf` among the companies.")
    newest: date | None = Field(description="The most recent `asOf` among the companies.")
    sources: Sequence[str]
    incomplete: int = Field(description="Companies for which only part of the data is stored.")


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
