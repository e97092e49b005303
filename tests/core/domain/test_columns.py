"""Questions about whole columns have the answers that going through them gives."""

from array import array
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import all_of_bits, ascending, column_of, none_above
from signal9_core.domain.prices import none_apart, none_outside

NUMBERS = st.one_of(st.integers(0, 9), st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1))
ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=8)


@settings(deadline=None, max_examples=150)
@given(ROWS, st.integers(0, 2), st.sampled_from((1, 2, 1000)))
def test_columns_are_compared_as_their_numbers_are(
    rows: list[tuple[int, int, int]], apart: int, times: int
) -> None:
    low, inner, high = (column_of(numbers) for numbers in zip(*rows, strict=True))
    neighbours = list(pairwise(low))

    assert none_outside([inner], low, high) == all(one <= two <= three for one, two, three in rows)
    assert none_above(low, high, apart) == all(one + apart <= three for one, _, three in rows)
    assert ascending(low) == all(one < two for one, two in neighbours)
    assert none_apart(low, times) == all(
        one <= two * times and two <= one * times for one, two in neighbours
    )
    assert all_of_bits(low, 49) == all(0 <= one < 2**49 for one in low)


def test_a_column_keeps_its_numbers_or_says_that_it_cannot() -> None:
    kept = column_of([1, -2], "i")

    assert kept == array("i", [1, -2])
    assert column_of(kept, "i") is kept
    assert column_of(kept).typecode == "q"
    with pytest.raises(OverflowError, match="too large"):
        column_of([2**63])
