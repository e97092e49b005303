"""How values travel to DynamoDB and back: `{"S": "text"}`, `{"N": "1.5"}` and so on.

The kinds of value that most items consist of are treated in line, in both directions: a call
apiece would cost more than all the rest.
"""

from __future__ import annotations

from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any, Final, cast

from ..errors import StoreError
from .values import ByType, checked_decimal, checked_int, checked_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from ..ports import Item, Value

    # The letter of a type, and what botocore takes or gives for it.
    Attribute = Mapping[str, Any]

__all__ = ["attributes_of", "item_of"]

_DIGITS: Final = 38
_EXACT: Final = Context(prec=_DIGITS)


def attributes_of(item: Item) -> dict[str, AttributeValueTypeDef]:
    """Return what stands for `item` on the wire; `StoreError` for values that cannot be held."""
    return cast("dict[str, AttributeValueTypeDef]", _encoded_members(item))


def item_of(attributes: Mapping[str, AttributeValueTypeDef]) -> dict[str, Value]:
    """Return the item that stands behind what came over the wire."""
    return _decoded_members(cast("Mapping[str, Attribute]", attributes))


def _encoded_members(members: Mapping[str, Any]) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {}
    name = ""
    try:
        for name, value in members.items():
            kind = type(value)
            if kind is str and value.isascii():
                attributes[name] = {"S": value}
            elif (
                kind is Decimal
                and value.is_finite()
                and len(digits := str(value)) <= _DIGITS
                and "E" not in digits  # few digits and no exponent: surely within bounds
            ):
                attributes[name] = {"N": digits}
            elif kind is list:
                attributes[name] = {"L": _encoded_elements(value)}
            else:
                attributes[name] = _ENCODERS[kind](value)
    except StoreError as error:
        raise StoreError(f"{name}: {error}") from error
    # Names that are no texts at all are refused by botocore.
    if "" in members:
        raise StoreError("'' is no name for an attribute")
    return attributes


def _encoded_elements(values: Iterable[Any]) -> list[Attribute]:
    return [
        {"S": value}
        if (kind := type(value)) is str and value.isascii()
        else {"M": _encoded_members(value)}
        if kind is dict
        else _ENCODERS[kind](value)
        for value in values
    ]


_ENCODERS: Final = ByType["Attribute"]()
_ENCODERS[str] = lambda value: {"S": checked_text(value)}
_ENCODERS[int] = lambda value: {"N": str(checked_int(value))}
_ENCODERS[Decimal] = lambda value: {"N": str(checked_decimal(value))}
_ENCODERS[bool] = lambda value: {"BOOL": value}
_ENCODERS[type(None)] = lambda _: {"NULL": True}
_ENCODERS[bytes] = lambda value: {"B": value}
_ENCODERS[list] = _ENCODERS[tuple] = lambda value: {"L": _encoded_elements(value)}
_ENCODERS[dict] = lambda value: {"M": _encoded_members(value)}


def _decoded_members(attributes: Mapping[str, Attribute]) -> dict[str, Value]:
    item: dict[str, Value] = {}
    for name, attribute in attributes.items():
        if "S" in attribute:
            item[name] = attribute["S"]
        elif "N" in attribute:
            digits = attribute["N"]
            item[name] = Decimal(digits) if "." in digits else _number(digits)
        elif "L" in attribute:
            item[name] = _decoded_elements(attribute["L"])
        elif "M" in attribute:
            item[name] = _decoded_members(attribute["M"])
        else:
            item[name] = _decoded(attribute)
    return item


def _decoded_elements(attributes: Iterable[Attribute]) -> list[Value]:
    return [
        attribute["S"]
        if "S" in attribute
        else _decoded_members(attribute["M"])
        if "M" in attribute
        else _decoded(attribute)
        for attribute in attributes
    ]


def _decoded(attribute: Attribute) -> Value:
    [(kind, value)] = attribute.items()
    try:
        return _DECODERS[kind](value)
    except KeyError as error:
        raise StoreError(f"an attribute of type {kind} came back, which no store writes") from error


def _number(digits: str) -> int | Decimal:
    if not digits.lstrip("-").isdecimal():
        return Decimal(digits)
    if len(digits) <= _DIGITS:
        return int(digits)
    # 1E+100 comes back written out; as an integer of so many digits it could not be stored again.
    number = _EXACT.create_decimal(digits)
    return int(number) if number.adjusted() < _DIGITS else number.normalize(_EXACT)


def _same(value: Any) -> Value:
    return value  # type: ignore[no-any-return]  # botocore gives the very type of the letter


_DECODERS: Final[Mapping[str, Callable[[Any], Value]]] = {
    "N": _number,
    "BOOL": _same,
    "NULL": lambda _: None,
    "B": _same,
    "L": _decoded_elements,
    "M": _decoded_members,
}
