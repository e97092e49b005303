"""Reported figures of a company, in AlphaVantage's field names; unknown fields are kept."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Final

from pydantic import BeforeValidator, Field

from .model import Currency, Exact, OpenModel, Ticker, blank_to_none

__all__ = ["Earnings", "EarningsCalendarEntry", "Period", "Report", "ReportKind", "Statement"]

Amount = Annotated[Exact | None, BeforeValidator(blank_to_none)]
"""A figure in units of the report's currency (not thousands); `None` where it was not reported."""

Unknown = Annotated[
    Exact | str | None, Field(union_mode="left_to_right"), BeforeValidator(blank_to_none)
]
"""A field that we do not know: a figure if it reads as one, else kept as text."""

OptionalCurrency = Annotated[Currency | None, BeforeValidator(blank_to_none)]


class Period(StrEnum):
    """The span that a report covers."""

    ANNUAL = "annual"
    QUARTERLY = "quarterly"


class ReportKind(StrEnum):
    """The reports that can be asked for."""

    INCOME_STATEMENT = "income_statement"
    BALANCE_SHEET = "balance_sheet"
    CASH_FLOW = "cash_flow"
    EARNINGS = "earnings"


class Report(OpenModel):
    """One report of one company for one period; extra fields are figures too."""

    __pydantic_extra__: dict[str, Unknown]

    kind: ClassVar[ReportKind]

    ticker: Ticker
    period: Period
    fiscal_date_ending: date
    currency: OptionalCurrency = None

    def figures(self) -> dict[str, Exact | None]:
        """Return every figure that the report names, by its API name; gaps stay gaps."""
        dumped = self.model_dump(exclude=set(Report.model_fields), exclude_unset=True)
        return {name: value for name, value in dumped.items() if not isinstance(value, str | date)}


class Statement(Report):
    """A financial statement: an income statement, a balance sheet or a cash flow statement."""


_NO_FIGURES: Final = frozenset({"reportedDate", "reportTime"})


class Earnings(Report):
    """Earnings per share of one period, and what analysts had expected."""

    kind = ReportKind.EARNINGS

    reported_date: Annotated[date | None, BeforeValidator(blank_to_none)] = None
    reported_eps: Amount = Field(None, alias="reportedEPS")
    estimated_eps: Amount = Field(None, alias="estimatedEPS")
    surprise: Amount = None
    surprise_percentage: Amount = None
    report_time: Annotated[str | None, BeforeValidator(blank_to_none)] = None

    def figures(self) -> dict[str, Exact | None]:
        """Return every figure that the report names; when it came out is none."""
        figures = super().figures()
        return {name: figures[name] for name in figures if name not in _NO_FIGURES}


class EarningsCalendarEntry(OpenModel):
    """An announced date of a coming earnings report."""

    ticker: Ticker
    name: str | None = None
    report_date: date
    fiscal_date_ending: date
    estimate: Amount = None
    currency: OptionalCurrency = None
    time_of_the_day: str | None = None
