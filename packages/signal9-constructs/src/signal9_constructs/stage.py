"""A CDK stage that tags, protects and checks all of its stacks."""

from collections.abc import Iterable, Mapping

import jsii
from aws_cdk import (
    CrossStackReferences,
    Environment,
    IPolicyValidationContext,
    IPolicyValidationPlugin,
    PermissionsBoundary,
    PolicyValidationPluginReport,
    PolicyViolatingResource,
    PolicyViolation,
    ReferenceStrength,
    Stack,
    Stage,
    Tags,
    Validations,
)
from aws_cdk.cx_api import CloudAssembly
from constructs import Construct

from .arguments import checked
from .errors import ConstructError
from .limits import LimitChecks
from .suppressions import (
    Acknowledgment,
    Finding,
    RulePack,
    Verdict,
    before_synthesis,
    evaluate,
    write_suppressions,
)

__all__ = ["GuardedStage"]


@checked
class GuardedStage(Stage):
    """A stage that tags and protects its stacks and fails synthesis on any open finding.

    Errors and warnings of the rule packs both fail. Nothing is acknowledged except through
    `acknowledge` or the CDK's own `Validations`, and what is acknowledged is written into the
    templates for cdk-nag, cfn-lint and checkov. `LimitChecks` reports what AWS would refuse for
    its size or number. `tags` are set on all resources that support tags and on the stacks.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        env: Environment | None = None,
        tags: Mapping[str, str] | None = None,
        termination_protection: bool | None = None,
        permissions_boundary: PermissionsBoundary | None = None,
        rule_packs: Iterable[RulePack] = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS),
        acknowledgments: Iterable[Acknowledgment] = (),
        cross_stack_references: ReferenceStrength = ReferenceStrength.WEAK,
    ) -> None:
        super().__init__(scope, id_, env=env, permissions_boundary=permissions_boundary)
        self.rule_packs = tuple(rule_packs)
        self._acknowledgments: list[Acknowledgment] = []
        self._written: dict[Finding, Acknowledgment] = {}
        self.acknowledge(*acknowledgments)
        self._tags = dict(tags or {})
        self._termination_protection = termination_protection
        for key, value in self._tags.items():
            Tags.of(self).add(key, value, exclude_resource_types=["aws:cdk:stack"])
        CrossStackReferences.of(self).consume(cross_stack_references)
        before_synthesis(self, self._write_suppressions)
        Validations.of(self).add_plugins(LimitChecks())
        if self.rule_packs:
            Validations.of(self).add_plugins(_RulePackPlugin(self))

    @property
    def acknowledgments(self) -> tuple[Acknowledgment, ...]:
        """All acknowledgments of this stage, in the order they were added."""
        return tuple(self._acknowledgments)

    def acknowledge(self, *acknowledgments: Acknowledgment) -> None:
        """Accept findings; a reason is required."""
        for acknowledgment in acknowledgments:
            if not acknowledgment.reason.strip():
                raise ConstructError(
                    f"{self.node.path}: acknowledging {acknowledgment.id} requires a reason"
                )
        self._acknowledgments.extend(acknowledgments)

    def verdict(self) -> Verdict:
        """Run the rule packs now and return open, acknowledged and unused entries."""
        verdict = evaluate(self, self.rule_packs, self._acknowledgments)
        # The packs omit what was written into the resources.
        acknowledged = self._written | dict(verdict.acknowledged)
        used = set(acknowledged.values())
        unused = tuple(known for known in verdict.unused if known not in used)
        return Verdict(verdict.open, tuple(acknowledged.items()), unused)

    def _write_suppressions(self) -> None:
        self._written = dict(self.verdict().acknowledged)
        write_suppressions(self, self._written.items())

    def synth(
        self,
        *,
        aspect_stabilization: bool | None = None,
        error_on_duplicate_synth: bool | None = None,
        force: bool | None = None,
        skip_validation: bool | None = None,
        validate_on_synthesis: bool | None = None,
    ) -> CloudAssembly:
        """Protect and tag every stack, then synthesize."""
        for construct in self.node.find_all():
            if isinstance(construct, Stack):
                self._guard(construct)
        return super().synth(
            aspect_stabilization=aspect_stabilization,
            error_on_duplicate_synth=error_on_duplicate_synth,
            force=force,
            skip_validation=skip_validation,
            validate_on_synthesis=validate_on_synthesis,
        )

    def _guard(self, stack: Stack) -> None:
        if self._termination_protection is not None and not stack.nested:
            stack.termination_protection = self._termination_protection
        for key, value in self._tags.items():
            stack.add_stack_tag(key, value)


@jsii.implements(IPolicyValidationPlugin)
class _RulePackPlugin:
    """Reports the open findings of a stage to the CDK, warnings as errors."""

    def __init__(self, stage: GuardedStage) -> None:
        self._stage = stage

    @property
    def name(self) -> str:
        return "signal9-constructs"

    @property
    def rule_ids(self) -> list[str] | None:
        return None

    @property
    def version(self) -> str | None:
        return None

    def validate(self, context: IPolicyValidationContext) -> PolicyValidationPluginReport:  # noqa: ARG002
        findings = self._stage.verdict().open
        by_id: dict[str, list[Finding]] = {}
        for finding in findings:
            by_id.setdefault(finding.id, []).append(finding)
        violations = [_violation(by_id[id_]) for id_ in sorted(by_id)]
        return PolicyValidationPluginReport(success=not findings, violations=violations)


def _violation(findings: list[Finding]) -> PolicyViolation:
    return PolicyViolation(
        rule_name=findings[0].id,
        description=findings[0].description,
        severity="error",
        violating_resources=[
            PolicyViolatingResource(construct_path=finding.path, locations=["Properties"])
            for finding in findings
        ],
    )
