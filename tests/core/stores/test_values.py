"""Which values stores hold, and that they come back as they were."""

from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.errors import StoreError
from signal9_core.ports import Item, Store, Value
from signal9_core.stores.dynamodb import from_attributes, to_attributes
from signal9_core.stores.sqlite_schema import from_json, to_json
from signal9_core.tables import ASSETS
from tests.fakes import SetClock

from .conftest import OpenStore
from .items import asset, attributes, kinds_of, numbers


class Period(StrEnum):
    ANNUAL = "annual"


class Rank(IntEnum):
    FIRST = 1


@given(item=attributes())
@settings(max_examples=150)
def test_an_item_survives_in_the_form_of_either_store(item: Item) -> None:
    assert kinds_of(from_json(to_json(item))) == kinds_of(item)
    assert kinds_of(from_attributes(to_attributes(item))) == kinds_of(item)


@given(number=numbers())
@settings(max_examples=100)
def test_a_number_written_out_in_full_comes_back_as_one_that_can_be_stored(
    number: int | Decimal,
) -> None:
    answered: Value = from_attributes({"n": {"N": f"{Decimal(number):f}"}})["n"]

    assert answered == number
    assert from_attributes(to_attributes({"n": answered})) == {"n": number}


def test_items_survive_in_every_store(open_store: OpenStore) -> None:
    with open_store(SetClock()) as store:

        @given(batch=st.lists(attributes(), min_size=1, max_size=20))
        @settings(max_examples=8)
        def survives(batch: list[dict[str, Value]]) -> None:
            items = {f"T{number}": asset(f"T{number}", **each) for number, each in enumerate(batch)}
            store.put_many(ASSETS, items.values())
            stored = store.get_many(ASSETS, [{"ticker": ticker} for ticker in items])
            assert {item["ticker"]: kinds_of(item) for item, _ in stored} == {
                ticker: kinds_of(item) for ticker, item in items.items()
            }

        survives()


def test_values_come_back_as_plain_types_and_whole_numbers_as_integers(store: Store) -> None:
    store.put(
        ASSETS,
        {
            "ticker": "AAPL",
            "whole": Decimal(120),
            "part": Decimal("1.5"),
            "period": Period.ANNUAL,
            "rank": Rank.FIRST,
            "pair": ("a", 1),
            "view": MappingProxyType({Period.ANNUAL: None}),
            "raw": bytearray(b"\x00\xff"),
        },
    )

    stored = store.get(ASSETS, {"ticker": "AAPL"})

    assert stored is not None
    assert stored.item == {
        "ticker": "AAPL",
        "whole": 120,
        "part": Decimal("1.5"),
        "period": "annual",
        "rank": 1,
        "pair": ["a", 1],
        "view": {"annual": None},
        "raw": b"\x00\xff",
    }
    kinds = [type(stored.item[name]) for name in ("whole", "part", "period", "rank")]
    assert kinds == [int, Decimal, str, int]


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        Decimal("NaN"),
        Decimal("NaN123"),
        Decimal("-Infinity"),
        10**38,
        pytest.param(-(10**5000), id="wide"),
        Decimal("1." + "1" * 38),
        Decimal("1E+126"),
        Decimal("9.9E-131"),
        date(2024, 1, 2),
        {1, 2},
        pytest.param("\ud800", id="surrogate"),
        ["a", 1.5],
        {"inner": {"x": 1.5}},
        {"inner": "\udfff"},
        {"": 1},
        {7: 1},
    ],
)
def test_what_one_store_cannot_hold_every_store_refuses(store: Store, value: Value) -> None:
    item = {"ticker": "AAPL", "x": value}

    with pytest.raises(StoreError, match=r"^Assets AAPL: x: "):
        store.put(ASSETS, item)
    with pytest.raises(StoreError, match=r"^Assets AAPL: x: "):
        store.put_many(ASSETS, [item])

    assert store.get(ASSETS, {"ticker": "AAPL"}) is None


@pytest.mark.parametrize("name", ["", 7])
def test_a_name_that_is_not_a_text_or_empty_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError, match="Assets AAPL: invalid attribute name"):
        store.put(ASSETS, {"ticker": "AAPL", name: 1})
