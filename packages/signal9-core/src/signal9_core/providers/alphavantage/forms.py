"""The usual forms of daily bars: what their rows look like, and where their numbers are.

A row's shape is the row with every digit as a zero and without blanks.
"""

import re
from datetime import date
from typing import Final, NamedTuple

__all__ = ["BLANKS", "CSV", "CSV_HEAD", "JSON", "JSON_HEAD", "JSON_TAIL", "ROW", "Form"]

BLANKS: Final = b" \n\r\t"
_PRICES: Final = ("open", "high", "low", "close")


class Ordinals(dict[int, int]):
    """Ordinals of days that are written as whole numbers, each found out once.

    `unit` tells how often 20240102 is in what is written.
    """

    def __init__(self, unit: int) -> None:
        super().__init__()
        self._unit = unit

    def __missing__(self, written: int) -> int:
        month, day = divmod(written // self._unit, 100)
        self[written] = ordinal = date(*divmod(month, 100), day).toordinal()
        return ordinal


class Form(NamedTuple):
    """How rows end and look, and how to make numbers of them.

    `commas` turns some characters into commas, `others` are left out, and what is left is numbers:
    so many a row, first the day, and at `places` the prices and the volume.
    """

    end: bytes
    blanks: bytes
    shape: "re.Pattern[bytes]"
    commas: bytes
    others: bytes
    width: int
    places: range
    ordinals: Ordinals


def _pattern(text: str) -> "re.Pattern[bytes]":
    """Return a pattern in which an underscore stands for any blanks."""
    return re.compile(text.replace("_", r"[ \n\r\t]*").encode())


def _row(digit: str, blank: str, blanks: str) -> "re.Pattern[bytes]":
    """Return what a row looks like, from the comma before it up to the brace that ends it."""
    day = f'"{digit * 4}-{digit * 2}-{digit * 2}"'
    prices = [f'"{digit}\\.{blank}{name}"_:_"{digit}+\\.{digit * 4}"' for name in _PRICES]
    fields = "_,_".join((*prices, f'"{digit}\\.{blank}volume"_:_"{digit}+"'))
    return _pattern(f"_,_{day}_:_\\{{_{fields}_".replace("_", blanks))


def _all_but(kept: bytes) -> bytes:
    return bytes(each for each in range(256) if each not in kept)


JSON_HEAD: Final = _pattern(r'_\{_"Meta Data"_:_(\{[^{}]*\})_,_"Time Series \([A-Za-z]+\)"_:_\{')
"""All before the first row; its group is what the document says about itself."""
JSON_TAIL: Final = _pattern(r"_\}_\}_")
"""All after the last row."""
ROW: Final = _row(r"\d", " ", "_")
"""A row as it is sent."""
CSV_HEAD: Final = re.compile(rb"timestamp,open,high,low,close,volume\r?\n")
"""The names of the columns."""

# One letter of each name becomes a comma: open, high, low, close, volume. Between the numbers of a
# row are then those that its names begin with, as in "2. high"; the first is at the end of the day.
JSON: Final = Form(
    end=b"}",
    blanks=BLANKS,
    shape=_row("0", "", ""),
    commas=bytes.maketrans(b"oi", b",,"),
    others=_all_but(b"0123456789,oi"),
    width=10,
    places=range(1, 10, 2),
    ordinals=Ordinals(10),
)
"""Rows of texts under numbered names."""

CSV: Final = Form(
    end=b"\n",
    blanks=b"",
    shape=re.compile(rb"0000-00-00,(0+\.0000,){4}0+\r?"),
    commas=bytes.maketrans(b"\n", b","),
    others=_all_but(b"0123456789,\n"),
    width=6,
    places=range(1, 6),
    ordinals=Ordinals(1),
)
"""Lines."""
