"""Queries as people mistype them, each with the company that they mean."""

import csv
from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["MISTYPED", "Mistyped"]


class Mistyped(NamedTuple):
    """A query, the ticker that it means, and among how many matches it must be."""

    query: str
    ticker: str
    within: int


def _read() -> list[Mistyped]:
    path = Path(__file__).with_name("mistyped.csv")
    with path.open(encoding="utf-8", newline="") as lines:
        return [
            Mistyped(row["query"], row["ticker"], int(row["within"]))
            for row in csv.DictReader(lines)
        ]


MISTYPED: Final = _read()
