"""Recorded responses of providers, if this machine has them; they are not part of the project."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

__all__ = ["RECORDINGS", "needs_recordings", "recorded"]

RECORDINGS = Path(
    os.environ.get("SIGNAL9_RECORDINGS", Path(__file__).parents[2] / "shared" / "recordings")
)

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"no recordings in {RECORDINGS}: set SIGNAL9_RECORDINGS"
)


def recorded(provider: str, function: str, pattern: str = "*") -> Iterator[tuple[str, bytes]]:
    """Yield the symbols in the names of recorded bodies, and the bodies."""
    for path in sorted((RECORDINGS / provider / function).glob(pattern)):
        yield path.stem.partition("_")[0], path.read_bytes()
