import ast
import json
import sys
from collections.abc import Iterator
from typing import Final

from .project import Definition, Module, modules, output

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


def _all_of(module: Module) -> list[str] | None:
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names: list[str] = ast.literal_eval(node.value)
            return names
    return None


def _top_level(scope: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(scope):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.Import() | ast.ImportFrom():
                yield from (each.asname or each.name.partition(".")[0] for each in node.names)
            case ast.Assign(targets=targets):
                yield from (ast.unparse(target) for target in targets)
            case ast.AnnAssign(target=target):
                yield ast.unparse(target)
            case ast.If() | ast.Try():
                yield from _top_level(node)


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name.lstrip("_")[:1].isupper() else 2, name)


def _run(program: str, *arguments: str) -> list[str]:
    answer: list[str] = json.loads(output(sys.executable, "-B", "-c", program, *arguments))
    return answer


def test_packages_say_what_they_export() -> None:
    silent = [
        module.name
        for module in modules()
        if module.path.name == "__init__.py"
        and any(_top_level(module.tree))
        and _all_of(module) is None
    ]

    assert silent == []


def test_exports_exist_and_are_sorted() -> None:
    exports = {module.name: (_all_of(module) or [], module) for module in modules()}

    missing = {
        name: absent
        for name, (names, module) in exports.items()
        if (absent := set(names) - set(_top_level(module.tree)))
    }
    unsorted = [
        name for name, (names, _) in exports.items() if names != sorted(names, key=_as_ruff_sorts)
    ]
    assert missing == {}
    assert unsorted == []


def test_everything_public_is_described_in_sentences() -> None:
    undescribed = [
        f"{module.name}.{each.name}"
        for module in modules()
        if module.public
        for each in _describable(module)
        if not _summary(each.node).endswith(".")
    ]
    silent = [
        module.name
        for module in modules()
        if module.text and not _summary(module.tree).endswith(".")
    ]

    assert undescribed == []
    assert silent == []


def _describable(module: Module) -> Iterator[Definition]:
    for each in module.definitions():
        decorators = {ast.unparse(decorator) for decorator in each.node.decorator_list}
        if each.public and not decorators & {"overload", "override"}:
            yield each


def _summary(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n\n")[0]


def test_importing_touches_nothing() -> None:
    names = [
        each.name for each in modules() if each.package in {"signal9_core", "signal9_handlers"}
    ]

    assert _run(IMPORT_ALL, *names) == []


def test_the_centre_loads_nothing_heavy() -> None:
    centre = "signal9_core, signal9_core.domain, signal9_core.ports, signal9_core.settings"

    loaded = {name.partition(".")[0] for name in _run(LOADED.format(centre))}

    assert loaded & HEAVY == set()


def test_the_package_itself_loads_next_to_nothing() -> None:
    loaded = _run(LOADED.format("signal9_core"))

    assert [name for name in loaded if name.startswith("signal9_core.")] == ["signal9_core.version"]
    assert {"asyncio", "pydantic", "socket"}.isdisjoint(loaded)
