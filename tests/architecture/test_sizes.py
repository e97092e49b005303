import ast
import re
from typing import Final

from .project import SOURCES, modules

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
