"""Figures follow from facts by public formulas, and are refused where a fact is missing."""

import csv
import statistics
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import log, sqrt
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.coverage import Coverage, Days
from signal9_core.domain.figures import (
    PriceYear,
    cash_flow_figures,
    earnings_figures,
    income_figures,
    maximum_drawdown,
    price_figures,
    price_range,
    volatility,
)
from signal9_core.domain.insights import EarningsFigures, PriceFigures
from signal9_core.domain.prices import PriceSeries
from signal9_core.domain.reports import (
    CashFlow,
    Earnings,
    IncomeStatement,
    Period,
    Report,
    ReportKind,
    Statement,
)
from signal9_core.errors import InsufficientDataError
from signal9_core.providers.alphavantage.reports import parse_statements
from signal9_core.providers.sample.provider import SampleProvider
from tests.fakes import bar
from tests.recordings import needs_recordings, recorded

Rows = Mapping[str, Sequence[object]]

# Apple's quarters from its reports to the SEC (forms 10-Q and 10-K), in millions of dollars:
# revenue, gross profit, operating income, net income, operating cash flow, capital expenditures,
# dividends; then diluted earnings per share in shares of today.
APPLE: Final[Rows] = {
    "2021-09-30": (83360, 35174, 23786, 20551, 20200, 3223, 3640, "1.24"),
    "2021-06-30": (81434, 35255, 24126, 21744, 21094, 2093, 3767, "1.30"),
    "2021-03-31": (89584, 38079, 27503, 23630, 23981, 2269, 3447, "1.40"),
    "2020-12-31": (111439, 44328, 33534, 28755, 38763, 3500, 3613, "1.68"),
    "2020-09-30": (64698, 24689, 14775, 12673, 20576, 1784, 3511, "0.73"),
    "2020-06-30": (59685, 22680, 13091, 11253, 16271, 1565, 3656, "0.65"),
    "2020-03-31": (58313, 22370, 12853, 11249, 13311, 1853, 3375, "0.64"),
    "2019-12-31": (91819, 35217, 25569, 22236, 30516, 2107, 3539, "1.25"),
}
FIELDS: Final[Mapping[type[Report], Sequence[str]]] = {
    IncomeStatement: ("totalRevenue", "grossProfit", "operatingIncome", "netIncome"),
    CashFlow: ("operatingCashflow", "capitalExpenditures", "dividendPayout"),
    Earnings: ("reportedEPS",),
}


def reports(
    rows: Rows, period: Period = Period.QUARTERLY, currency: str | None = "USD"
) -> dict[tuple[ReportKind, Period], list[Report]]:
    """Return rows as reports of all kinds; earnings name no currency."""
    names = [(kind, name) for kind, fields in FIELDS.items() for name in fields]
    recent: dict[tuple[ReportKind, Period], list[Report]] = {}
    for kind in FIELDS:
        recent[kind.kind, period] = [
            kind.model_validate(
                {
                    "ticker": "AAPL",
                    "period": period,
                    "fiscalDateEnding": ending,
                    "currency": None if kind is Earnings else currency,
                    **{
                        name: value
                        for (of, name), value in zip(names, row, strict=True)
                        if of is kind
                    },
                }
            )
            for ending, row in rows.items()
        ]
    return recent


def without(rows: Rows, *endings: str) -> Rows:
    return {ending: row for ending, row in rows.items() if ending not in endings}


def first(rows: Rows, count: int) -> Rows:
    return dict(list(rows.items())[:count])


def test_income_of_apples_fiscal_year_2021_is_that_of_its_form_10k() -> None:
    figures = income_figures(reports(APPLE))

    assert figures is not None
    # Form 10-K of 2021-10-29: net sales 365,817 and net income 94,680; net sales of 2020 274,515.
    assert figures.revenue == 365817
    assert figures.net_income == 94680
    assert figures.gross_margin == Decimal("0.417794")  # 152,836 / 365,817
    assert figures.operating_margin == Decimal("0.297824")  # 108,949 / 365,817
    assert figures.net_margin == Decimal("0.258818")  # 94,680 / 365,817
    assert figures.revenue_growth == Decimal("0.332594")  # 365,817 / 274,515 - 1
    assert (figures.as_of, figures.currency) == (date(2021, 9, 30), "USD")
    assert list(map(str, figures.periods)) == sorted(list(APPLE)[:4])
    assert figures.insufficient == {}


