"""Which values stores hold, and that they come back as they were."""

from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from types import MappingProxyType

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.errors import StoreError
from signal9_core.ports import Item, Store, Value
from signal9_core.stores import dynamodb as wire
from signal9_core.stores import sqlite as bodies
from signal9_core.tables import ASSETS
from tests.fakes import SetClock

from .conftest import OpenStore
from .items import asset
from .values import attributes, kinds_of, numbers


class Period(StrEnum):
    ANNUAL = "annual"


class Rank(IntEnum):
    FIRST = 1


@given(item=attributes())
@settings(deadline=None, max_examples=150)
def test_an_item_survives_as_json(item: Item) -> None:
    assert kinds_of(bodies.item_of(bodies.body_of(item))) == kinds_of(item)


@given(item=attributes())
@settings(deadline=None, max_examples=150)
def test_an_item_survives_on_the_wire(item: Item) -> None:
    assert kinds_of(wire.item_of(wire.attributes_of(item))) == kinds_of(item)


@given(item=attributes())
@settings(deadline=None, max_examples=100)
def test_the_wire_form_is_the_one_that_boto3_writes(item: Item) -> None:
    # Its limits for numbers are a little narrower at one end, wider at the other.
    peer = TypeSerializer()
    try:
        expected = {name: peer.serialize(value) for name, value in item.items()}
    except ArithmeticError:
        return
    assert wire.attributes_of(item) == expected


@given(number=numbers())
@settings(deadline=None, max_examples=100)
def test_a_number_written_out_in_full_comes_back_as_one_that_can_be_stored(
    number: int | Decimal,
) -> None:
    answered: Value = wire.item_of({"n": {"N": f"{Decimal(number):f}"}})["n"]

    assert answered == number
    assert wire.item_of(wire.attributes_of({"n": answered})) == {"n": number}


def test_items_survive_in_every_store(open_store: OpenStore) -> None:
    with open_store(SetClock()) as store:

        @given(batch=st.lists(attributes(), min_size=1, max_size=20))
        @settings(deadline=None, max_examples=8)
        def survives(batch: list[dict[str, Value]]) -> None:
            items = {f"T{number}": asset(f"T{number}", **each) for number, each in enumerate(batch)}
            store.put_many(ASSETS, items.values())
            found = store.get_many(ASSETS, [{"ticker": ticker} for ticker in items])
            assert {each.item["ticker"]: kinds_of(each.item) for each in found} == {
                ticker: kinds_of(item) for ticker, item in items.items()
            }

        survives()


def test_integral_numbers_come_back_as_integers(store: Store) -> None:
    store.put(ASSETS, asset("AAPL", whole=Decimal(120), part=Decimal("1.5"), count=7))

    found = store.get(ASSETS, {"ticker": "AAPL"})

    assert found is not None
    kinds = {name: type(value) for name, value in found.item.items()}
    assert kinds == {"ticker": str, "whole": int, "part": Decimal, "count": int}


def test_special_types_are_stored_as_the_plain_ones_that_they_are(store: Store) -> None:
    store.put(
        ASSETS,
        {
            "ticker": "AAPL",
            "period": Period.ANNUAL,
            "rank": Rank.FIRST,
            "pair": ("a", 1),
            "view": MappingProxyType({Period.ANNUAL: None}),
            "raw": bytearray(b"\x00\xff"),
        },
    )

    found = store.get(ASSETS, {"ticker": "AAPL"})

    assert found is not None
    assert found.item == {
        "ticker": "AAPL",
        "period": "annual",
        "rank": 1,
        "pair": ["a", 1],
        "view": {"annual": None},
        "raw": b"\x00\xff",
    }
    assert type(found.item["period"]) is str


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        float("nan"),
        Decimal("NaN"),
        Decimal("NaN123"),
        Decimal("Infinity"),
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

    with pytest.raises(StoreError):
        store.put(ASSETS, item)
    with pytest.raises(StoreError):
        store.put_many(ASSETS, [item])

    assert store.get(ASSETS, {"ticker": "AAPL"}) is None


def test_a_refusal_names_item_attribute_and_value(store: Store) -> None:
    with pytest.raises(StoreError, match=r"Assets AAPL: pe: 27\.5 is a float, which no store"):
        store.put(ASSETS, asset("AAPL", pe=27.5))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", 7])
def test_a_name_that_is_no_text_or_empty_is_refused(store: Store, name: str) -> None:
    with pytest.raises(StoreError):
        store.put(ASSETS, {"ticker": "AAPL", name: 1})


def test_a_key_that_is_no_valid_unicode_is_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        store.put(ASSETS, asset("\ud800"))
    with pytest.raises(StoreError):
        store.get(ASSETS, {"ticker": "\ud800"})
