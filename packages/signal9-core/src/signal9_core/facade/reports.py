"""Reports of one company."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final, overload

from ..answers import ReportRow
from ..domain import Period, ReportKind
from ..errors import NotFoundError
from .display import Grid, shortened
from .parameters import day_of
from .rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import polars as pl

__all__ = ["Reports"]

_SHOWN: Final = 4


@dataclass(frozen=True, repr=False)
class Reports(Rows[ReportRow]):
    """Reports of one kind and period, newest first; figures are exact, in frames floats."""

    ticker: str
    report: ReportKind
    period: Period
    source: str | None

    @overload
    def __getitem__(self, at: int | date | str) -> ReportRow: ...

    @overload
    def __getitem__(self, at: slice) -> "Sequence[ReportRow]": ...

    def __getitem__(self, at: int | date | str | slice) -> "ReportRow | Sequence[ReportRow]":
        """Return the report at a position or of a fiscal date, or those of a slice."""
        if isinstance(at, int | slice):
            return self.items[at]
        day = day_of(at, "date")
        for each in self.items:
            if each.fiscal_date_ending == day:
                return each
        known = tuple(str(each.fiscal_date_ending) for each in self.items[:3])
        raise NotFoundError(f"{self.report} of {self.ticker} on", str(day), known)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all figures that any of the reports has."""
        every = (each.values for each in self.items)  # noqa: PD011
        return tuple(dict.fromkeys(name for figures in every for name in figures))

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame by `fiscalDateEnding`, a column of floats for each figure.

        Oldest first, as time series are, so that `pct_change` means growth.
        """
        from .frames import pandas_reports

        return pandas_reports(self.items[::-1], self.fields)

    def to_polars(self) -> "pl.DataFrame":
        """Return a data frame, oldest first: `fiscalDateEnding`, and a column for each figure."""
        from .frames import polars_reports

        return polars_reports(self.items[::-1], self.fields)

    def grid(self) -> Grid:
        """Return what to show: a row for each figure, the newest reports beside one another."""
        newest = self.items[:_SHOWN]
        figures = [each.values for each in newest]  # noqa: PD011

        def row(name: str) -> list[str]:
            return [name, *(_figure(each.get(name)) for each in figures)]

        title = f"{self.ticker} {self.report.replace('_', ' ')}, {self.period}"
        what = f"{len(self)} reports from {self.source}" if len(self) else "none stored"
        columns = ("", *(str(each.fiscal_date_ending) for each in newest))
        return Grid(f"{title}: {what}", columns, shortened(self.fields, row), (self.notice,))


def _figure(value: Decimal | None) -> str:
    return "–" if value is None else f"{value:,f}"  # noqa: RUF001
