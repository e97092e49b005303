"""Importing the library costs next to nothing, and whatever it exports is found when asked for."""

import json
import subprocess
import sys
from typing import Final

import pytest

import signal9_constructs

LOADED: Final = """
import aws_cdk, json, sys
before = set(sys.modules)
import signal9_constructs
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_nothing_is_loaded_before_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], check=True, capture_output=True, encoding="utf-8"
    )

    assert json.loads(done.stdout) == ["signal9_constructs"]


@pytest.mark.parametrize("name", signal9_constructs.__all__)
def test_every_export_is_there_under_its_own_name(name: str) -> None:
    found = getattr(signal9_constructs, name)

    assert name in dir(signal9_constructs)
    assert getattr(found, "__name__", name) == name


def test_what_is_not_exported_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'DataTabel'"):
        _ = signal9_constructs.DataTabel  # type: ignore[attr-defined]
