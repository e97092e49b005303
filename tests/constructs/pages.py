"""Generates parts of the constructs' pages: `python -m tests.constructs.pages`.

Everything between `<!-- defaults NAME -->`, `<!-- cost NAME -->` or `<!-- acknowledgments NAME -->`
and `<!-- end -->` is generated: defaults from signatures and docstrings, costs from templates and
`deploy/prices.toml`, acknowledgments from the known findings. The meanings of arguments are kept.
"""

import inspect
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from aws_cdk.assertions import Template

import signal9_constructs
from signal9_constructs import KNOWN_FINDINGS
from signal9_deploy.commands.cost import estimate, load_prices
from tests.constructs.alone import ALONE
from tests.constructs.lab import synthesise_each

__all__ = ["PAGES", "blocks", "items_at_rest", "meanings", "parameters", "rendered", "source_of"]

_FOLDER: Final = Path(__file__).parents[2] / "docs" / "constructs"
PAGES: Final = sorted(
    (page for page in _FOLDER.glob("[a-z]*.md") if page.stem != "comparison"),
    key=lambda page: page.stem,
)
_BLOCK: Final = re.compile(r"<!-- (\w+) (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
_ROW: Final = re.compile(r"^\| `(\w+)` \| (.*?) \| (.*?) ?\|$", re.MULTILINE)
_PRICE_PAGES: Final = {
    "EC2": "vpc",
    "ECS": "fargate",
    "ElasticLoadBalancingV2": "elasticloadbalancing",
    "SecretsManager": "secrets-manager",
    "WAFv2": "waf",
}


class Item(NamedTuple):
    """The monthly cost at rest of a kind of resource, and the AWS page with its price."""

    unit: str
    units: int
    usd: Decimal
    source: str


def items_at_rest(template: Mapping[str, Any]) -> list[Item]:
    """Return what a template costs without any use, the most expensive first."""
    prices = load_prices()
    items = []
    for line in estimate([{"Resources": {}, **template}], prices).lines:
        if line.at_rest:
            price = prices.at_rest[line.resource]
            units = int(line.at_rest / price.price)
            items.append(Item(price.unit, units, line.at_rest, source_of(line.resource)))
    return sorted(items, key=lambda item: (-item.usd, item.unit))


def source_of(resource_type: str) -> str:
    """Return the AWS page with the price of a resource type."""
    service = resource_type.split("::")[1]
    return f"aws.amazon.com/{_PRICE_PAGES.get(service, service.lower())}/pricing"


def rendered(text: str) -> str:
    """Return a page with its generated blocks up to date."""
    return _BLOCK.sub(_block, text)


def blocks(text: str, kind: str) -> dict[str, str]:
    """Return the generated blocks of one kind, by class."""
    return {name: body for kind_, name, body in _BLOCK.findall(text) if kind_ == kind}


def meanings(block: str) -> dict[str, str]:
    """Return the meanings of arguments in a table."""
    return {name: meaning.strip() for name, _, meaning in _ROW.findall(block)}


def parameters(name: str) -> list[inspect.Parameter]:
    """Return the arguments of a class, without those of every construct."""
    signature = inspect.signature(getattr(signal9_constructs, name).__init__)
    # Classes without a constructor take `*args` and `**kwargs`.
    common = {"self", "scope", "id_", "args", "kwargs"}
    return [
        parameter for parameter in signature.parameters.values() if parameter.name not in common
    ]


def _block(match: re.Match[str]) -> str:
    kind, name, old = match.groups()
    lines = {"defaults": _defaults, "cost": _cost, "acknowledgments": _acknowledgments}
    body = "\n".join(lines[kind](name, old))
    return f"<!-- {kind} {name} -->\n{body}\n<!-- end -->"


def _defaults(name: str, old: str) -> Iterator[str]:
    known = meanings(old)
    yield from inspect.cleandoc(getattr(signal9_constructs, name).__doc__).splitlines()
    if not parameters(name):
        return
    yield ""
    yield "| argument | default | meaning |"
    yield "|---|---|---|"
    for parameter in parameters(name):
        default = _default(parameter.default)
        yield f"| `{parameter.name}` | {default} | {known.get(parameter.name, '')} |"


def _default(value: object) -> str:
    if value is inspect.Parameter.empty:
        return "required"
    if value is None or value == () or "factory" in repr(value):
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{_display(value)}`"


def _display(value: object) -> str:
    if isinstance(value, Enum):
        return value.value if isinstance(value, str) else value.name
    if isinstance(value, tuple):
        return ", ".join(map(_display, value))
    if hasattr(value, "name"):
        return str(value.name).rsplit(".", maxsplit=1)[-1]
    return str(value)


@cache
def _templates() -> Mapping[str, Mapping[str, Any]]:
    stacks = synthesise_each(ALONE)
    return {name: Template.from_stack(stack).to_json() for name, stack in stacks.items()}


def _cost(name: str, _old: str) -> Iterator[str]:
    items, prices = items_at_rest(_templates().get(name, {})), load_prices()
    if not items:
        yield "Nothing at rest; only use and storage cost."
        return
    yield "| at rest | number | USD a month | price from |"
    yield "|---|---|---|---|"
    for item in items:
        yield f"| {item.unit} | {item.units} | {item.usd:.2f} | {item.source} |"
    total = sum((item.usd for item in items), Decimal())
    when = f"{prices.date:%Y-%m}, {prices.region}, without free tiers"
    yield f"| total | | {total:.2f} | {when} |"
    yield ""
    yield "This is the construct in `tests/constructs/alone.py` without any use. Requests, traffic"
    yield "and storage are extra."


def _acknowledgments(name: str, _old: str) -> Iterator[str]:
    known = sorted((entry.reason, entry.id) for entry in KNOWN_FINDINGS if entry.construct == name)
    if not known:
        yield "None are needed."
        return
    yield "| finding | reason |"
    yield "|---|---|"
    for reason, pairs in groupby(known, key=lambda pair: pair[0]):
        ids = ", ".join(f"`{id_}`" for id_ in dict.fromkeys(id_ for _, id_ in pairs))
        yield f"| {ids} | {reason} |"


def main() -> int:
    """Update every page, and print the names of those that changed."""
    for page in PAGES:
        before = page.read_text("utf-8")
        after = rendered(before)
        if after != before:
            page.write_text(after, "utf-8")
            sys.stdout.write(f"{page.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
