"""Writes what the code knows into the pages of the constructs: `python -m tests.constructs.pages`.

Between `<!-- defaults NAME -->`, `<!-- cost NAME -->` or `<!-- acknowledgments NAME -->` and
`<!-- end -->` everything is generated: defaults from signatures and docstrings, costs from
templates and prices, acknowledgments from the library's list. What an argument means is kept.
"""

import inspect
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

from aws_cdk import Stack
from aws_cdk.assertions import Template

import signal9_constructs
from signal9_constructs import KNOWN_FINDINGS
from tests.constructs.alone import ALONE
from tests.constructs.costs import Item, items_at_rest, priced_on
from tests.constructs.lab import ENV, app

__all__ = ["PAGES", "blocks", "meanings", "parameters", "rendered"]

PAGES: Final = sorted(
    (Path(__file__).parents[2] / "docs" / "constructs").glob("[a-z]*.md"),
    key=lambda page: page.stem,
)
_BLOCK: Final = re.compile(r"<!-- (\w+) (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
_ROW: Final = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\|$", re.MULTILINE)


def rendered(text: str) -> str:
    """Return a page with every generated block as the code would have it now."""
    return _BLOCK.sub(_block, text)


def blocks(text: str, kind: str) -> dict[str, str]:
    """Return the generated blocks of one kind, by the class that each is about."""
    return {name: body for found, name, body in _BLOCK.findall(text) if found == kind}


def meanings(block: str) -> dict[str, str]:
    """Return what a table says each argument means."""
    return {name: meaning.strip() for name, _, meaning in _ROW.findall(block)}


def parameters(name: str) -> list[inspect.Parameter]:
    """Return the arguments of a class, without those that every construct has."""
    found = inspect.signature(getattr(signal9_constructs, name).__init__).parameters.values()
    return [each for each in found if each.name not in {"self", "scope", "id_"}]


def _block(match: re.Match[str]) -> str:
    kind, name, old = match.groups()
    lines = {"defaults": _defaults, "cost": _cost, "acknowledgments": _acknowledgments}
    body = "\n".join(lines[kind](name, old))
    return f"<!-- {kind} {name} -->\n{body}\n<!-- end -->"


def _defaults(name: str, old: str) -> Iterator[str]:
    known = meanings(old)
    yield from inspect.cleandoc(getattr(signal9_constructs, name).__doc__).splitlines()
    yield ""
    yield "| argument | default | meaning |"
    yield "|---|---|---|"
    for each in parameters(name):
        yield f"| `{each.name}` | {_default(each.default)} | {known.get(each.name, '')} |"


def _default(value: object) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or value == () or "factory" in repr(value):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{_shown(value)}`"


def _shown(value: object) -> str:
    if isinstance(value, Enum):
        return value.value if isinstance(value, str) else value.name
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value))
    if hasattr(value, "name"):
        return str(value.name).rsplit(".", maxsplit=1)[-1]
    return str(value)


@cache
def _templates() -> Mapping[str, object]:
    root = app()
    stacks = {name: Stack(root, name, env=ENV) for name in ALONE}
    for name, build in ALONE.items():
        build(stacks[name])
    return {name: Template.from_stack(stack).to_json() for name, stack in stacks.items()}


def _cost(name: str, _old: str) -> Iterator[str]:
    template = json.loads(json.dumps(_templates().get(name, {})))
    items = items_at_rest(template)
    if not items:
        yield "Nothing at rest: it costs by use and by what it holds."
        return
    yield "| at rest | number | USD a month | price from |"
    yield "|---|---|---|---|"
    yield from map(_item, items)
    total = sum((item.usd for item in items), Decimal())
    yield f"| together | | {total:.2f} | {priced_on()} |"
    yield ""
    yield "This is what `tests/constructs/alone.py` makes, when nobody uses it. Requests, traffic"
    yield "and what is stored come on top."


def _item(item: Item) -> str:
    return f"| {item.what} | {item.units} | {item.usd:.2f} | {item.source} |"


def _acknowledgments(name: str, _old: str) -> Iterator[str]:
    found = sorted((each.reason, each.id) for each in KNOWN_FINDINGS if each.construct == name)
    if not found:
        yield "None are needed."
        return
    yield "| found by a scanner | why it is so |"
    yield "|---|---|"
    for reason, each in groupby(found, key=lambda pair: pair[0]):
        yield f"| {_ids([id_ for _, id_ in each])} | {reason} |"


def _ids(ids: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in dict.fromkeys(ids))


def main() -> int:
    """Write every page anew, and say which have changed."""
    for page in PAGES:
        before = page.read_text("utf-8")
        after = rendered(before)
        if after != before:
            page.write_text(after, "utf-8")
            sys.stdout.write(f"{page.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
