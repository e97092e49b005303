"""The three financial statements: known figures typed, unknown ones kept."""

from pydantic import Field

from .financials import Amount, ReportKind, Statement

__all__ = ["BalanceSheet", "CashFlow", "IncomeStatement", "statement_type"]


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
    """Return the model of a statement kind; `KeyError` for earnings, which are no statement."""
    return _TYPES[kind]


_TYPES: dict[ReportKind, type[Statement]] = {
    each.kind: each for each in (BalanceSheet, CashFlow, IncomeStatement)
}
