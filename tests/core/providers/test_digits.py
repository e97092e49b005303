"""No digit that was sent is lost or invented, however numbers are written."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.providers.parsing import Scaled, kept, scaled, whole


def _values(found: Scaled) -> list[Decimal]:
    numbers, scale = found
    return [Decimal(number).scaleb(-scale) for number in numbers]


@given(st.lists(st.decimals(-(10**6), 10**6, places=4), min_size=1))
def test_texts_with_equally_many_decimals_are_exact(values: list[Decimal]) -> None:
    found = scaled([f"{value:.4f}" for value in values])

    assert _values(found) == values
    assert found[1] == 4


@given(st.lists(st.from_regex(r"-?[0-9]{1,6}(\.[0-9]{0,9})?", fullmatch=True), min_size=1))
def test_texts_with_any_decimals_are_exact(texts: list[str]) -> None:
    found = scaled(texts)

    assert _values(found) == list(map(Decimal, texts))
    assert found[1] == max(2, *(len(text.partition(".")[2]) for text in texts))


@given(st.lists(st.floats(-1e9, 1e9, allow_nan=False), min_size=1))
def test_floats_are_the_shortest_decimals_that_spell_them(values: list[float]) -> None:
    assert _values(scaled(values)) == [Decimal(repr(value)) for value in values]


@pytest.mark.parametrize(
    "texts", [["1e2"], ["1.5", "2e-1"], ["0.00"], ["1", "2.5"], ["1.", "2.5"], [".5", "1"], []]
)
def test_other_spellings_are_understood(texts: list[str]) -> None:
    assert _values(scaled(texts)) == list(map(Decimal, texts))


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "-.", "1.2.3", "1,5", "much", "1.2.34", "1-2", "1\t.5", "NaN", "Infinity"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    for texts in ([text], ["1.00", text], [text, "1.00"]):
        with pytest.raises(ValueError, match="is no number"):
            scaled(texts)


def test_decimals_that_a_column_cannot_hold_are_rounded_off() -> None:
    found = scaled(["1234.5", "0.01234567890123456789"])

    assert _values(kept(found)) == [Decimal("1234.5"), Decimal("0.01234567890123")]
    assert _values(kept(scaled(["1234.5"]))) == [Decimal("1234.5")]
    with pytest.raises(OverflowError, match="too large"):
        kept(scaled(["1" * 20]))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["1", "2"], [1, 2]),
        (["-1", "-0", "007"], [-1, 0, 7]),
        (["1e3", "+5", "2.0"], [1000, 5, 2]),
        ([], []),
    ],
)
def test_whole_numbers_are_read(values: list[str], expected: list[int]) -> None:
    assert whole(values) == expected


@pytest.mark.parametrize("text", ["1.5", "many", "", "1,2", "NaN", "0x1"])
def test_what_is_no_whole_number_is_refused(text: str) -> None:
    for texts in ([text], ["1", text], [text, "1"]):
        with pytest.raises(ValueError, match=r"is no (whole )?number"):
            whole(texts)