def test_cash_flow_and_earnings_of_apples_fiscal_year_2021() -> None:
    cash, earnings = cash_flow_figures(reports(APPLE)), earnings_figures(reports(APPLE))

    assert cash is not None
    assert earnings is not None
    assert cash.free_cash_flow == 104038 - 11085  # operating cash flow less payments for property
    assert cash.payout_ratio == Decimal("0.152799")  # 14,467 / 94,680
    assert earnings.eps == Decimal("5.62")  # 1.24 + 1.30 + 1.40 + 1.68
    assert earnings.eps_growth == Decimal("0.718654")  # 5.62 / 3.27 - 1
    assert earnings.currency == "USD"


@needs_recordings
def test_twelve_months_of_ibm_agree_with_the_overview_of_its_provider() -> None:
    recent: dict[tuple[ReportKind, Period], list[Report]] = {}
    kinds: dict[str, type[Statement]] = {"INCOME_STATEMENT": IncomeStatement, "CASH_FLOW": CashFlow}
    for function, kind in kinds.items():
        ((_, body),) = recorded("alphavantage", function, "IBM_2025-07.json")
        rows = parse_statements(body, None, kind)
        recent[kind.kind, Period.QUARTERLY] = [
            row for row in rows if row.period is Period.QUARTERLY
        ]

    income, cash = income_figures(recent), cash_flow_figures(recent)

    assert income is not None
    assert cash is not None
    assert income.revenue is not None
    assert abs(income.revenue - 62_832_001_000) < 3_000_000  # RevenueTTM; quarters are rounded
    assert abs((income.net_margin or 0) - Decimal("0.0871")) < Decimal("0.0001")  # ProfitMargin
    assert cash.free_cash_flow == 13_647_000_000 - 1_707_000_000
    assert cash.payout_ratio == Decimal("1.128083")  # 6,174 / 5,473


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (without(APPLE, "2021-03-31"), "Not all periods up to 2021-09-30 are reported."),
        (first(APPLE, 3), "Not all periods up to 2021-09-30 are reported."),
        (
            {**APPLE, "2021-06-30": (None, *APPLE["2021-06-30"][1:])},
            "totalRevenue is not reported for 2021-06-30.",
        ),
    ],
)
def test_a_missing_quarter_or_figure_is_never_replaced(rows: Rows, reason: str) -> None:
    figures = income_figures(reports(rows))

    assert figures is not None
    assert (figures.revenue, figures.insufficient["revenue"]) == (None, reason)
    assert figures.as_of == date(2021, 9, 30)


def test_growth_needs_all_quarters_of_the_year_before() -> None:
    figures = income_figures(reports(without(APPLE, "2020-06-30")))

    assert figures is not None
    assert figures.revenue == 365817
    assert figures.insufficient == {
        "revenueGrowth": "Not all periods a year before 2021-09-30 are reported."
    }


@pytest.mark.parametrize(
    ("ends", "is_year"),
    [
        ("2021-08-28 2021-05-08 2021-02-13 2020-11-21", True),  # AutoZone: 16 and 12 weeks
        ("2021-12-31 2021-10-02 2021-07-03 2021-04-03", True),  # 13 weeks
        ("2021-12-31 2021-09-30 2021-06-30 2021-02-28", False),  # 306 days in all
        ("2021-12-31 2021-09-30 2021-06-30 2021-02-24", False),  # 126 days in one
        ("2021-12-31 2021-10-23 2021-07-03 2021-04-03", False),  # 69 days in one
        ("2021-12-31 2021-10-22 2021-07-03 2021-04-03", True),  # 70 days in one
        ("2021-12-31 2021-08-28 2021-06-05 2021-03-13", True),  # 125 days in one
        ("2021-12-31 2021-08-27 2021-06-04 2021-03-12", False),  # 126 days in one
        ("2021-12-31 2021-08-28 2021-06-03 2021-03-11", True),  # 295 days in all
        ("2021-12-31 2021-08-28 2021-06-03 2021-03-10", False),  # 296 days in all
        ("2021-12-31 2021-10-02 2021-07-20 2021-04-30", True),  # 245 days in all
        ("2021-12-31 2021-10-02 2021-07-20 2021-05-01", False),  # 244 days in all
        ("2021-12-31 2021-08-31 2021-04-30 2020-12-31", False),  # thirds of a year
    ],
)
def test_four_quarters_are_a_year_if_they_follow_one_another(ends: str, is_year: bool) -> None:
    figures = income_figures(reports(dict.fromkeys(ends.split(), tuple(range(1, 9)))))

    assert figures is not None
    assert (figures.revenue == 4) == is_year


