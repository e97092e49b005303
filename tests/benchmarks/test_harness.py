"""What the benchmark runner promises, shown with benchmarks that take no time."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from . import __main__ as runner
from .constructs import pinned
from .measure import Measure

GOOD = Measure("good", 1.5, "ms", 2.0, "lower", "peer", 3.0)
MISSED = Measure("missed", 80.0, "%", 90.0, "higher")


def _good() -> Iterator[Measure]:
    yield GOOD
    yield MISSED


def _crashing() -> Iterator[Measure]:
    yield GOOD
    raise OSError("no such server")


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(runner, "BENCHMARKS", ("quick", "crashing"))
    for name, measures in (("quick", _good), ("crashing", _crashing)):
        module = ModuleType(name)
        module.measures = measures  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"{runner.__package__}.{name}", module)


def _written() -> dict[str, dict[str, object]]:
    document = json.loads(Path("benchmarks.json").read_text(encoding="utf-8"))
    measures: dict[str, dict[str, object]] = document["measures"]
    return measures


def test_a_missed_goal_is_shown_and_written_but_fails_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = runner.main(["--only", "quick"])

    assert code == 0
    assert "MISSED" in capsys.readouterr().err
    assert _written() == {
        "good": {
            "value": 1.5,
            "unit": "ms",
            "peer": "peer",
            "ratio": 3.0,
            "goal": 2.0,
            "met": True,
        },
        "missed": {
            "value": 80.0,
            "unit": "%",
            "peer": None,
            "ratio": None,
            "goal": 90.0,
            "met": False,
        },
    }


def test_a_crash_fails_the_run_and_keeps_what_was_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = runner.main([])

    assert code == 1
    assert "no such server" in capsys.readouterr().err
    assert set(_written()) == {"good", "missed"}


def test_json_goes_to_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    runner.main(["--only", "quick", "--json"])

    assert json.loads(capsys.readouterr().out)["measures"] == _written()


def test_a_layer_holds_what_is_needed_pinned_and_neither_ourselves_nor_extras() -> None:
    pins = pinned("signal9-core", "signal9-handlers")

    names = {pin.partition("==")[0] for pin in pins}
    assert {"aws-lambda-powertools", "pydantic", "pydantic-core"} <= names
    assert not {"boto3", "pandas", "signal9-core", "uvicorn"} & names
    assert all(pin.count("==") == 1 for pin in pins)
