"""Recorded answers, where there are any on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

RECORDINGS = Path(
    os.environ.get("SIGNAL9_RECORDINGS", Path(__file__).parents[4] / "shared" / "recordings")
)

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason=f"no recordings in {RECORDINGS}: set SIGNAL9_RECORDINGS"
)


def recorded(provider: str, function: str, ending: str = "*") -> Iterator[tuple[str, bytes]]:
    """Yield the tickers in the names of recorded bodies, and the bodies."""
    for path in sorted((RECORDINGS / provider / function).glob(ending)):
        yield path.stem.partition("_")[0], path.read_bytes()
