from datetime import date
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain.adjustment import Adjustment, CorporateAction, adjust
from signal9_core.domain.prices import Bar, PriceSeries
from signal9_core.errors import InputError

from ..strategies import walk

HALF_A_MILLIONTH: Final = Decimal("0.0000005000001")


def split(day: str, ratio: str) -> CorporateAction:
    return CorporateAction.model_validate(
        {"ticker": "AAPL", "kind": "split", "ex_date": day, "ratio": ratio}
    )


def dividend(day: str, amount: str) -> CorporateAction:
    return CorporateAction.model_validate(
        {"ticker": "AAPL", "kind": "dividend", "ex_date": day, "amount": amount}
    )


def closes(**by_day: str) -> PriceSeries:
    rows = []
    for name, close in by_day.items():
        price = Decimal(close)
        day = date.fromisoformat(name.removeprefix("d").replace("_", "-"))
        rows.append(
            Bar(ticker="AAPL", day=day, open=price, high=price, low=price, close=price, volume=700)
        )
    return PriceSeries.from_bars("AAPL", rows)


def test_splits_divide_prices_and_multiply_volumes() -> None:
    series = closes(d2014_06_06="645.57", d2014_06_09="93.70", d2020_08_31="129.04")

    adjusted = adjust(series, [split("2014-06-09", "7"), split("2020-08-31", "4")])

    assert adjusted.prices("close") == [
        round(Decimal("645.57") / 28, 6),
        Decimal("93.70") / 4,
        Decimal("129.04"),
    ]
    assert list(adjusted.volume) == [700 * 28, 700 * 4, 700]


def test_a_dividend_counts_by_the_close_of_its_day_or_the_close_before() -> None:
    series = closes(d2024_02_08="188.32", d2024_02_09="188.85")
    actions = [dividend("2024-02-09", "0.24")]

    vendor, academic, none = (adjust(series, actions, method) for method in Adjustment)

    factor = Decimal("188.85") / (Decimal("188.85") + Decimal("0.24"))
    assert abs(vendor.price("close", 0) - Decimal("188.32") * factor) <= HALF_A_MILLIONTH
    assert academic.price("close", 0) == Decimal("188.08")
    assert none.prices("close") == series.prices("close")
    assert vendor.price("close", 1) == Decimal("188.85")
    assert vendor.volume == series.volume


def test_a_method_may_be_named_by_a_text_and_has_to_be_known() -> None:
    series, actions = closes(d2024_02_08="188.32", d2024_02_09="188.85"), [split("2024-02-09", "2")]

    assert adjust(series, actions, "crsp") == adjust(series, actions, Adjustment.CRSP)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'yahoo' is not a valid Adjustment"):
        adjust(series, actions, "yahoo")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", Adjustment)
def test_an_ex_date_without_trading_counts_from_the_next_day_on(method: Adjustment) -> None:
    series = closes(d2024_02_09="100", d2024_02_12="99", d2024_02_13="98")

    for action in (split, dividend):
        saturday, monday = action("2024-02-10", "2"), action("2024-02-12", "2")
        assert adjust(series, [saturday], method) == adjust(series, [monday], method)


@pytest.mark.parametrize("method", Adjustment)
def test_what_has_no_bar_before_it_or_beside_it_changes_nothing(method: Adjustment) -> None:
    series = closes(d2024_02_09="0", d2024_02_12="100")
    early = [act(day, "9") for act in (split, dividend) for day in ("2024-02-08", "2024-02-09")]
    late = dividend("2024-02-13", "1")

    assert adjust(series, [*early, late], method).prices("close") == [0, 100]
    assert adjust(series, [split("2024-02-13", "2")], method).prices("close") == [0, 50]
    assert len(adjust(PriceSeries.empty("AAPL"), [*early, late], method)) == 0


def test_a_dividend_on_the_day_of_a_split_is_paid_on_new_shares() -> None:
    series = closes(d2014_06_06="645.57", d2014_06_09="93.70")
    actions = [split("2014-06-09", "7"), dividend("2014-06-09", "0.47")]

    vendor, academic = (
        adjust(series, actions, method).price("close", 0)
        for method in (Adjustment.VENDOR, Adjustment.CRSP)
    )

    before = Decimal("645.57") / 7
    assert abs(vendor - before * Decimal("93.70") / Decimal("94.17")) <= HALF_A_MILLIONTH
    assert abs(academic - (before - Decimal("0.47"))) <= HALF_A_MILLIONTH
    assert adjust(series, reversed(actions)) == adjust(series, actions)


@pytest.mark.parametrize(
    ("before", "after", "amount", "method", "compared"),
    [
        ("0", "1", "0.5", Adjustment.CRSP, "2024-02-08, 0.00"),
        ("10", "1", "10", Adjustment.CRSP, "2024-02-08, 10.00"),
        ("10", "1", "12.5", Adjustment.CRSP, "2024-02-08, 10.00"),
        ("10", "0", "10", Adjustment.VENDOR, "2024-02-09, 0.00"),
    ],
    ids=["after a close of zero", "of all", "of more than all", "beside a close of zero"],
)
def test_a_dividend_that_leaves_nothing_of_the_price_is_refused(
    before: str, after: str, amount: str, method: Adjustment, compared: str
) -> None:
    series = closes(d2024_02_08=before, d2024_02_09=after)

    with pytest.raises(InputError, match=f"^actions: AAPL on 2024-02-09: .*{amount}.*{compared}$"):
        adjust(series, [dividend("2024-02-09", amount)], method)


def test_a_dividend_larger_than_the_price_has_a_share_in_the_vendors_method() -> None:
    series = closes(d2024_02_08="10", d2024_02_09="2")

    assert adjust(series, [dividend("2024-02-09", "8")]).prices("close") == [2, 2]


@pytest.mark.parametrize("method", Adjustment)
def test_a_dividend_of_nothing_changes_nothing_whatever_the_price(method: Adjustment) -> None:
    series = closes(d2024_02_08="0", d2024_02_09="0")

    assert adjust(series, [dividend("2024-02-09", "0")], method).prices("close") == [0, 0]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 59), st.integers(1, 400), st.booleans()), max_size=8))
def test_adjusted_prices_are_what_exact_arithmetic_says(
    events: list[tuple[int, int, bool]],
) -> None:
    series = walk(60)
    days = [series.day(at) for at in range(60)]
    actions = [
        split(str(days[at]), str(Decimal(size).scaleb(-1)))
        if is_split
        else dividend(str(days[at]), str(Decimal(size).scaleb(-2)))
        for at, size, is_split in events
    ]

    adjusted = adjust(series, actions)

    for at in range(60):
        exact = series.price("close", at)
        for action in actions:
            if days[at] < action.ex_date:
                close = series.price("close", days.index(action.ex_date))
                exact = exact / action.ratio if action.ratio else exact
                exact = exact * close / (close + action.amount) if action.amount else exact
        assert abs(adjusted.price("close", at) - exact) <= HALF_A_MILLIONTH
    assert adjusted.days == series.days
