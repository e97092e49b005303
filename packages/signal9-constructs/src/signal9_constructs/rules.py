"""Rule packs by name, what they find, and what is accepted with a reason."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cdk_nag import (
    AwsSolutionsChecks,
    HIPAASecurityChecks,
    NagPack,
    NIST80053R5Checks,
    PCIDSS321Checks,
    ServerlessChecks,
)
from constructs import IConstruct

__all__ = ["Acknowledgment", "Finding", "RulePack", "Verdict", "judge"]


class RulePack(StrEnum):
    """A cdk-nag pack, by the name that its rule ids begin with."""

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


_ANYTHING: Final = "**"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one resource breaks, be it an error or a warning."""

    id: str
    path: str
    severity: str
    description: str


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """A finding that is accepted, where, and why.

    `**` stands for any text in `id` and `path`; everything else stands for itself, such as the star
    and the brackets of the granular id `AwsSolutions-IAM5[Resource::*]`.
    """

    id: str
    reason: str
    path: str = _ANYTHING

    def covers(self, finding: Finding) -> bool:
        """Say whether this acknowledgment is about `finding`."""
        return _matches(self.id, finding.id) and _matches(self.path, finding.path)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every finding, apart by whether somebody accepted it; `unused` accepts nothing at all."""

    open: tuple[Finding, ...]
    acknowledged: tuple[tuple[Finding, Acknowledgment], ...]
    unused: tuple[Acknowledgment, ...]


def judge(
    scope: IConstruct, packs: Iterable[RulePack], acknowledgments: Iterable[Acknowledgment]
) -> Verdict:
    """Run `packs` over everything below `scope` and sort what they find.

    What was acknowledged through CDK's own `Validations` is left out by the packs themselves.
    """
    given = tuple(acknowledgments)
    found = [finding for pack in packs for finding in _findings(scope, pack)]
    accepted = [(finding, _first_cover(finding, given)) for finding in found]
    used = {acknowledgment for _, acknowledgment in accepted}
    return Verdict(
        open=tuple(finding for finding, reason in accepted if reason is None),
        acknowledged=tuple((finding, reason) for finding, reason in accepted if reason is not None),
        unused=tuple(acknowledgment for acknowledgment in given if acknowledgment not in used),
    )


def _findings(scope: IConstruct, pack: RulePack) -> Iterator[Finding]:
    for violation in _CHECKS[pack]().validate_scope(scope).violations:
        for resource in violation.violating_resources:
            yield Finding(
                id=violation.rule_name,
                path=resource.construct_path or "",
                severity=violation.severity or "error",
                description=violation.description,
            )


def _first_cover(finding: Finding, given: tuple[Acknowledgment, ...]) -> Acknowledgment | None:
    return next((each for each in given if each.covers(finding)), None)


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split(_ANYTHING))), text) is not None
