import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from signal9_core.notebook.client import Signal9
from tests.core.cli.stocked import stocked


@pytest.fixture(scope="session")
def stocked_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the whole sample in it; tests only read it."""
    return stocked(tmp_path_factory).home


@pytest.fixture
def s9(stocked_home: Path) -> Iterator[Signal9]:
    with Signal9(stocked_home) as s9:
        yield s9


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SIGNAL9_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SIGNAL9_HOME", str(tmp_path / "home"))
