"""Recorded answers of providers, where this machine has them; they are no part of the project."""

from pathlib import Path
from typing import Final

import pytest

__all__ = ["recorded"]

_FOLDER: Final = Path(__file__).resolve().parents[2] / "shared" / "recordings"


def recorded(*patterns: str) -> list[pytest.ParameterSet]:
    """Return recordings as parameters; one that is skipped where there are none."""
    found = sorted(path for pattern in patterns for path in _FOLDER.glob(pattern))
    if not found:
        return [pytest.param(None, marks=pytest.mark.skip("no recordings on this machine"))]
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in found]
