import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from signal9_core import Signal9, bootstrap
from tests.core.cli.shell import ingest_sample
from tests.fakes import FakeProvider


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the whole sample in it; tests only read it."""
    return ingest_sample(tmp_path_factory).home


@pytest.fixture
def s9(sample_home: Path) -> Iterator[Signal9]:
    with Signal9(sample_home) as s9:
        yield s9


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("SIGNAL9_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SIGNAL9_HOME", str(tmp_path / "home"))


@pytest.fixture
def use_provider(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeProvider], None]:
    """Make the next `Signal9` use this provider."""
    return lambda provider: monkeypatch.setattr(bootstrap, "make_provider", lambda *_: provider)