def test_a_fiscal_year_counts_where_quarters_are_missing_and_it_ends_as_late() -> None:
    years: Rows = {"2021-09-25": range(2, 10), "2020-09-26": range(1, 9)}
    annual = reports(years, Period.ANNUAL)

    for quarters in ({}, without(APPLE, "2021-03-31")):
        figures = income_figures({**reports(quarters), **annual})
        assert figures is not None
        assert figures.revenue == 2
        assert figures.revenue_growth == 1
        assert figures.periods == (date(2021, 9, 25),)
    late = {"2021-12-31": APPLE["2020-12-31"], **without(APPLE, "2021-03-31")}
    outdated = income_figures({**reports(late), **annual})
    assert outdated is not None
    assert (outdated.revenue, outdated.as_of) == (None, date(2021, 12, 31))


@pytest.mark.parametrize(
    ("before", "grows"),
    [("2020-09-16", False), ("2020-09-15", True), ("2020-08-16", True), ("2020-08-15", False)],
)
def test_years_compare_if_one_ends_when_the_other_begins(before: str, grows: bool) -> None:
    figures = income_figures(reports({"2021-08-31": [2] * 8, before: [1] * 8}, Period.ANNUAL))

    assert figures is not None
    assert figures.revenue == 2
    assert (figures.revenue_growth == 1) == grows


@pytest.mark.parametrize(("ending", "revenue"), [("2021-10-10", 365817), ("2021-10-11", 2)])
def test_quarters_count_unless_a_year_ends_later(ending: str, revenue: int) -> None:
    figures = income_figures({**reports(APPLE), **reports({ending: [2] * 8}, Period.ANNUAL)})

    assert figures is not None
    assert figures.revenue == revenue


def test_quarters_to_come_are_not_missing() -> None:
    coming: Rows = {"2021-12-31": (None,) * 8}

    figures = earnings_figures(reports({**coming, **APPLE}))

    assert figures is not None
    assert (figures.eps, figures.as_of) == (Decimal("5.62"), date(2021, 9, 30))


def test_figures_never_mix_currencies() -> None:
    recent = reports(first(APPLE, 4))
    euros = reports(without(APPLE, *list(APPLE)[:4]), currency="EUR")
    mixed = {key: recent[key] + euros[key] for key in recent}
    shifted = {key: euros[key] if key[0] is ReportKind.CASH_FLOW else recent[key] for key in recent}

    income, cash, earnings = (
        income_figures(mixed),
        cash_flow_figures(shifted),
        earnings_figures(mixed),
    )

    assert income is not None
    assert cash is not None
    assert earnings is not None
    assert income.revenue == 365817
    assert income.insufficient == {"revenueGrowth": "Reports are in EUR, USD."}
    assert cash.payout_ratio is None
    assert (earnings.eps, earnings.currency) == (Decimal("5.62"), None)


@pytest.mark.parametrize("base", [0, -1])
def test_nothing_is_compared_with_zero_or_a_loss(base: int) -> None:
    rows = dict.fromkeys(APPLE, (base, 1, 1, base, 1, 1, 1, base))

    income, cash = income_figures(reports(rows)), cash_flow_figures(reports(rows))
    earnings = earnings_figures(reports(rows))

    assert income is not None
    assert cash is not None
    assert earnings is not None
    assert set(income.insufficient) == {
        "grossMargin",
        "operatingMargin",
        "netMargin",
        "revenueGrowth",
    }
    assert cash.insufficient == {"payoutRatio": "The net income is not above zero."}
    assert set(earnings.insufficient) == {"epsGrowth"}


