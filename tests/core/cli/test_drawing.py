from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from signal9_core.cli.render import common_decimals, figure, sparkline, unit_of

numbers = st.decimals(-(10**12), 10**12, allow_nan=False, places=4)


@given(values=st.lists(numbers, max_size=300), width=st.integers(1, 60))
def test_a_sparkline_fits_and_reaches_from_lowest_to_highest(
    values: list[Decimal], width: int
) -> None:
    line = sparkline(values, width)

    assert len(line) == min(len(values), width)
    if len(set(values)) > 1 and len(values) <= width:
        assert line[values.index(min(values))] == "▁"
        assert line[values.index(max(values))] == "█"


def test_a_sparkline_ends_with_the_newest_value() -> None:
    assert sparkline([Decimal(at) for at in (5, 0, 5, 9, 5, 7)], 3)[-1] == "▆"


def test_equal_values_are_a_level_line() -> None:
    assert sparkline([Decimal(5)] * 3, 10) == "▅▅▅"


@given(value=numbers)
def test_a_figure_keeps_every_digit(value: Decimal) -> None:
    assert Decimal(figure(value).replace(",", "")) == value
    assert Decimal(figure(value, common_decimals([value])).replace(",", "")) == value


@given(values=st.lists(st.none() | numbers, max_size=8))
def test_a_unit_divides_every_value_without_a_rest(values: list[Decimal | None]) -> None:
    unit, _ = unit_of(values)

    assert all(value is None or unit == 1 or value % unit == 0 for value in values)


def test_large_round_figures_are_told_in_millions() -> None:
    assert unit_of([Decimal(5_000_000), None, Decimal(-3_000_000)]) == (10**6, "millions")
    assert unit_of([Decimal("5.5"), Decimal(3_000_000)]) == (1, None)
    assert figure(None) == "–"  # noqa: RUF001
