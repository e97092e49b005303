"""The values that both stores hold exactly: what one would refuse, the other refuses too."""

from collections.abc import Callable, Mapping, Sequence
from decimal import (
    Clamped,
    Context,
    Decimal,
    DecimalException,
    Inexact,
    Overflow,
    Rounded,
    Subnormal,
    Underflow,
)
from typing import Any, Final, TypeVar

from ..errors import StoreError

__all__ = ["ByType", "checked_decimal", "checked_int", "checked_name", "checked_text"]

T = TypeVar("T")

_TOO_WIDE: Final = 10**38
_HELD: Final = Context(
    prec=38, Emin=-130, Emax=125, traps=[Clamped, Inexact, Overflow, Rounded, Subnormal, Underflow]
)


def checked_int(value: int) -> int:
    """Return `value` if it has at most 38 digits."""
    if -_TOO_WIDE < value < _TOO_WIDE:
        return value
    raise StoreError("an integer of more than 38 digits")


def checked_decimal(value: Decimal) -> Decimal:
    """Return `value` if it is finite, has at most 38 digits and lies within 1E-130..1E+126."""
    if not value.is_finite():
        raise StoreError(f"{value} is no finite number")
    try:
        return _HELD.create_decimal(value)
    except DecimalException as error:
        raise StoreError(f"{value} has over 38 digits or lies outside 1E-130..1E+126") from error


def checked_name(name: object) -> str:
    """Return the name of an attribute if it is a text and not empty."""
    if type(name) is str and name:
        return name
    if isinstance(name, str) and name:
        return str.__str__(name)
    raise StoreError(f"{name!r} is no name for an attribute")


def checked_text(text: str) -> str:
    """Return `text` if it has a UTF-8 form."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise StoreError(f"a text is no valid Unicode: {error}") from error
    return text


_PLAIN: Final[tuple[tuple[type | tuple[type, ...], Callable[..., object]], ...]] = (
    (str, str.__str__),
    (int, int),
    (Decimal, Decimal),
    ((bytes, bytearray, memoryview), bytes),
    (Mapping, dict),
    (Sequence, list),
)


class ByType(dict[type, Callable[[Any], T]]):
    """What to do with a value, by its exact type.

    A value of a special type (an enumeration's, say) is treated as the plain one that it is, and
    what is none of those is refused.
    """

    def __missing__(self, _: type) -> Callable[[Any], T]:
        return self._treat_as_plain

    def _treat_as_plain(self, value: object) -> T:
        for kinds, plain in _PLAIN:
            if isinstance(value, kinds):
                return self[type(exact := plain(value))](exact)
        raise StoreError(f"{value!r} is a {type(value).__name__}, which no store can hold")
