from datetime import date
from decimal import Decimal

import pytest

from signal9_core.domain import BalanceSheet, Period
from signal9_core.errors import PayloadError
from signal9_core.providers.alphavantage.reports import (
    read_earnings,
    read_overview,
    read_statements,
)

from .bodies import balance_sheet, body, earnings

QUARTER = {"fiscalDateEnding": "2023-09-30", "reportedCurrency": "USD"}


def _sheets(found: bytes, ticker: str | None = None) -> list[BalanceSheet]:
    return read_statements(found, ticker, BalanceSheet, "BALANCE_SHEET")


@pytest.mark.parametrize("nothing", ["None", "-", "", "null", None])
def test_whatever_is_written_for_nothing_is_none(nothing: str | None) -> None:
    raw = {**QUARTER, "reportedCurrency": nothing, "goodwill": nothing, "notYetInvented": nothing}

    (sheet,) = _sheets(balance_sheet("IBM", raw))

    assert sheet.currency is None
    assert sheet.figures() == {"goodwill": None, "notYetInvented": None}


def test_negative_equity_and_other_currencies_are_as_reported() -> None:
    raw = {**QUARTER, "reportedCurrency": "JPY", "totalShareholderEquity": "-14990000000"}

    (sheet,) = _sheets(balance_sheet("BA", raw))

    assert (sheet.currency, sheet.total_shareholder_equity) == ("JPY", Decimal(-14990000000))


def test_a_field_more_or_fewer_or_elsewhere_changes_nothing_else() -> None:
    usual = {**QUARTER, "totalAssets": "10", "goodwill": "3"}
    drifted = {"inventedSince": "7", "goodwill": "3", **QUARTER, "totalAssets": "10"}
    shorter = {**QUARTER, "totalAssets": "10"}

    plain, more, fewer = _sheets(balance_sheet("IBM", usual, drifted, shorter))

    assert [plain.total_assets, plain.goodwill] == [more.total_assets, more.goodwill] == [10, 3]
    assert more.figures()["inventedSince"] == 7
    assert fewer.figures() == {"totalAssets": 10}


def test_statements_may_cover_different_quarters() -> None:
    later = {**QUARTER, "fiscalDateEnding": "2023-12-31"}

    assert [each.fiscal_date_ending.month for each in _sheets(balance_sheet("A", later))] == [12]
    assert [each.fiscal_date_ending.month for each in _sheets(balance_sheet("A", QUARTER))] == [9]


@pytest.mark.parametrize(
    ("document", "missing"),
    [
        ({"symbol": "IBM", "quarterlyReports": []}, "field annualReports is missing"),
        ({"annualReports": [], "quarterlyReports": []}, "field symbol is missing"),
        (
            {"symbol": "IBM", "annualReports": [], "quarterlyReports": [{"fiscalDate": "2023"}]},
            r"quarterlyReports\[0\]: field fiscalDateEnding is missing; there is fiscalDate",
        ),
        ({"symbol": "IBM", "annualReports": "?", "quarterlyReports": []}, "is no list"),
        ({"symbol": "IBM", "annualReports": ["?"], "quarterlyReports": []}, "is no object"),
        ([], "list came in place of an object"),
    ],
)
def test_what_is_missing_is_named(document: object, missing: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage BALANCE_SHEET IBM.*{missing}"):
        _sheets(body(document), "IBM")


def test_a_figure_that_is_none_is_named() -> None:
    with pytest.raises(PayloadError, match="totalAssets 'plenty'"):
        _sheets(balance_sheet("IBM", {**QUARTER, "totalAssets": "plenty"}))


@pytest.mark.parametrize(
    ("years", "finished"),
    [
        ({"2024-06-30": "5", "2023-12-31": "9", "2022-12-31": "8"}, ["2023-12-31", "2022-12-31"]),
        ({"2023-12-31": "9", "2022-12-31": "8"}, ["2023-12-31", "2022-12-31"]),
        ({"2021-09-30": "6", "2020-09-26": "3"}, ["2021-09-30", "2020-09-26"]),
        ({"2021-01-02": "6", "2019-12-28": "3"}, ["2021-01-02", "2019-12-28"]),
        ({"2022-03-31": "1", "2020-12-31": "3"}, ["2020-12-31"]),
        ({"2020-12-31": "3"}, ["2020-12-31"]),
        ({}, []),
    ],
)
def test_the_running_year_is_left_out(years: dict[str, str], finished: list[str]) -> None:
    found = read_earnings(earnings("BRK-B", years), None)

    annual = [each for each in found if each.period is Period.ANNUAL]
    assert [str(each.fiscal_date_ending) for each in annual] == finished
    assert {each.ticker for each in found} == {"BRK.B"}


def test_a_lone_year_without_its_quarters_still_runs() -> None:
    found = read_earnings(earnings("NEW", {"2024-03-31": "0.1"}, quarters=1), None)

    assert [each.period for each in found] == [Period.QUARTERLY]


def test_an_overview_is_read_by_name_and_the_rest_comes_along() -> None:
    overview = read_overview(
        body(
            {
                "Symbol": "BRK-B",
                "Name": "Berkshire Hathaway",
                "CIK": "1067983",
                "LatestQuarter": "2023-09-30",
                "MarketCapitalization": "776868000000",
                "PERatio": "10.30",
                "EVToEBITDA": "-",
                "52WeekHigh": "373.34",
                "DividendDate": "None",
                "ExDividendDate": "2024-01-05",
            }
        ),
        None,
    )

    assert overview is not None
    assert (overview.ticker, overview.cik) == ("BRK.B", "1067983")
    assert overview.latest_quarter == date(2023, 9, 30)
    assert overview.market_capitalization == 776868000000
    assert overview.model_extra == {
        "peRatio": Decimal("10.30"),
        "evToEBITDA": None,
        "52WeekHigh": Decimal("373.34"),
        "dividendDate": None,
        "exDividendDate": "2024-01-05",
    }
