"""Records what users of the library can name: `python -m tests.constructs.surface`.

It writes `packages/signal9-constructs/surface.txt`: every export with its arguments, types,
defaults, methods and attributes, and what is deprecated, a line each.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import signal9_constructs

__all__ = ["RECORD", "surface"]

RECORD: Final = Path(__file__).parents[2] / "packages/signal9-constructs/surface.txt"

_PACKAGE: Final = signal9_constructs.__name__


def surface() -> str:
    """Return the public names of the library with their signatures."""
    blocks = ("\n".join(_describe(name)) for name in signal9_constructs.__all__)
    return "\n\n".join(blocks) + "\n"


def _describe(name: str) -> Iterator[str]:
    exported = getattr(signal9_constructs, name)
    if inspect.isclass(exported):
        yield from of_class(exported)
    elif inspect.isfunction(exported):
        yield from _function(_tree(exported), "")
    else:
        yield f"{name}: {type(exported).__name__}"


def of_class(class_: type) -> Iterator[str]:
    """Describe a class with what it inherits from classes of the library."""
    tree = _tree(class_)
    assert isinstance(tree, ast.ClassDef)
    yield f"class {tree.name}({', '.join(map(ast.unparse, tree.bases))})"
    yield from _deprecation(tree, "    ")
    members: dict[str, list[str]] = {}
    for each in class_.__mro__:
        if each.__module__.partition(".")[0] == class_.__module__.partition(".")[0]:
            for member, lines in _members(_tree(each)):
                members.setdefault(member, lines)
    for _, lines in sorted(members.items()):
        yield from lines


def _tree(of: object) -> ast.stmt:
    source = textwrap.dedent(inspect.getsource(of))  # type: ignore[arg-type]  # class or function
    return ast.parse(source).body[0]


def _members(tree: ast.stmt) -> Iterator[tuple[str, list[str]]]:
    """Yield the public members of a class; `__init__` comes first, being its arguments."""
    assert isinstance(tree, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            if node.name == "__init__":
                yield "", [*_function(node, "    ")]
                yield from _attributes(node)
            elif not node.name.startswith("_"):
                yield node.name, [*_function(node, "    ")]
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
            if isinstance(target, ast.Name) and not target.id.startswith("_"):
                yield target.id, [f"    {ast.unparse(node)}"]


def _attributes(init: ast.FunctionDef) -> Iterator[tuple[str, list[str]]]:
    """Yield what a constructor sets for its users."""
    for node in ast.walk(init):
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Attribute) and not target.attr.startswith("_"):
                yield target.attr, [f"    {target.attr}"]


def _function(node: ast.stmt, indent: str) -> Iterator[str]:
    assert isinstance(node, ast.FunctionDef)
    yield from _deprecation(node, indent)
    arguments = node.args
    kinds = {ast.unparse(each) for each in node.decorator_list} & {"property", "classmethod"}
    prefix = "".join(f"{kind} " for kind in sorted(kinds))
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    yield f"{indent}{prefix}{node.name}{returns}"
    for name in ("self", "cls"):
        arguments.args = [each for each in arguments.args if each.arg != name]
    positional = len(arguments.args)
    defaults = [None] * (positional - len(arguments.defaults)) + arguments.defaults
    for argument, default in zip(arguments.args, defaults, strict=True):
        yield f"{indent}    {_argument(argument, default)}"
    if arguments.vararg:
        yield f"{indent}    *{ast.unparse(arguments.vararg)}"
    elif arguments.kwonlyargs:
        yield f"{indent}    *"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield f"{indent}    {_argument(argument, default)}"
    if arguments.kwarg:
        yield f"{indent}    **{ast.unparse(arguments.kwarg)}"


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + (f" = {ast.unparse(default)}" if default else "")


def _deprecation(node: ast.ClassDef | ast.FunctionDef, indent: str) -> Iterator[str]:
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "deprecated":
            yield f"{indent}deprecated: {ast.literal_eval(decorator.args[0])}"


if __name__ == "__main__":
    RECORD.write_text(surface(), "utf-8")
