import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from signal9_core import Signal9


@pytest.fixture
def s9(sample_home: Path) -> Iterator[Signal9]:
    with Signal9(sample_home) as s9:
        yield s9


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SIGNAL9_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SIGNAL9_HOME", str(tmp_path / "home"))
