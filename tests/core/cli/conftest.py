import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.settings import load_settings

from .shell import Shell


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SIGNAL9_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SIGNAL9_HOME", str(tmp_path / "home"))


@pytest.fixture
def shell(sample_home: Path) -> Shell:
    """`signal9` over the whole sample."""
    return Shell(sample_home)


@pytest.fixture
def own_shell(sample_home: Path, tmp_path: Path) -> Shell:
    """`signal9` over a copy of the sample, for a test that writes."""
    shutil.copytree(sample_home, tmp_path / "copy")
    return Shell(tmp_path / "copy")


@pytest.fixture
def empty_shell(tmp_path: Path) -> Shell:
    """`signal9` where nothing was ever ingested."""
    return Shell(tmp_path / "empty")


@pytest.fixture
def app(sample_home: Path) -> Iterator[App]:
    """The application over the same sample, to compare with."""
    with App(load_settings(home=sample_home)) as app:
        yield app
