from array import array
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import Adjustment, Bar, CorporateAction, PriceSeries, adjust
from signal9_core.errors import InputError

from ..strategies import walk

_WITH_DIVIDENDS = (Adjustment.VENDOR, Adjustment.CRSP)
_ROUNDED = Decimal("0.0000011")


def split(day: str, ratio: str) -> CorporateAction:
    return CorporateAction.model_validate(
        {"ticker": "AAPL", "kind": "split", "ex_date": day, "ratio": ratio}
    )


def dividend(day: str, amount: str) -> CorporateAction:
    return CorporateAction.model_validate(
        {"ticker": "AAPL", "kind": "dividend", "ex_date": day, "amount": amount}
    )


_QUARTERLY = dividend("2024-02-09", "0.24")


def closes(**by_day: str) -> PriceSeries:
    rows = []
    for name, close in by_day.items():
        price = Decimal(close)
        day = date.fromisoformat(name.removeprefix("d").replace("_", "-"))
        rows.append(
            Bar(ticker="AAPL", day=day, open=price, high=price, low=price, close=price, volume=700)
        )
    return PriceSeries.from_bars("AAPL", rows)


def test_splits_of_seven_and_of_four_to_one_keep_what_an_owner_has() -> None:
    series = closes(d2014_06_06="645.57", d2014_06_09="93.70", d2020_08_31="129.04")
    actions = [split("2014-06-09", "7"), split("2020-08-31", "4")]

    adjusted = adjust(series, actions)

    assert adjusted.prices("close") == [
        round(Decimal("645.57") / 28, 6),
        Decimal("93.70") / 4,
        Decimal("129.04"),
    ]
    assert list(adjusted.volume) == [700 * 28, 700 * 4, 700]


def test_a_dividend_counts_by_the_close_of_its_day_as_the_vendor_has_it() -> None:
    series = closes(d2024_02_08="188.32", d2024_02_09="188.85")

    adjusted = adjust(series, [dividend("2024-02-09", "0.24")])

    factor = Decimal("188.85") / (Decimal("188.85") + Decimal("0.24"))
    assert abs(adjusted.price("close", 0) - Decimal("188.32") * factor) <= Decimal("0.0000005")
    assert adjusted.price("close", 1) == Decimal("188.85")
    assert adjusted.volume == series.volume


def test_a_dividend_counts_by_the_close_before_in_academic_series() -> None:
    series = closes(d2024_02_08="188.32", d2024_02_09="188.85")

    adjusted = adjust(series, [dividend("2024-02-09", "0.24")], Adjustment.CRSP)

    assert adjusted.price("close", 0) == Decimal("188.08")


def test_a_method_may_be_named_by_a_text_and_has_to_be_known() -> None:
    series, actions = closes(d2024_02_08="188.32", d2024_02_09="188.85"), [_QUARTERLY]

    assert adjust(series, actions, "crsp") == adjust(series, actions, Adjustment.CRSP)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'yahoo' is not a valid Adjustment"):
        adjust(series, actions, "yahoo")  # type: ignore[arg-type]


def test_splits_can_count_alone() -> None:
    series = closes(d2024_02_08="100", d2024_02_09="50")
    actions = [split("2024-02-09", "2"), dividend("2024-02-09", "1")]

    assert adjust(series, actions, Adjustment.SPLITS).price("open", 0) == 50


def test_an_ex_date_without_trading_counts_from_the_next_day_on() -> None:
    series = closes(d2024_02_09="100", d2024_02_12="50", d2024_02_13="50")

    adjusted = adjust(series, [split("2024-02-10", "2")])

    assert adjusted.prices("low") == [50, 50, 50]


def test_what_has_no_bar_to_be_compared_with_does_not_count() -> None:
    series = closes(d2024_02_09="100", d2024_02_12="100")
    actions = [dividend("2024-02-13", "1"), dividend("2024-02-09", "1")]

    assert adjust(series, actions).prices("close") == [100, 100]
    assert adjust(series, actions, Adjustment.CRSP).prices("close") == [100, 100]
    assert adjust(series, [split("2024-02-13", "2")]).prices("close") == [50, 50]
    assert len(adjust(PriceSeries.empty("AAPL"), actions)) == 0


def test_a_dividend_on_the_day_of_a_split_is_paid_on_new_shares() -> None:
    series = closes(d2014_06_06="645.57", d2014_06_09="93.70")
    actions = [split("2014-06-09", "7"), dividend("2014-06-09", "0.47")]

    vendor, academic = (adjust(series, actions, method) for method in _WITH_DIVIDENDS)

    old = Decimal("645.57") / 7
    assert abs(vendor.price("close", 0) - old * Decimal("93.70") / Decimal("94.17")) < _ROUNDED
    assert abs(academic.price("close", 0) - (old - Decimal("0.47"))) < _ROUNDED
    assert adjust(series, reversed(actions), Adjustment.CRSP) == academic


@pytest.mark.parametrize("ex_date", ["2014-06-05", "2014-06-06"])
@pytest.mark.parametrize("method", Adjustment)
def test_what_happened_up_to_the_first_bar_changes_nothing(
    ex_date: str, method: Adjustment
) -> None:
    series = closes(d2014_06_06="0", d2014_06_09="93.70")

    adjusted = adjust(series, [split(ex_date, "7"), dividend(ex_date, "900")], method)

    assert adjusted.prices("close") == series.prices("close")
    assert adjusted.volume == series.volume


def test_a_dividend_on_a_day_without_a_bar_counts_from_the_next_one_on() -> None:
    series = closes(d2024_02_09="100", d2024_02_12="99")
    saturday, monday = dividend("2024-02-10", "1"), dividend("2024-02-12", "1")

    for method in Adjustment:
        assert adjust(series, [saturday], method) == adjust(series, [monday], method)
    assert adjust(series, [saturday], Adjustment.CRSP).price("close", 0) == 99


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


def test_a_dividend_of_nothing_changes_nothing_whatever_the_price() -> None:
    series = closes(d2024_02_08="0", d2024_02_09="0")

    for method in Adjustment:
        assert adjust(series, [dividend("2024-02-09", "0")], method).prices("close") == [0, 0]


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 400), st.booleans()), max_size=8),
)
def test_adjusted_prices_are_what_exact_arithmetic_says(
    events: list[tuple[int, int, bool]],
) -> None:
    series = walk(60, adjusted=False)
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
        assert abs(adjusted.price("close", at) - exact) <= Decimal("0.000001")
    assert adjusted.days == series.days
    assert adjusted.adjusted_close == array("q", adjusted.close)
