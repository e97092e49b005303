"""Random statements, earnings and calendar entries."""

from decimal import Decimal
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain import (
    BalanceSheet,
    CashFlow,
    Earnings,
    EarningsCalendarEntry,
    IncomeStatement,
    Period,
    Statement,
)

from .values import CURRENCIES, any_of, days, figures, maybe, one, texts

STATEMENTS: Final[tuple[type[Statement], ...]] = (BalanceSheet, CashFlow, IncomeStatement)
UNKNOWN_FIELDS: Final = ("stockBasedCompensation", "otherNonCurrrentAssets", "restated", "note")


@st.composite
def statements(
    draw: st.DrawFn,
    ticker: str | None = None,
    kind: type[Statement] | None = None,
) -> Statement:
    """Any statement of any kind: some known figures, some gaps, some unknown fields."""
    model: type[Statement] = kind or draw(st.sampled_from(STATEMENTS))
    known = sorted(set(model.model_fields) - set(Statement.model_fields))
    values = draw(st.dictionaries(st.sampled_from(known), maybe(figures()), max_size=6))
    return model.model_validate(_report(draw, ticker) | values | draw(_unknown_fields()))


@st.composite
def earnings(draw: st.DrawFn, ticker: str | None = None) -> Earnings:
    """Any earnings record; what analysts expected may be unknown."""
    values = {
        "reported_date": draw(maybe(days())),
        "reported_eps": draw(maybe(figures())),
        "estimated_eps": draw(maybe(figures())),
        "surprise": draw(maybe(figures())),
        "report_time": draw(maybe(st.sampled_from(("pre-market", "post-market")))),
    }
    return Earnings.model_validate(_report(draw, ticker) | values | draw(_unknown_fields()))


def _report(draw: st.DrawFn, ticker: str | None) -> dict[str, object]:
    return {
        "ticker": draw(one(ticker)),
        "period": draw(st.sampled_from(Period)),
        "fiscal_date_ending": draw(days()),
        "currency": draw(maybe(st.sampled_from(CURRENCIES))),
    }


def _unknown_fields() -> SearchStrategy[dict[str, Decimal | str | None]]:
    value = st.one_of(st.none(), figures(), texts(10))
    return st.dictionaries(st.sampled_from(UNKNOWN_FIELDS), value, max_size=2)


def calendar_entries(ticker: str | None = None) -> SearchStrategy[EarningsCalendarEntry]:
    """Any announced earnings report."""
    return any_of(
        EarningsCalendarEntry,
        ticker=one(ticker),
        name=maybe(texts()),
        report_date=days(),
        fiscal_date_ending=days(),
        estimate=maybe(figures()),
        currency=maybe(st.sampled_from(CURRENCIES)),
        time_of_the_day=maybe(st.sampled_from(("pre-market", "post-market"))),
    )
