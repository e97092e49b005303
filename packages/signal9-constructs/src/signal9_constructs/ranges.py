"""The numbers that a JSON Schema allows, and what EventBridge's comparisons leave of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil, floor, inf, isinf
from operator import eq, ge, gt, le, lt
from typing import Final, Self, cast

from .errors import ConstructError
from .schemas import JsonSchema

__all__ = ["NumberRange", "compares"]

_COMPARED: Final = {"<": lt, "<=": le, "=": eq, ">": gt, ">=": ge}


@dataclass(frozen=True, slots=True)
class NumberRange:
    """The numbers from `low` to `high`, which may be out themselves; `whole` ones, it may be."""

    low: float = -inf
    high: float = inf
    low_out: bool = False
    high_out: bool = False
    whole: bool = False

    @classmethod
    def of(cls, shape: JsonSchema) -> Self:
        """Return the numbers that a shape allows."""
        return cls(whole=shape.get("type") == "integer").narrowed([*_bounds(shape)])

    def narrowed(self, operand: object) -> Self:
        """Return those of the numbers that an operator `numeric` matches."""
        low, high = (self.low, self.low_out), (self.high, not self.high_out)
        for sign, bound in _comparisons(operand):
            if sign in {">", ">=", "="}:
                low = max(low, (bound, sign == ">"))
            if sign in {"<", "<=", "="}:
                high = min(high, (bound, sign != "<"))
        return replace(self, low=low[0], low_out=low[1], high=high[0], high_out=not high[1])

    @property
    def is_empty(self) -> bool:
        """Whether there is no such number."""
        low, high = self.ends
        return low > high or (low == high and not self.whole and (self.low_out or self.high_out))

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest, as far as numbers go."""
        if not self.whole:
            return self.low, self.high
        low = (
            self.low if isinf(self.low) else floor(self.low) + 1 if self.low_out else ceil(self.low)
        )
        high = (
            self.high
            if isinf(self.high)
            else ceil(self.high) - 1
            if self.high_out
            else floor(self.high)
        )
        return low, high

    def __contains__(self, value: float) -> bool:
        above = value > self.low if self.low_out else value >= self.low
        return above and (value < self.high if self.high_out else value <= self.high)


def _bounds(shape: JsonSchema) -> Iterator[object]:
    """Yield the bounds of a shape as an operand; one may be exclusive by a flag, as in draft 4."""
    for name, sign in (("minimum", ">"), ("maximum", "<")):
        out = shape.get(f"exclusive{name.capitalize()}")
        if name in shape:
            yield from (sign if out is True else f"{sign}=", shape[name])
        if out is not None and not isinstance(out, bool):
            yield from (sign, out)


def compares(value: object, operand: object) -> bool:
    """Tell whether a value is a number that an operator `numeric` matches."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return all(_COMPARED[sign](value, bound) for sign, bound in _comparisons(operand))


def _comparisons(operand: object) -> list[tuple[str, float]]:
    said = cast("Sequence[object]", operand) if isinstance(operand, list | tuple) else [operand]
    signs, bounds = said[::2], said[1::2]
    known = all(sign in _COMPARED for sign in signs)
    if len(signs) != len(bounds) or not known or not _are_numbers(bounds):
        raise ConstructError(
            f"EventBridge compares by pairs of a sign ({', '.join(_COMPARED)}) and a number, "
            f"not by {operand}"
        )
    return [(str(s), cast("float", b)) for s, b in zip(signs, bounds, strict=True)]


def _are_numbers(bounds: Sequence[object]) -> bool:
    return all(isinstance(b, int | float) and not isinstance(b, bool) for b in bounds)
