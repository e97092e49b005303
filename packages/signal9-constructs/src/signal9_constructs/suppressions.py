"""Findings of rule packs and scanners: which are known and why, and which are accepted.

What is accepted is written into the template, as each scanner reads it: cdk-nag in the CDK's
`Validations`, cfn-lint and checkov in the metadata of the resource.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from importlib.resources import files
from itertools import product
from typing import Any, Final, Literal, TypeAlias

import jsii
from aws_cdk import Acknowledgment as CdkAcknowledgment
from aws_cdk import CfnResource, Stack, Validations
from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NagPack,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)
from constructs import IConstruct, IValidation

from .feature_flags import class_name

__all__ = [
    "KNOWN_FINDINGS",
    "Acknowledgment",
    "Finding",
    "KnownFinding",
    "RulePack",
    "Tool",
    "Verdict",
    "acknowledge_known_findings",
    "before_synthesis",
    "evaluate",
    "known_findings",
    "write_suppressions",
]

Tool: TypeAlias = Literal["cdk-nag", "cfn-lint", "checkov"]

_ANY: Final = "**"
_CFN_LINT_ID: Final = re.compile(r"[EWI]\d{4}")
_SAME_AS: Final = {
    "CKV_AWS_59": "AwsSolutions-APIG4",
    "CKV_AWS_68": "AwsSolutions-CFR2",
    "CKV_AWS_174": "AwsSolutions-CFR4",
}
"""Checks of checkov by the rule of cdk-nag that reports the same."""
_REPORTED_WITHOUT: Final = {
    "CKV_AWS_18": ("AWS::S3::Bucket", "logging_configuration"),
    "CKV_AWS_27": ("AWS::SQS::Queue", "kms_master_key_id"),
    "CKV_AWS_111": ("AWS::IAM::Policy", ""),
    "CKV_AWS_115": ("AWS::Lambda::Function", "reserved_concurrent_executions"),
    "CKV_AWS_116": ("AWS::Lambda::Function", "dead_letter_config"),
    "CKV_AWS_117": ("AWS::Lambda::Function", "vpc_config"),
    "CKV_AWS_120": ("AWS::ApiGateway::Stage", "cache_cluster_enabled"),
    "CKV_AWS_149": ("AWS::SecretsManager::Secret", "kms_key_id"),
    "CKV_AWS_158": ("AWS::Logs::LogGroup", "kms_key_id"),
    "CKV_AWS_173": ("AWS::Lambda::Function", "kms_key_arn"),
}
"""Other checks of checkov by the resources that they report: a type that lacks a property."""
_LISTS: Final = {"cdk-nag": ("rules_to_suppress", "reason"), "checkov": ("skip", "comment")}


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

    @property
    def tool(self) -> Tool:
        """The scanner that reports the finding."""
        return _tool(self.id)

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

    The packs themselves omit what was acknowledged through the CDK's own `Validations`. cfn-lint
    and checkov do not run here: what is acknowledged of them counts as found where it can be.
    """
    acknowledgments = tuple(acknowledgments)
    open_findings, acknowledged = [], []
    reported = [finding for pack in packs for finding in _findings(scope, pack)]
    for finding in reported:
        covering = [known for known in acknowledgments if known.covers(finding)]
        if covering:
            acknowledged.append((finding, covering[0]))
        else:
            open_findings.append(finding)
    others = [known for known in acknowledgments if known.tool != "cdk-nag"]
    acknowledged += _expected(_elements(scope), reported, others)
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


def _elements(scope: IConstruct) -> dict[str, CfnResource | Stack]:
    return {
        construct.node.path: construct
        for construct in scope.node.find_all()
        if isinstance(construct, (CfnResource, Stack))
    }


def _expected(
    elements: Mapping[str, CfnResource | Stack],
    reported: Iterable[Finding],
    acknowledgments: Iterable[Acknowledgment],
) -> Iterator[tuple[Finding, Acknowledgment]]:
    """Yield what cfn-lint and checkov will find of what is acknowledged.

    What cfn-lint finds in a whole stack is accepted in its template, once.
    """
    rules = {(finding.id, finding.path) for finding in reported}
    for known in acknowledgments:
        matching = {path: each for path, each in elements.items() if _matches(known.path, path)}
        stacks = {path for path, each in matching.items() if isinstance(each, Stack)}
        whole = known.tool == "cfn-lint" and bool(stacks)
        for path, element in matching.items():
            same = _SAME_AS.get(known.id)
            expected = isinstance(element, CfnResource) and _lacks(element, known.id)
            if (path in stacks) if whole else expected and (not same or (same, path) in rules):
                yield Finding(known.id, path, "warning", f"reported by {known.tool}"), known


