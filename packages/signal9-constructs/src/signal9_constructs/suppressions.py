"""Findings of rule packs and scanners: which are known and why, and which are accepted."""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from itertools import product
from typing import Final, Literal, TypeAlias

from aws_cdk import Stack
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NagPack,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)
from constructs import IConstruct

from .feature_flags import class_name

__all__ = [
    "KNOWN_FINDINGS",
    "Acknowledgment",
    "Finding",
    "KnownFinding",
    "RulePack",
    "Tool",
    "Verdict",
    "evaluate",
    "known_findings",
]

Tool: TypeAlias = Literal["cdk-nag", "cfn-lint", "checkov"]

_ANY: Final = "**"
_CFN_LINT_ID: Final = re.compile(r"[EWI]\d{4}")


class RulePack(StrEnum):
    """A cdk-nag pack, by the prefix of its rule ids."""

    AWS_SOLUTIONS = "AwsSolutions"
    SERVERLESS = "Serverless"
    NIST_800_53_R5 = "NIST.800.53.R5"
    PCI_DSS_321 = "PCI.DSS.321"
    HIPAA_SECURITY = "HIPAA.Security"


_CHECKS: dict[RulePack, Callable[[], NagPack]] = {
    RulePack.AWS_SOLUTIONS: AwsSolutionsChecks,
    RulePack.SERVERLESS: ServerlessChecks,
    RulePack.NIST_800_53_R5: NIST80053R5Checks,
    RulePack.PCI_DSS_321: PCIDSS321Checks,
    RulePack.HIPAA_SECURITY: HIPAASecurityChecks,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a resource violates, as an error or a warning."""

    id: str
    path: str
    severity: str
    description: str


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """A finding that is accepted, where and why.

    `**` in `id` and `path` matches any text; all other characters are literal, such as the star
    and the brackets of the granular id `AwsSolutions-IAM5[Resource::*]`.
    """

    id: str
    reason: str
    path: str = _ANY

    def covers(self, finding: Finding) -> bool:
        """Return whether this acknowledgment accepts `finding`."""
        return _matches(self.id, finding.id) and _matches(self.path, finding.path)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Open findings, acknowledged findings, and acknowledgments that accept nothing."""

    open: tuple[Finding, ...]
    acknowledged: tuple[tuple[Finding, Acknowledgment], ...]
    unused: tuple[Acknowledgment, ...]


def evaluate(
    scope: IConstruct, packs: Iterable[RulePack], acknowledgments: Iterable[Acknowledgment]
) -> Verdict:
    """Run `packs` on everything below `scope` and sort the findings.

    The packs themselves omit what was acknowledged through the CDK's own `Validations`.
    """
    acknowledgments = tuple(acknowledgments)
    open_findings, acknowledged = [], []
    for pack in packs:
        for finding in _findings(scope, pack):
            covering = [known for known in acknowledgments if known.covers(finding)]
            if covering:
                acknowledged.append((finding, covering[0]))
            else:
                open_findings.append(finding)
    used = {acknowledgment for _, acknowledgment in acknowledged}
    unused = tuple(known for known in acknowledgments if known not in used)
    return Verdict(tuple(open_findings), tuple(acknowledged), unused)


def _findings(scope: IConstruct, pack: RulePack) -> Iterator[Finding]:
    for violation in _CHECKS[pack]().validate_scope(scope).violations:
        for resource in violation.violating_resources:
            yield Finding(
                id=violation.rule_name,
                path=resource.construct_path or "",
                severity=violation.severity or "error",
                description=violation.description,
            )


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split(_ANY))), text) is not None


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding below a construct of this library; `**` in `id` and `path` matches any text.

    A path that begins with `/` starts at the stack, where the CDK keeps shared resources.
    """

    construct: str
    path: str
    id: str
    reason: str

    @property
    def tool(self) -> Tool:
        """The scanner that reports it."""
        if self.id.startswith("CKV_"):
            return "checkov"
        return "cfn-lint" if _CFN_LINT_ID.fullmatch(self.id) else "cdk-nag"


def known_findings(scope: IConstruct, *, tool: Tool = "cdk-nag") -> tuple[Acknowledgment, ...]:
    """Return the known findings at and below `scope`, for `GuardedStage.acknowledge`."""
    return tuple(
        Acknowledgment(known.id, known.reason, _full_path(construct, known.path))
        for construct in scope.node.find_all()
        if (name := class_name(construct))
        for known in KNOWN_FINDINGS
        if known.construct == name and known.tool == tool
    )


def _full_path(construct: IConstruct, path: str) -> str:
    if path.startswith("/"):
        return Stack.of(construct).node.path + path
    return f"{construct.node.path}/{path}"


def _read_known_findings() -> Iterator[KnownFinding]:
    text = files(__package__).joinpath("known_findings.toml").read_text("utf-8")
    for entry in tomllib.loads(text)["finding"]:
        for place, id_ in product(entry["at"], entry["ids"]):
            construct, _, path = place.partition(" ")
            full_id = id_.replace("NIST-", f"{RulePack.NIST_800_53_R5}-")
            yield KnownFinding(construct, path, full_id, entry["reason"])


KNOWN_FINDINGS: Final = tuple(_read_known_findings())
"""The findings of AwsSolutions, Serverless, NIST 800-53 r5, cfn-lint and checkov, with defaults."""
