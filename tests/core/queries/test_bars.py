import json
from array import array
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.domain import PRICE_COLUMNS, PriceSeries
from signal9_core.services.prices import BAR_FIELDS, BarRows

from ..strategies import price_series, walk


@settings(deadline=None, max_examples=40)
@given(price_series(max_size=10), st.booleans())
def test_bars_are_written_as_they_are_exactly(series: PriceSeries, newest_first: bool) -> None:
    rows = BarRows(series, newest_first=newest_first)

    written = json.loads(bytes(rows.wire()), parse_float=str, parse_int=str)

    assert written == [
        {
            "date": row.date.isoformat(),
            **{name: str(getattr(row, name)) for name in PRICE_COLUMNS},
            "volume": str(row.volume),
        }
        for row in rows
    ]
    assert list(BAR_FIELDS) == list(written[0] if written else BAR_FIELDS)


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (45_385_00, 4, "453.85"),
        (45_381_234, 5, "453.81234"),
        (45_381_230, 5, "453.8123"),
        (340, 4, "0.034"),
        (7, 6, "0.000007"),
        (0, 6, "0.00"),
        (5, 0, "5"),
        (-12_345, 4, "-1.2345"),
    ],
)
def test_a_price_has_two_decimals_or_as_many_more_as_it_needs(
    value: int, scale: int, text: str
) -> None:
    series = replace(walk(1), close=array("q", [value]), scale=scale)

    assert [*BarRows(series).texts("close")] == [text]
    assert Decimal(text) == series.price("close", 0)
