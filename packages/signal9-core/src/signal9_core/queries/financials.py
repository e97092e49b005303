"""Reports as the API serves them."""

from dataclasses import dataclass
from typing import Final

from ..answers import FinancialsAnswer, ReportRow
from ..domain import DataSet, Period, Report, ReportKind
from ..repositories import AssetRepository, FinancialsRepository
from .assets import freshness_of
from .cursors import CursorSigner
from .parameters import Nearest, check_limit, existing

__all__ = ["GetFinancials"]

LIMIT: Final = 200


@dataclass(frozen=True)
class GetFinancials:
    """Reports of one company, of one kind and period, newest first."""

    assets: AssetRepository
    financials: FinancialsRepository
    cursors: CursorSigner
    nearest: Nearest

    def __call__(
        self,
        ticker: str,
        *,
        report: ReportKind = ReportKind.INCOME_STATEMENT,
        period: Period = Period.ANNUAL,
        limit: int = 20,
        cursor: str | None = None,
    ) -> FinancialsAnswer:
        """Return a page of reports; `NotFoundError` for an unknown ticker."""
        check_limit(limit, LIMIT)
        profile = existing(self.assets, ticker, self.nearest)
        known = profile.asset.ticker
        query = {
            "of": "financials",
            "ticker": known,
            "report": report.value,
            "period": period.value,
        }
        page = self.financials.reports(
            known, report, period, limit=limit, cursor=self.cursors.read(query, cursor)
        )
        return FinancialsAnswer(
            ticker=known,
            report=report,
            period=period,
            items=[_row(each) for each in page.items],
            next_cursor=self.cursors.sign(query, page.cursor),
            freshness=freshness_of(profile, DataSet.FINANCIALS),
        )


def _row(report: Report) -> ReportRow:
    return ReportRow(
        fiscal_date_ending=report.fiscal_date_ending,
        currency=report.currency,
        values=report.figures(),
    )
