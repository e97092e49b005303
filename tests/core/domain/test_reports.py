from decimal import Decimal

from hypothesis import given, settings

from signal9_core.domain import IncomeStatement, Statement

from ..strategies import statements


def test_gaps_stay_gaps_and_unknown_fields_are_figures_too() -> None:
    statement = IncomeStatement.model_validate(
        {
            "ticker": "IBM",
            "period": "annual",
            "fiscalDateEnding": "2012-12-31",
            "currency": "None",
            "totalRevenue": "104507000000",
            "grossProfit": "None",
            "costofGoodsAndServicesSold": "-",
            "stockBasedCompensation": "12.50",
            "restated": "",
            "note": "as first reported",
        }
    )

    assert statement.currency is None
    assert statement.figures() == {
        "totalRevenue": Decimal(104507000000),
        "grossProfit": None,
        "costofGoodsAndServicesSold": None,
        "stockBasedCompensation": Decimal("12.50"),
        "restated": None,
    }
    assert statement.model_extra is not None
    assert statement.model_extra["note"] == "as first reported"


@settings(deadline=None, max_examples=50)
@given(statements())
def test_figures_are_what_was_said_and_nothing_else(statement: Statement) -> None:
    figures = statement.figures()

    said = statement.model_dump(exclude_unset=True)
    heads = {"ticker", "period", "fiscalDateEnding", "currency"}
    assert figures == {
        name: value
        for name, value in said.items()
        if name not in heads and not isinstance(value, str)
    }