def test_figures_that_are_out_of_range_are_insufficient() -> None:
    rows = dict.fromkeys(APPLE, ("1e-37", "1e36", 1, 1, 1, 1, 1, 1))

    figures = income_figures(reports(rows))

    assert figures is not None
    assert figures.insufficient["grossMargin"] == "The reported figures are out of range."


def test_sums_are_exact_or_out_of_range() -> None:
    nearly = Decimal(24) * 10**36
    exact = income_figures(reports({ending: (nearly + 1, *range(7)) for ending in APPLE}))
    large = income_figures(reports({ending: (nearly + 10**36, *range(7)) for ending in APPLE}))

    assert exact is not None
    assert large is not None
    assert exact.revenue == 4 * nearly + 4
    assert large.insufficient["revenue"] == "The reported figures are out of range."


def test_without_reports_there_are_no_figures() -> None:
    assert income_figures({}) is None
    assert cash_flow_figures({}) is None
    assert earnings_figures({}) is None


# Prices

AS_OF: Final = date(2013, 3, 1)
YEAR: Final = AS_OF - timedelta(weeks=52) + timedelta(days=1), AS_OF


def sample_year(ticker: str) -> PriceYear:
    """Return the last year of the bundled prices of a company."""
    history = SampleProvider().history(ticker)
    assert history is not None
    assert history.bars is not None
    return PriceYear(
        history.bars.between(*YEAR), YEAR, list(history.actions), tuple(history.coverage)
    )


def earned(eps: str = "44.10", as_of: str = "2012-12-29", currency: str = "USD") -> EarningsFigures:
    return EarningsFigures(
        as_of=date.fromisoformat(as_of), currency=currency, periods=(), eps=Decimal(eps)
    )


def test_apples_last_price_follows_from_the_closes_of_two_days() -> None:
    figures = price_figures(sample_year("AAPL"), earned(), AS_OF)

    # Closes of 441.40 and 430.47; dividends of 2.65 in August, November and February.
    assert (figures.close, figures.change) == (Decimal("430.47"), Decimal("-10.93"))
    assert figures.relative_change == Decimal("-0.024762")
    assert figures.dividend_yield == Decimal("0.018468")  # 7.95 / 430.47
    assert figures.price_to_earnings == Decimal("9.761224")  # 430.47 / 44.10
    assert (figures.as_of, figures.first, figures.currency) == (AS_OF, date(2012, 3, 5), "USD")
    assert figures.insufficient == {}


@needs_recordings
@pytest.mark.parametrize("ticker", ["IBM", "MSFT", "AMD", "FB", "GOOG"])
def test_volatility_and_loss_are_those_of_the_vendors_adjusted_closes(ticker: str) -> None:
    ((_, body),) = recorded("alphavantage", "TIME_SERIES_DAILY_ADJUSTED", f"{ticker}_full_2020-11*")
    rows = list(csv.DictReader(body.decode().splitlines()))[:253][::-1]
    bars = [bar(ticker, row["timestamp"], row["close"]) for row in rows]
    dividends = [
        CorporateAction.model_validate(
            {
                "ticker": ticker,
                "kind": "dividend",
                "exDate": row["timestamp"],
                "amount": row["dividend_amount"],
            }
        )
        for row in rows
        if Decimal(row["dividend_amount"])
    ]
    days = bars[0].day, bars[-1].day
    closes = [float(row["adjusted_close"]) for row in rows]

    figures = price_figures(
        PriceYear(PriceSeries.from_bars(ticker, bars), days, dividends, (days,))
    )

    changes = [log(after / before) for before, after in pairwise(closes)]
    loss = max(1 - min(closes[at:]) / before for at, before in enumerate(closes))
    volatility_ = statistics.stdev(changes) * sqrt(252)
    assert float(figures.volatility or 0) == pytest.approx(volatility_, abs=2e-5)
    assert float(figures.maximum_drawdown or 0) == pytest.approx(loss, abs=2e-5)


def test_volatility_of_two_alternating_returns_is_known_in_closed_form() -> None:
    closes = [100, 110] * 126

    # 251 returns of plus and minus ln 1.1, one more of plus: the deviation is nearly ln 1.1.
    deviation = log(1.1) * sqrt((251 - 1 / 251) / 250)
    assert float(volatility(closes)) == pytest.approx(deviation * sqrt(252), abs=1e-6)


