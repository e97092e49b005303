"""What scanners of templates look at: every construct alone, and all of them together."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from aws_cdk import CfnElement, Stack
from aws_cdk.assertions import Template

from signal9_constructs import Acknowledgment, Finding, known_findings
from signal9_constructs.findings import Tool
from tests.constructs.alone import ALONE, ASKED
from tests.constructs.lab import ENV, app, text
from tests.constructs.shop import Shop

__all__ = ["Scanned", "open_findings", "scanned", "synthesised", "unused_acknowledgments"]


@dataclass(frozen=True)
class Scanned:
    """A template, where each of its resources comes from, and what is known about it."""

    template: str
    paths: dict[str, str]
    known: tuple[Acknowledgment, ...]

    def finding(self, id_: str, logical_id: str, description: str) -> Finding:
        """Return what a scanner found, by the path that people know."""
        return Finding(id_, self.paths[logical_id], "error", description)


def synthesised(tool: Tool) -> dict[str, Scanned]:
    """Return every template, with what the library says that `tool` finds in it."""
    root = app()
    alone = {name: Stack(root, name, env=ENV) for name in (*ALONE, *ASKED)}
    for name, stack in alone.items():
        (ALONE | ASKED)[name](stack)
    shop = Shop()
    together = {"Data": shop.data, "Programs": shop.programs, "Edge": shop.edge}
    return {
        name: scanned(stack, Template.from_stack(stack), known_findings(stack, tool=tool))
        for name, stack in (alone | together).items()
    }


def open_findings(scanned: Scanned, found: Iterable[Finding]) -> list[Finding]:
    """Return what was found and is not known."""
    return [each for each in found if not any(known.covers(each) for known in scanned.known)]


def unused_acknowledgments(
    everything: Iterable[Scanned], found: Iterable[Finding]
) -> set[tuple[str, str]]:
    """Return the id and reason of what is known and nowhere found."""
    findings = list(found)
    known = set(chain.from_iterable(scanned.known for scanned in everything))
    used = {each for each in known if any(each.covers(finding) for finding in findings)}
    return {(each.id, each.reason) for each in known} - {(each.id, each.reason) for each in used}


def scanned(stack: Stack, template: Template, known: Iterable[Acknowledgment]) -> Scanned:
    """Return a stack's template as scanners see it."""
    elements = [each for each in stack.node.find_all() if isinstance(each, CfnElement)]
    paths = {str(stack.resolve(each.logical_id)): each.node.path for each in elements}
    return Scanned(text(template), paths, tuple(known))
