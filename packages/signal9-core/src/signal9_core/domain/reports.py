"""Reported figures of a company, in AlphaVantage's field names; unknown fields are kept."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Final, Self

from pydantic import BeforeValidator, Field

from .model import (
    Day,
    Exact,
    OpenModel,
    OptionalCurrency,
    OptionalDay,
    OptionalNumber,
    OptionalText,
    Ticker,
    blank_to_none,
)

Amount = OptionalNumber
"""A figure in units of the report's currency (not thousands); `None` where it was not reported."""

Unknown = Annotated[
    Exact | str | None, Field(union_mode="left_to_right"), BeforeValidator(blank_to_none)
]
"""A field that we do not know: a figure if it reads as one, else text."""


class Period(StrEnum):
    """The span that a report covers."""

    ANNUAL = "annual"
    QUARTERLY = "quarterly"


class ReportKind(StrEnum):
    """The kinds of reports that can be requested."""

    INCOME_STATEMENT = "income_statement"
    BALANCE_SHEET = "balance_sheet"
    CASH_FLOW = "cash_flow"
    EARNINGS = "earnings"


ALL_REPORTS: Final = frozenset(ReportKind)
"""All kinds of reports."""


class Report(OpenModel):
    """One report of one company for one period; extra fields are figures too."""

    __pydantic_extra__: dict[str, Unknown]

    kind: ClassVar[ReportKind]

    ticker: Ticker
    period: Period
    fiscal_date_ending: Day
    currency: OptionalCurrency = None

    def figures(self) -> dict[str, Exact | None]:
        """Return the reported figures by API name; `None` where the report names no value."""
        dumped = self.model_dump(exclude=set(Report.model_fields), exclude_unset=True)
        return {name: value for name, value in dumped.items() if not isinstance(value, str | date)}

    def restates(self, before: Self) -> bool:
        """Return whether figures that the company had reported are different here."""
        reported, now = before.reported(), self.reported()
        return any(now.get(name) != value for name, value in reported.items() if value is not None)

    def reported(self) -> dict[str, Exact | None]:
        """Return the figures that come from the company itself."""
        return self.figures()


class Statement(Report):
    """A financial statement: an income statement, a balance sheet or a cash flow statement."""


class Earnings(Report):
    """Earnings per share of one period, and what analysts had expected."""

    kind = ReportKind.EARNINGS

    reported_date: OptionalDay = None
    reported_eps: Amount = Field(None, alias="reportedEPS")
    estimated_eps: Amount = Field(None, alias="estimatedEPS")
    surprise: Amount = None
    surprise_percentage: Amount = None
    report_time: OptionalText = None

    def figures(self) -> dict[str, Exact | None]:
        """Return the reported figures, without the day and time of publication."""
        published = ("reportedDate", "reportTime")
        return {name: value for name, value in super().figures().items() if name not in published}

    def reported(self) -> dict[str, Exact | None]:
        """Return the earnings, without what analysts say."""
        return {"reportedEPS": self.reported_eps}


class EarningsCalendarEntry(OpenModel):
    """An announced date of a coming earnings report."""

    ticker: Ticker
    name: str | None = None
    report_date: Day
    fiscal_date_ending: Day
    estimate: Amount = None
    currency: OptionalCurrency = None
    time_of_the_day: str | None = None


class IncomeStatement(Statement):
    """What a company earned and spent over a period."""

    kind = ReportKind.INCOME_STATEMENT

    gross_profit: Amount = None
    total_revenue: Amount = None
    cost_of_revenue: Amount = None
    cost_of_goods_and_services_sold: Amount = Field(None, alias="costofGoodsAndServicesSold")
    operating_income: Amount = None
    selling_general_and_administrative: Amount = None
    research_and_development: Amount = None
    operating_expenses: Amount = None
    investment_income_net: Amount = None
    net_interest_income: Amount = None
    interest_income: Amount = None
    interest_expense: Amount = None
    non_interest_income: Amount = None
    other_non_operating_income: Amount = None
    depreciation: Amount = None
    depreciation_and_amortization: Amount = None
    income_before_tax: Amount = None
    income_tax_expense: Amount = None
    interest_and_debt_expense: Amount = None
    net_income_from_continuing_operations: Amount = None
    comprehensive_income_net_of_tax: Amount = None
    ebit: Amount = None
    ebitda: Amount = None
    net_income: Amount = None


