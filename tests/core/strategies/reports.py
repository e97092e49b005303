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
    Report,
    Statement,
)

from .values import figures, instances, maybe, one, texts

STATEMENTS: Final[tuple[type[Statement], ...]] = (BalanceSheet, CashFlow, IncomeStatement)
UNKNOWN_FIELDS: Final = ("stockBasedCompensation", "otherNonCurrrentAssets", "restated", "note")
_PERIODS: Final = st.sampled_from(Period)


@st.composite
def statements(
    draw: st.DrawFn, ticker: str | None = None, kind: type[Statement] | None = None
) -> Statement:
    """Any statement of any kind: some known figures, some gaps, some unknown fields."""
    model: type[Statement] = kind or draw(st.sampled_from(STATEMENTS))
    known = sorted(set(model.model_fields) - set(Statement.model_fields))
    values = draw(st.dictionaries(st.sampled_from(known), maybe(figures()), max_size=6))
    head = draw(instances(Report, ticker=one(ticker), period=_PERIODS)).model_dump()
    return model.model_validate(head | values | draw(_unknown_fields()))


@st.composite
def earnings(draw: st.DrawFn, ticker: str | None = None) -> Earnings:
    """Any earnings record; what analysts expected may be unknown."""
    known = draw(instances(Earnings, ticker=one(ticker), period=_PERIODS))
    return Earnings.model_validate(known.model_dump() | draw(_unknown_fields()))


def _unknown_fields() -> SearchStrategy[dict[str, Decimal | str | None]]:
    value = st.one_of(st.none(), figures(), texts(10))
    return st.dictionaries(st.sampled_from(UNKNOWN_FIELDS), value, max_size=2)


def calendar_entries(ticker: str | None = None) -> SearchStrategy[EarningsCalendarEntry]:
    """Any announced earnings report."""
    return instances(EarningsCalendarEntry, ticker=one(ticker))
