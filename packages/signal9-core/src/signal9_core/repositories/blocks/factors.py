"""Adjusted closes as the closes times one factor for a run of bars, and what is left to add.

Between two dividends or splits the factor does not change, so that a run needs one number. Where a
source has rounded in its own way, small differences remain, and are kept beside it.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from .varints import Reader, varint, zigzag

__all__ = ["NO_FACTORS", "Factors", "factors_of", "read_factors", "written_factors"]

_TOLERANCES: Final = (0, 4, 32, 256, 4096, 1 << 20)
"""How far a run may be off, in units of the last digit; tried in this order."""

_BARS_PER_RUN: Final = 24
_GUARD_BITS: Final = 2


class Factors(NamedTuple):
    """Factors in units of `2 ** -shift`, each with the number of bars that it holds for."""

    shift: int
    runs: list[tuple[int, int]]

    def apply(self, closes: Sequence[int]) -> list[int]:
        """Return each close times its factor, rounded half up."""
        shift, at, products = self.shift, 0, list[int]()
        half = (1 << shift) >> 1
        for length, factor in self.runs:
            products += [(close * factor + half) >> shift for close in closes[at : at + length]]
            at += length
        return products


NO_FACTORS: Final = Factors(0, [])


def factors_of(closes: Sequence[int], adjusted: Sequence[int]) -> Factors:
    """Return few factors that come close to the adjusted closes, or hit them all."""
    if min(closes) <= 0 or min(adjusted) < 0:
        return Factors(0, [(len(closes), 0)])
    shift = max(closes).bit_length() + _GUARD_BITS
    few = 2 + len(closes) // _BARS_PER_RUN
    for tolerance in _TOLERANCES:
        runs = _runs(_bounds(closes, adjusted, shift, tolerance), few)
        if runs is not None:
            return Factors(shift, runs)
    return Factors(0, [(len(closes), 0)])


def written_factors(factors: Factors) -> bytes:
    """Return factors as they are written, each as the difference to the one before."""
    numbers = [factors.shift, len(factors.runs)]
    before = 0
    for length, factor in factors.runs:
        change = factor - before
        numbers += (length, zigzag(change))
        before = factor
    return b"".join(map(varint, numbers))


def read_factors(reader: Reader) -> Factors:
    """Return what `written_factors` was given."""
    shift = reader.number()
    pairs = [(reader.number(), reader.signed()) for _ in range(reader.number())]
    factors = accumulate(change for _, change in pairs)
    return Factors(
        shift, [(length, each) for (length, _), each in zip(pairs, factors, strict=True)]
    )


def _bounds(
    closes: Iterable[int], adjusted: Iterable[int], shift: int, tolerance: int
) -> Iterator[tuple[int, int]]:
    """Yield, bar by bar, the lowest and the highest factor that is near enough."""
    slack = 2 * tolerance + 1
    for close, wanted in zip(closes, adjusted, strict=True):
        low = -(-((2 * wanted - slack) << shift) // (2 * close))
        high = -(-((2 * wanted + slack) << shift) // (2 * close)) - 1
        yield low, high


def _runs(bounds: Iterable[tuple[int, int]], few: int) -> list[tuple[int, int]] | None:
    """Return the longest runs that share a factor, from the first bar on; `None` for too many."""
    runs: list[tuple[int, int]] = []
    lowest, highest, length = 0, -1, 0
    for low, high in bounds:
        shared_low, shared_high = max(low, lowest), min(high, highest)
        if length and shared_low <= shared_high:
            lowest, highest, length = shared_low, shared_high, length + 1
            continue
        if length:
            runs.append((length, max(0, (lowest + highest) // 2)))
        if len(runs) >= few:
            return None
        lowest, highest, length = low, high, 1
    return [*runs, (length, max(0, (lowest + highest) // 2))]