class BalanceSheet(Statement):
    """What a company owned and owed at the end of a period."""

    kind = ReportKind.BALANCE_SHEET

    total_assets: Amount = None
    total_current_assets: Amount = None
    cash_and_cash_equivalents_at_carrying_value: Amount = None
    cash_and_short_term_investments: Amount = None
    inventory: Amount = None
    current_net_receivables: Amount = None
    total_non_current_assets: Amount = None
    property_plant_equipment: Amount = None
    accumulated_depreciation_amortization_ppe: Amount = Field(
        None, alias="accumulatedDepreciationAmortizationPPE"
    )
    intangible_assets: Amount = None
    intangible_assets_excluding_goodwill: Amount = None
    goodwill: Amount = None
    investments: Amount = None
    long_term_investments: Amount = None
    short_term_investments: Amount = None
    other_current_assets: Amount = None
    other_non_current_assets: Amount = None
    total_liabilities: Amount = None
    total_current_liabilities: Amount = None
    current_accounts_payable: Amount = None
    deferred_revenue: Amount = None
    current_debt: Amount = None
    short_term_debt: Amount = None
    total_non_current_liabilities: Amount = None
    capital_lease_obligations: Amount = None
    long_term_debt: Amount = None
    current_long_term_debt: Amount = None
    long_term_debt_noncurrent: Amount = None
    short_long_term_debt_total: Amount = None
    other_current_liabilities: Amount = None
    other_non_current_liabilities: Amount = None
    total_shareholder_equity: Amount = None
    treasury_stock: Amount = None
    retained_earnings: Amount = None
    common_stock: Amount = None
    common_stock_shares_outstanding: Amount = None


class CashFlow(Statement):
    """Where money came from and went to over a period."""

    kind = ReportKind.CASH_FLOW

    operating_cashflow: Amount = None
    payments_for_operating_activities: Amount = None
    proceeds_from_operating_activities: Amount = None
    change_in_operating_liabilities: Amount = None
    change_in_operating_assets: Amount = None
    depreciation_depletion_and_amortization: Amount = None
    capital_expenditures: Amount = None
    change_in_receivables: Amount = None
    change_in_inventory: Amount = None
    profit_loss: Amount = None
    cashflow_from_investment: Amount = None
    cashflow_from_financing: Amount = None
    proceeds_from_repayments_of_short_term_debt: Amount = None
    payments_for_repurchase_of_common_stock: Amount = None
    payments_for_repurchase_of_equity: Amount = None
    payments_for_repurchase_of_preferred_stock: Amount = None
    dividend_payout: Amount = None
    dividend_payout_common_stock: Amount = None
    dividend_payout_preferred_stock: Amount = None
    proceeds_from_issuance_of_common_stock: Amount = None
    proceeds_from_issuance_of_long_term_debt_and_capital_securities_net: Amount = None
    proceeds_from_issuance_of_preferred_stock: Amount = None
    proceeds_from_repurchase_of_equity: Amount = None
    proceeds_from_sale_of_treasury_stock: Amount = None
    change_in_cash_and_cash_equivalents: Amount = None
    change_in_exchange_rate: Amount = None
    net_income: Amount = None


def statement_type(kind: ReportKind) -> type[Statement]:
    """Return the model of a kind of statement; `KeyError` for earnings, which are not one."""
    return _TYPES[kind]


_TYPES: dict[ReportKind, type[Statement]] = {
    each.kind: each for each in (BalanceSheet, CashFlow, IncomeStatement)
}