def _lacks(resource: CfnResource, check: str) -> bool:
    type_, name = _REPORTED_WITHOUT.get(check, (resource.cfn_resource_type, ""))
    return resource.cfn_resource_type == type_ and (
        not name or getattr(resource, name, None) is None
    )


def _matches(pattern: str, text: str) -> bool:
    return _compiled(pattern).fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split(_ANY))))


def _tool(id_: str) -> Tool:
    if id_.startswith("CKV"):
        return "checkov"
    return "cfn-lint" if _CFN_LINT_ID.fullmatch(id_) else "cdk-nag"


def write_suppressions(
    scope: IConstruct, acknowledged: Iterable[tuple[Finding, Acknowledgment]]
) -> None:
    """Write into the resources below `scope` that these findings are accepted, and why."""
    reasons: dict[str, dict[Tool, dict[str, str]]] = {}
    for finding, known in acknowledged:
        tools = reasons.setdefault(finding.path, {})
        tools.setdefault(known.tool, {})[finding.id] = known.reason
    for path, element in _elements(scope).items():
        for tool, accepted in reasons.get(path, {}).items():
            _suppress(element, tool, accepted)


def _suppress(element: CfnResource | Stack, tool: Tool, accepted: Mapping[str, str]) -> None:
    key = "cdk_nag" if tool == "cdk-nag" else tool
    if isinstance(element, Stack):
        metadata: dict[str, Any] = (element.template_options.metadata or {}).get(key, {})
    else:
        metadata = element.get_metadata(key) or {}
    if tool == "cfn-lint":
        config = metadata.get("config", {})
        ignored = sorted({*config.get("ignore_checks", []), *accepted})
        metadata["config"] = {**config, "ignore_checks": ignored}
        metadata["reasons"] = {**metadata.get("reasons", {}), **accepted}
    else:
        entries, reason = _LISTS[tool]
        kept = [entry for entry in metadata.get(entries, []) if entry["id"] not in accepted]
        added = [{"id": id_, reason: accepted[id_]} for id_ in sorted(accepted)]
        metadata[entries] = [*kept, *added]
    if tool == "cdk-nag":
        Validations.of(element).acknowledge(
            *(CdkAcknowledgment(id=id_, reason=accepted[id_]) for id_ in accepted)
        )
    element.add_metadata(key, metadata)


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
        return _tool(self.id)


def known_findings(scope: IConstruct, *, tool: Tool | None = None) -> tuple[Acknowledgment, ...]:
    """Return the known findings at and below `scope`, for `GuardedStage.acknowledge`.

    All, or those of one `tool`.
    """
    return tuple(
        Acknowledgment(known.id, known.reason, _full_path(construct, known.path))
        for construct in scope.node.find_all()
        if (name := class_name(construct))
        for known in KNOWN_FINDINGS
        if known.construct == name and tool in {None, known.tool}
    )


def acknowledge_known_findings(
    scope: IConstruct,
    *own: Acknowledgment,
    rule_packs: Iterable[RulePack] = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS),
) -> None:
    """Accept the known findings and your `own` in every stack at and below `scope`.

    For apps without a `GuardedStage`. Call it when the stacks exist; what is added to them later
    is covered. `rule_packs` are the packs of cdk-nag that you use.
    """
    packs = tuple(rule_packs)
    for construct in scope.node.find_all():
        if isinstance(construct, Stack):
            before_synthesis(construct, partial(_write_known_findings, construct, packs, own))


def _write_known_findings(
    stack: Stack, packs: Iterable[RulePack], own: Iterable[Acknowledgment]
) -> None:
    known = (*own, *known_findings(stack))
    write_suppressions(stack, evaluate(stack, packs, known).acknowledged)


def before_synthesis(construct: IConstruct, action: Callable[[], None]) -> None:
    """Run `action` when the CDK has resolved all references and templates can still change.

    Only then the names of resources in ids such as `AwsSolutions-IAM5[Resource::…]` are final.
    """
    construct.node.add_validation(_BeforeSynthesis(action))


@jsii.implements(IValidation)
class _BeforeSynthesis:
    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action

    def validate(self) -> list[str]:
        self._action()
        return []


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
