"""Hands out what scanners find in these constructs, to whoever decides whether to accept it.

Nothing is acknowledged for anybody here.
"""

from aws_cdk import Stack
from constructs import IConstruct

from .findings import KNOWN_FINDINGS, Tool
from .kinds import kind_of
from .rules import Acknowledgment

__all__ = ["known_findings"]


def known_findings(scope: IConstruct, *, tool: Tool = "cdk-nag") -> tuple[Acknowledgment, ...]:
    """Return what is known about `scope` and all below it, for `GuardedStage.acknowledge`.

    What other scanners find is returned by their name, for whoever runs them.
    """
    return tuple(
        Acknowledgment(known.id, known.reason, _whole_path(construct, known.path))
        for construct in scope.node.find_all()
        if (kind := kind_of(construct))
        for known in KNOWN_FINDINGS
        if known.construct == kind and known.tool == tool
    )


def _whole_path(construct: IConstruct, path: str) -> str:
    if path.startswith("/"):
        return Stack.of(construct).node.path + path
    return f"{construct.node.path}/{path}"
