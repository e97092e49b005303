"""Answers with reports."""

from collections.abc import Sequence
from datetime import date

from pydantic import Field

from ..domain.companies import Freshness
from ..domain.reports import Period, ReportKind
from .base import Answer, Number


class ReportRow(Answer):
    """One report; `values` has AlphaVantage's field names, null where unknown."""

    fiscal_date_ending: date
    currency: str | None
    values: dict[str, Number | None]


class FinancialsAnswer(Answer):
    """Reports of one kind and period, newest first."""

    ticker: str
    report: ReportKind
    period: Period
    items: Sequence[ReportRow]
    next_cursor: str | None = None
    freshness: Freshness | None = Field(
        None, description="How far the stored reports reach; null without any."
    )
