from decimal import Decimal

from hypothesis import given, settings

from signal9_core.domain import Earnings, IncomeStatement, Statement

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


def test_figures_of_earnings_keep_their_order() -> None:
    earnings = Earnings.model_validate(
        {
            "ticker": "IBM",
            "period": "quarterly",
            "fiscalDateEnding": "2012-12-31",
            "reportedDate": "2013-01-22",
            "reportedEPS": "5.39",
            "estimatedEPS": "5.25",
            "surprise": "0.14",
            "surprisePercentage": "2.67",
            "reportTime": "post-market",
        }
    )

    assert [*earnings.figures()] == [
        "reportedEPS",
        "estimatedEPS",
        "surprise",
        "surprisePercentage",
    ]