@pytest.mark.parametrize(("count", "enough"), [(200, False), (201, True)])
def test_volatility_needs_two_hundred_daily_returns(count: int, enough: bool) -> None:
    closes = [100, 110, *[100] * (count - 2)]
    if enough:
        assert volatility(closes) > 0
    else:
        with pytest.raises(InsufficientDataError, match="Only 200 days"):
            volatility(closes)


@pytest.mark.parametrize(
    ("closes", "loss"),
    [
        ([100, 80, 120, 60, 90], "0.5"),  # 120 to 60, not 100 to 60
        ([100, 50, 100, 60], "0.5"),
        ([100, 101, 102], "0"),
        ([3, 2], "0.333333"),
    ],
)
def test_the_largest_loss_is_from_a_close_to_a_later_one(closes: list[int], loss: str) -> None:
    assert maximum_drawdown(closes) == Decimal(loss)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=50))
def test_the_largest_loss_is_that_of_the_worst_pair(closes: list[int]) -> None:
    pairs = (1 - Decimal(b) / a for at, a in enumerate(closes) for b in closes[at:])

    assert maximum_drawdown(closes) == max(pairs).quantize(Decimal("0.000001"))


ALL: Final = ((date(2000, 1, 1), date(2030, 1, 1)),)


def year_of(
    *bars: tuple[str, str], actions: Sequence[CorporateAction] = (), known: Coverage = ALL
) -> PriceYear:
    series = PriceSeries.from_bars("AAPL", [bar("AAPL", day, close) for day, close in bars])
    return PriceYear(series, YEAR, actions, known)


def split(day: str, ratio: str) -> CorporateAction:
    return CorporateAction(
        ticker="AAPL", kind="split", ex_date=date.fromisoformat(day), ratio=Decimal(ratio)
    )


def dividend(day: str, amount: str, currency: str | None = None) -> CorporateAction:
    return CorporateAction(
        ticker="AAPL",
        kind="dividend",
        ex_date=date.fromisoformat(day),
        amount=Decimal(amount),
        currency=currency,
    )


def test_the_change_is_in_shares_of_the_last_close() -> None:
    year = year_of(("2013-02-28", "400"), ("2013-03-01", "105"), actions=[split("2013-03-01", "4")])

    figures = price_figures(year)

    assert figures.change == 5
    assert figures.relative_change == Decimal("0.05")


@pytest.mark.parametrize(("before", "known"), [("2013-02-19", True), ("2013-02-18", False)])
def test_the_change_is_from_a_recent_close(before: str, known: bool) -> None:
    figures = price_figures(year_of((before, "100"), ("2013-03-01", "101")))

    assert (figures.change == 1) == known
    assert ("change" in figures.insufficient) != known
    assert price_figures(year_of(("2013-03-01", "101"))).change is None


def test_dividends_count_for_a_year_in_shares_of_the_last_close() -> None:
    actions = [
        dividend("2012-03-01", "100"),
        dividend("2012-03-02", "4", "USD"),
        split("2012-06-01", "2"),
        dividend("2012-06-01", "1"),
        dividend("2013-03-01", "1"),
        dividend("2013-03-02", "100"),
    ]

    figures = price_figures(year_of(("2013-03-01", "100"), actions=actions))

    assert figures.dividend_yield == Decimal("0.04")  # 4 / 2 + 1 + 1


def test_dividends_in_another_currency_or_of_unknown_days_have_no_yield() -> None:
    price = "2013-03-01", "100"
    foreign = price_figures(year_of(price, actions=[dividend("2013-01-02", "1", "EUR")]))
    late = price_figures(year_of(price, known=((date(2012, 3, 3), AS_OF),)))
    known = price_figures(year_of(price, known=((date(2012, 3, 2), AS_OF),)))

    assert foreign.insufficient["dividendYield"] == "Dividends are in EUR, prices in USD."
    assert "from 2012-03-02 to 2013-03-01 are not known" in late.insufficient["dividendYield"]
    assert known.dividend_yield == 0


