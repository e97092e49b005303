"""The gallery's systems are short files; tests/e2e/test_gallery.py scans and deploys them."""

import ast
import re
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

import signal9_constructs
from tests.constructs.lab import synthesise
from tests.constructs.scan import SYSTEMS

GALLERY: Final = Path(__file__).parents[2] / "examples" / "gallery"


def test_every_system_synthesises() -> None:
    builds = {name: import_module(f"examples.gallery.{name}").build for name in SYSTEMS}

    made = synthesise(**builds)

    assert all(len(template.to_json()["Resources"]) > 3 for template in made.values())


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_a_short_file_that_says_what_it_is(name: str) -> None:
    text = (GALLERY / f"{name}.py").read_text("utf-8")

    assert 30 <= len(text.splitlines()) <= 80
    assert ast.get_docstring(ast.parse(text))
    assert f"[{name}.py]({name}.py)" in (GALLERY / "README.md").read_text("utf-8")


def test_the_gallery_names_only_constructs_that_exist() -> None:
    named = re.findall(r"`([A-Z]\w+)`", (GALLERY / "README.md").read_text("utf-8"))

    assert len(SYSTEMS) == 8
    assert set(named) <= set(signal9_constructs.__all__)
