"""The whole sample, ingested once for all tests that only look at it."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from .shell import Shell

WIDTH = 80


class Stocked(NamedTuple):
    """A home with the whole sample in it, and what the terminal showed meanwhile."""

    home: Path
    screen: str


def stocked(factory: pytest.TempPathFactory) -> Stocked:
    return _stocked(factory.getbasetemp() / "stocked")


@cache
def _stocked(home: Path) -> Stocked:
    return Stocked(home, Shell(home).screen("ingest", width=WIDTH))