@pytest.mark.parametrize(
    ("earnings", "reason"),
    [
        (earned(as_of="2013-03-01"), None),
        (earned(as_of="2012-08-13"), None),
        (earned(as_of="2012-08-12"), "Earnings end on 2012-08-12, prices on 2013-03-01."),
        (earned(as_of="2013-03-31"), "Earnings end on 2013-03-31, prices on 2013-03-01."),
        (earned(currency="EUR"), "Earnings are in EUR, prices in USD."),
        (earned("0"), "The earnings per share is not above zero."),
        (earned("-1"), "The earnings per share is not above zero."),
        (
            EarningsFigures(as_of=AS_OF, periods=(), insufficient={"eps": "A quarter is missing."}),
            "A quarter is missing.",
        ),
    ],
)
def test_price_to_earnings_needs_recent_profits_in_the_same_currency(
    earnings: EarningsFigures, reason: str | None
) -> None:
    figures = price_figures(year_of(("2013-03-01", "100")), earnings, AS_OF)

    assert figures.insufficient.get("priceToEarnings") == reason
    assert (figures.price_to_earnings is None) == (reason is not None)


@pytest.mark.parametrize(
    ("received", "ex_date", "known"),
    [
        ("2013-02-01", "2013-02-01", True),
        ("2013-02-01", "2013-02-02", False),
        ("2013-02-01", "2013-03-01", False),
        ("2013-02-01", "2013-03-02", True),
        ("2013-04-01", "2013-03-02", False),
        ("2013-04-01", "2013-03-01", True),
    ],
)
def test_price_and_earnings_on_both_sides_of_a_split_do_not_compare(
    received: str, ex_date: str, known: bool
) -> None:
    year = year_of(("2013-03-01", "100"), actions=[split(ex_date, "2")])

    figures = price_figures(year, earned("10"), date.fromisoformat(received))

    assert (figures.price_to_earnings == 10) == known


def test_without_known_splits_earnings_received_before_the_price_do_not_compare() -> None:
    year = year_of(("2013-03-01", "100"), known=())

    before = price_figures(year, earned("10"), date(2013, 2, 28))
    same_day = price_figures(year, earned("10"), AS_OF)

    assert "are not known" in before.insufficient["priceToEarnings"]
    assert same_day.price_to_earnings == 10


def test_earnings_of_an_unknown_day_are_not_compared_with_the_price() -> None:
    figures = price_figures(year_of(("2013-03-01", "100")), earned(), None)

    assert figures.price_to_earnings is None
    assert "priceToEarnings" not in figures.insufficient


@pytest.mark.parametrize(
    ("first_known", "last_known", "known"),
    [
        ("2012-06-01", "2013-03-01", True),
        ("2012-06-02", "2013-03-01", False),
        ("2012-06-01", "2013-02-28", False),
    ],
)
def test_a_range_needs_all_splits_from_its_first_to_its_last_price(
    first_known: str, last_known: str, known: bool
) -> None:
    days = date.fromisoformat(first_known), date.fromisoformat(last_known)
    bars = ("2012-06-01", "400"), ("2012-09-03", "600"), ("2013-03-01", "105")
    year = year_of(*bars, actions=[split("2013-01-02", "4")], known=(days,))

    if not known:
        with pytest.raises(InsufficientDataError, match="from 2012-06-01 to 2013-03-01"):
            price_range(year)
        return
    found = price_range(year)
    assert (found.low, str(found.low_on)) == (Decimal(100), "2012-06-01")
    assert (found.high, str(found.high_on)) == (Decimal(150), "2012-09-03")
    assert found.as_of == AS_OF


def daily(first: date, last: date, step: int = 1) -> list[tuple[str, str]]:
    days = range(first.toordinal(), last.toordinal() + 1, step)
    return [(date.fromordinal(day).isoformat(), f"{100 + day % 3}") for day in days]


