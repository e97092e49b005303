import json
import os
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings

from signal9_core.domain import (
    BalanceSheet,
    CashFlow,
    Earnings,
    IncomeStatement,
    Period,
    Report,
    ReportKind,
    Statement,
    blank_to_none,
    statement_type,
)

from ..strategies import earnings, statements

RECORDINGS = Path(
    os.environ.get("SIGNAL9_RECORDINGS", Path(__file__).parents[4] / "shared" / "recordings")
)
HEADS = ("fiscalDateEnding", "reportedCurrency")
RECORDED: dict[str, type[Report]] = {
    "BALANCE_SHEET": BalanceSheet,
    "CASH_FLOW": CashFlow,
    "EARNINGS": Earnings,
    "INCOME_STATEMENT": IncomeStatement,
}


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


@settings(deadline=None, max_examples=50)
@given(earnings())
def test_the_day_of_an_announcement_is_no_figure(report: Earnings) -> None:
    assert not {"reportedDate", "reportTime"} & report.figures().keys()
    assert report.figures()["reportedEPS"] == report.reported_eps


def test_a_statement_is_found_by_its_kind() -> None:
    assert statement_type(ReportKind.INCOME_STATEMENT) is IncomeStatement
    assert statement_type(ReportKind.BALANCE_SHEET) is BalanceSheet
    assert statement_type(ReportKind.CASH_FLOW) is CashFlow
    with pytest.raises(KeyError):
        statement_type(ReportKind.EARNINGS)


@pytest.mark.skipif(
    not (RECORDINGS / "alphavantage").is_dir(),
    reason=f"no recordings in {RECORDINGS}: set SIGNAL9_RECORDINGS",
)
@pytest.mark.parametrize("function", RECORDED)
def test_every_recorded_report_is_read_by_field_name_without_loss(function: str) -> None:
    reports = list(_recorded(function))

    assert reports
    for ticker, period, raw in reports:
        head = {"ticker": ticker, "period": period, "currency": raw.get("reportedCurrency")}
        report = RECORDED[function].model_validate(head | _without_currency(raw))

        assert report.fiscal_date_ending == date.fromisoformat(raw["fiscalDateEnding"])
        assert report.currency == blank_to_none(raw.get("reportedCurrency"))
        assert report.figures() == _figures(raw)
        if isinstance(report, Earnings):
            assert report.report_time == raw.get("reportTime")
            assert str(report.reported_date) == raw.get("reportedDate", "None")


def _recorded(function: str) -> Iterator[tuple[str, Period, dict[str, str]]]:
    for path in sorted((RECORDINGS / "alphavantage" / function).glob("*.json")):
        body = json.loads(path.read_text(encoding="utf-8"))
        for period in Period:
            for kind in ("Reports", "Earnings"):
                for raw in body.get(f"{period}{kind}", []):
                    yield body["symbol"], period, raw


def _without_currency(raw: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in raw.items() if name != "reportedCurrency"}


def _figures(raw: dict[str, str]) -> dict[str, Decimal | None]:
    no_figures = {*HEADS, "reportedDate", "reportTime"}
    return {
        name: None if blank_to_none(value) is None else Decimal(value)
        for name, value in raw.items()
        if name not in no_figures
    }
