import ast
from pathlib import Path
from typing import Final

import pytest

from .project import ROOT, SOURCES, Definition, Module, modules

LONGEST_MODULE: Final = 1_000
LONGEST_FUNCTION: Final = 30
LONGEST_CONSTRUCT: Final = 60  # a resource takes a line per property
LONGEST_HANDLER: Final = 15
SAY_NOTHING: Final = {"base", "common", "constants", "helper", "helpers", "misc", "util", "utils"}
ROUTES: Final = {"delete", "get", "head", "patch", "post", "put", "route"}


def _functions(module: Module) -> list[Definition]:
    return [each for each in module.definitions() if not isinstance(each.node, ast.ClassDef)]


def _answers_calls(function: Definition) -> bool:
    """Whether Lambda or the router calls it."""
    decorators = [ast.unparse(each) for each in function.node.decorator_list]
    names = [each.partition("(")[0] for each in decorators]
    return (
        function.name in {"handler", "lambda_handler"}
        or any(name.endswith("inject_lambda_context") for name in names)
        or any("." in name and name.rpartition(".")[2] in ROUTES for name in names)
    )


def test_modules_are_at_most_1000_lines_long() -> None:
    lengths = {module.name: module.text.count("\n") for module in modules()}

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_MODULE} == {}


def test_functions_are_at_most_30_lines_long() -> None:
    too_long = {
        f"{module.name}.{function.name}": function.lines
        for module in modules()
        for function in _functions(module)
        if function.lines > (LONGEST_CONSTRUCT if _uses_cdk(module) else LONGEST_FUNCTION)
    }

    assert too_long == {}


def _uses_cdk(module: Module) -> bool:
    return module.name.startswith(("signal9_constructs.", "signal9_deploy.stacks."))


def test_handlers_are_at_most_15_lines_long() -> None:
    lengths = {
        f"{module.name}.{each.name}": each.lines
        for module in modules()
        if module.package == "signal9_handlers"
        for each in _functions(module)
        if _answers_calls(each)
    }

    assert lengths, "signal9_handlers has no handlers"
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_HANDLER} == {}


def test_modules_are_named_after_what_they_hold() -> None:
    paths = [*(module.path for module in modules()), *(ROOT / "tests").rglob("*.py")]
    places = [path.relative_to(ROOT) for path in paths]

    assert [place for place in places if {*place.parent.parts, place.stem} & SAY_NOTHING] == []


@pytest.mark.parametrize("package", SOURCES)
def test_imports_inside_a_package_are_relative(package: str) -> None:
    absolute = [
        f"{_place(module.path)}:{node.lineno}"
        for module in modules()
        if module.package == package
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        and package in {name.partition(".")[0] for name in _imported(node)}
    ]

    assert absolute == []


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [] if node.level or node.module is None else [node.module]


def _place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