@pytest.mark.parametrize(
    ("bars", "hole"),
    [
        (daily(*YEAR), None),
        (daily(YEAR[0] + timedelta(days=9), AS_OF), None),
        (daily(YEAR[0] + timedelta(days=10), AS_OF), "No prices from 2012-03-02 to 2012-03-13."),
        (daily(YEAR[0], AS_OF - timedelta(days=10)), None),
        (daily(YEAR[0], AS_OF - timedelta(days=11)), "No prices from 2013-02-18 to 2013-03-01."),
        (daily(*YEAR, step=10), None),
        (daily(*YEAR, step=11), "No prices from 2012-03-03 to 2012-03-14."),
        (daily(date(2012, 10, 1), AS_OF), "No prices from 2012-03-02 to 2012-10-01."),
    ],
)
def test_what_covers_less_than_a_year_is_named_so(
    bars: list[tuple[str, str]], hole: str | None
) -> None:
    year = year_of(*bars)

    known, figures = price_range(year), price_figures(year)

    assert known.incomplete == hole
    assert known.name == ("52-week range" if hole is None else "shorter range")
    assert (str(known.first), str(known.last)) == (bars[0][0], bars[-1][0])
    assert figures.insufficient.get("maximumDrawdown") == hole


def test_unknown_splits_and_closes_of_zero_leave_no_volatility() -> None:
    bars = daily(*YEAR)
    unknown = price_figures(year_of(*bars, known=()))
    zero = price_figures(year_of(*bars[:-1], (str(AS_OF), "0")))
    over = price_figures(year_of(*bars, actions=[split("2013-03-02", "7")]))
    plain = price_figures(year_of(*bars))

    assert set(unknown.insufficient) == {
        "change",
        "relativeChange",
        "volatility",
        "maximumDrawdown",
        "dividendYield",
    }
    assert zero.insufficient["volatility"] == "A close of zero has no return."
    assert zero.insufficient["dividendYield"] == "The last close is not above zero."
    assert over == plain
    assert isinstance(plain, PriceFigures)


def test_growth_compares_with_the_four_quarters_before_and_no_more() -> None:
    figures = income_figures(reports({**APPLE, "2019-09-30": (1, *range(7))}))

    assert figures is not None
    assert figures.revenue_growth == Decimal("0.332594")


def test_a_dividend_on_the_last_day_is_no_loss() -> None:
    bars = [(day, "100") for day, _ in daily(*YEAR)]
    fallen = [*bars[:-1], (str(AS_OF), "90")]

    paid = price_figures(year_of(*fallen, actions=[dividend(str(AS_OF), "10")]))
    lost = price_figures(year_of(*fallen))

    assert (paid.volatility, paid.maximum_drawdown) == (Decimal(0), Decimal(0))
    assert lost.maximum_drawdown == Decimal("0.1")


@pytest.mark.parametrize(
    "known", [(YEAR[0] + timedelta(days=1), AS_OF), (YEAR[0], date(2013, 2, 28))]
)
def test_volatility_needs_all_splits_from_the_first_to_the_last_price(known: Days) -> None:
    figures = price_figures(year_of(*daily(*YEAR), known=(known,)))

    reason = "The splits and dividends from 2012-03-03 to 2013-03-01 are not known."
    assert figures.insufficient["volatility"] == reason
    assert figures.insufficient["maximumDrawdown"] == reason
    assert ("change" in figures.insufficient) == (known[1] < AS_OF)


def test_the_change_is_from_the_close_before_whatever_came_earlier() -> None:
    bars = ("2012-06-01", "50"), ("2013-02-28", "100"), ("2013-03-01", "101")
    late = price_figures(year_of(*bars[:2], ("2013-03-20", "101")))

    assert price_figures(year_of(*bars)).change == 1
    assert late.insufficient["change"] == "No price is stored for the days before 2013-03-20."


def test_reasons_name_what_is_missing() -> None:
    year = year_of(("2013-03-01", "100"), actions=[split("2013-02-02", "2")])
    unknown = earned().model_copy(update={"currency": None})
    divided = price_figures(year, earned(), date(2013, 2, 1)).insufficient
    foreign = price_figures(year, unknown, AS_OF).insufficient
    income = income_figures(reports({ending: [0] * 8 for ending in APPLE}))

    assert divided["priceToEarnings"] == "A split on 2013-02-02 is between both."
    assert foreign["priceToEarnings"] == "Earnings are in an unknown currency, prices in USD."
    assert income is not None
    assert income.insufficient["revenueGrowth"] == (
        "The totalRevenue of the year before is not above zero."
    )
