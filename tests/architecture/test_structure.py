"""How the code is built: what a module exports, imports and does, and how long functions are."""

import ast
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Final

from .project import ROOT, SOURCES, modules, output

HEAVY: Final = {"boto3", "botocore", "httpx2", "pandas", "polars", "rapidfuzz", "sqlite3", "typer"}

IMPORT_ALL: Final = """
import importlib, json, sys, threading

WORLD = ("socket.", "sqlite3.connect", "subprocess.", "os.mkdir", "os.remove", "os.rename",
         "os.rmdir", "os.system", "shutil.", "tempfile.", "urllib.")
seen = []

def watch(event, arguments):
    if event.startswith(WORLD) or (event == "open" and set(str(arguments[1])) & set("wax+")):
        seen.append(f"{module}: {event} {arguments!r}")

sys.addaudithook(watch)
for module in sys.argv[1:]:
    importlib.import_module(module)
    if threading.active_count() > 1:
        seen.append(f"{module}: a thread")
print(json.dumps(seen))
"""

LOADED: Final = "import {}, json, sys; print(json.dumps(sorted(sys.modules)))"


def _run(program: str, *arguments: str) -> list[str]:
    answer: list[str] = json.loads(output(sys.executable, "-B", "-c", program, *arguments))
    return answer


def test_importing_touches_nothing() -> None:
    runtime = ("signal9_core", "signal9_handlers")
    names = [module.name for module in modules() if module.name.startswith(runtime)]

    assert _run(IMPORT_ALL, *names) == []


def test_the_centre_loads_nothing_heavy() -> None:
    centre = "signal9_core, signal9_core.domain, signal9_core.ports, signal9_core.settings"

    loaded = {name.partition(".")[0] for name in _run(LOADED.format(centre))}

    assert loaded & HEAVY == set()


def test_the_package_itself_loads_next_to_nothing() -> None:
    loaded = _run(LOADED.format("signal9_core"))

    assert [name for name in loaded if name.startswith("signal9_core.")] == ["signal9_core.version"]
    assert {"asyncio", "pydantic", "socket"}.isdisjoint(loaded)


def test_imports_keep_every_contract() -> None:
    linter = Path(sys.executable).with_name("lint-imports")

    assert "0 broken" in output(linter, "--no-logo", "--no-cache")


def test_no_contract_has_exceptions() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    contracts = settings["tool"]["importlinter"]["contracts"]

    assert contracts
    assert [each["name"] for each in contracts if each.get("ignore_imports")] == []


LONGEST_MODULE: Final = 500
LONGEST_FUNCTION: Final = 30
LONGEST_CONSTRUCT: Final = 60  # a resource takes a line per property


def test_modules_have_at_most_500_lines() -> None:
    lengths = {module.name: len(module.text.splitlines()) for module in modules()}

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_functions_are_at_most_30_lines_long_and_those_of_infrastructure_60() -> None:
    too_long = [
        f"{module.name}.{function.name}"
        for module in modules()
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef)
        and _lines(function) > (LONGEST_CONSTRUCT if module.uses_cdk else LONGEST_FUNCTION)
    ]

    assert too_long == []


def _lines(function: ast.FunctionDef) -> int:
    """Count the lines of a body, without signature and docstring."""
    first = function.body[1 if len(function.body) > 1 and ast.get_docstring(function) else 0]
    return (function.end_lineno or first.lineno) - first.lineno + 1


def test_core_imports_from_the_module_of_the_domain_that_has_the_name() -> None:
    pattern = re.compile(r"^\s*from \.+domain import", re.MULTILINE)

    assert [module.name for module in modules() if pattern.search(module.text)] == []


def test_imports_inside_a_package_are_relative() -> None:
    absolute = [
        module.name
        for module in modules()
        for package in SOURCES
        if module.name.partition(".")[0] == package
        and re.search(rf"^\s*(from|import) {package}\b", module.text, re.MULTILINE)
    ]

    assert absolute == []
