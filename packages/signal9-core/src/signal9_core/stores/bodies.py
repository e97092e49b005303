"""How an item becomes the text that SQLite keeps: JSON, with every digit and byte intact.

Bytes are `{"$bytes": "<base64>"}`. A mapping that could be mistaken for that, because its only
name starts with `$`, is kept as `{"$map": {…}}`.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from ..errors import StoreError
from ..ports import Item, Value
from .values import ByType, checked_decimal, checked_int, checked_name

__all__ = ["body_of", "item_of"]

_BYTES: Final = "$bytes"
_MAP: Final = "$map"

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(dict[str, object], float_hook=Decimal)


def body_of(item: Item) -> str:
    """Return the text that `item_of` turns into an equal item; `StoreError` for odd values."""
    try:
        return _ENCODER.encode(_plain_members(item)).decode()
    except UnicodeEncodeError as error:
        raise StoreError(f"a text is no valid Unicode: {error}") from error


def item_of(body: str) -> dict[str, Value]:
    """Return the item that `body_of` was given."""
    plain = _DECODER.decode(body)
    # Only tags, and texts that start with a dollar sign, put these two characters side by side.
    if '"$' in body:
        return {name: _value(value) for name, value in plain.items()}
    return plain  # type: ignore[return-value]  # JSON without tags holds nothing but values


def _plain_members(members: Mapping[str, Any]) -> dict[str, object]:
    plain: dict[str, object] = {}
    name = ""
    try:
        for name, value in members.items():
            kind = type(value)
            # Texts are most of what there is, and need nothing done.
            plain[checked_name(name)] = value if kind is str else _CONVERTERS[kind](value)
    except StoreError as error:
        raise StoreError(f"{name}: {error}") from error
    return plain


def _plain_map(value: Mapping[str, Any]) -> object:
    plain = _plain_members(value)
    return {_MAP: plain} if _looks_tagged(plain) else plain


def _plain_list(values: Iterable[Any]) -> object:
    return [value if (kind := type(value)) is str else _CONVERTERS[kind](value) for value in values]


def _looks_tagged(plain: Mapping[str, object]) -> bool:
    return len(plain) == 1 and next(iter(plain)).startswith("$")


def _same(value: object) -> object:
    return value


_CONVERTERS: Final = ByType[object]()
_CONVERTERS[str] = _CONVERTERS[bool] = _CONVERTERS[type(None)] = _same
_CONVERTERS[int] = checked_int
_CONVERTERS[Decimal] = checked_decimal
_CONVERTERS[bytes] = lambda value: {_BYTES: b64encode(value).decode()}
_CONVERTERS[list] = _CONVERTERS[tuple] = _plain_list
_CONVERTERS[dict] = _plain_map


def _value(plain: object) -> Value:
    if isinstance(plain, list):
        return [_value(inner) for inner in plain]
    if not isinstance(plain, dict):
        return plain  # type: ignore[return-value]  # a scalar out of JSON is a value
    if _looks_tagged(plain):
        [(tag, inner)] = plain.items()
        if tag == _BYTES:
            return b64decode(inner)
        return _map(inner)
    return _map(plain)


def _map(plain: Mapping[str, object]) -> Value:
    return {name: _value(inner) for name, inner in plain.items()}
