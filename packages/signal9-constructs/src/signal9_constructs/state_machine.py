"""A Step Functions state machine whose failed executions can be started again."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack, TimeZone, aws_iam, aws_kms
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from .alarms import AlarmTarget, add_dead_letter_alarm, make_alarms
from .alarms_events import state_machine_subject
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError
from .feature_flags import prepare
from .logs import make_log_group
from .queue import make_dead_letters

__all__ = ["Definition", "StateMachineJob"]

Definition: TypeAlias = sfn.IChainable | Mapping[str, object] | Path | str
"""States of the CDK, or Amazon States Language: a document, its text or a file."""

_LOG_PREFIX: Final = "/aws/vendedlogs/states/"  # other names fill up a policy of the account
_NET: Final = ("FAILED", "TIMED_OUT")


@checked
@jsii.implements(aws_iam.IGrantable)
class StateMachineJob(Construct):
    """A state machine with logs, traces, a time limit and a net for failed executions.

    An execution that fails or times out leaves its event, which contains its ARN and its input, in
    `failures`; starts that cannot be delivered go to `dead_letters`. Express executions send no
    such events, so they have no `failures`. With a topic there are alarms.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        definition: Definition,
        substitutions: Mapping[str, str] | None = None,
        state_machine_name: str | None = None,
        comment: str | None = None,
        express: bool = False,
        timeout_s: int = 3600,
        role: aws_iam.IRole | None = None,
        tracing: bool = True,
        log_level: sfn.LogLevel = sfn.LogLevel.ALL,
        log_inputs: bool = False,
        log_retention_days: int = 30,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: sfn.StateMachineProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        body = self._body(definition, timeout_s)
        self._encryption_key, self._removal_policy = encryption_key, removal_policy
        self._scheduler_role: aws_iam.Role | None = None
        self.log_group = make_log_group(
            self,
            "Logs",
            name=_LOG_PREFIX + (state_machine_name or self.node.addr[-12:]),
            retention_days=log_retention_days,
            removal_policy=removal_policy,
            encryption_key=encryption_key,
        )
        own = sfn.StateMachineProps(
            state_machine_name=state_machine_name,
            comment=comment,
            definition_body=body,
            definition_substitutions=substitutions,
            state_machine_type=(
                sfn.StateMachineType.EXPRESS if express else sfn.StateMachineType.STANDARD
            ),
            timeout=Duration.seconds(timeout_s) if _is_chain(definition) else None,
            role=role,
            tracing_enabled=tracing,
            logs=sfn.LogOptions(
                destination=self.log_group, level=log_level, include_execution_data=log_inputs
            ),
            encryption_configuration=(
                sfn.CustomerManagedEncryptionConfiguration(encryption_key)
                if encryption_key
                else None
            ),
        )
        self.state_machine = sfn.StateMachine(self, "Default", **merge(self, props, own))
        if encryption_key:
            # The L2 grants the key for a state machine of the empty name, unless there is a name.
            encryption_key.grant(self.state_machine, "kms:Decrypt", "kms:GenerateDataKey")
        self.dead_letters = self._make_queue("DeadLetters")
        self.failures = None if express else self._collect_failures()
        if alarm_topic:
            self._add_alarms(alarm_topic)

    @property
    def resource(self) -> sfn.IStateMachine:
        """The state machine, so that the construct can stand for it."""
        return self.state_machine

    @property
    def grant_principal(self) -> aws_iam.IPrincipal:
        """The role of the state machine, so that the construct is a grantee itself."""
        return self.state_machine.grant_principal

    def grant_start(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` start executions."""
        return self.state_machine.grant_start_execution(grantee)

    def grant_start_sync(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` start express executions and wait for their results."""
        return self.state_machine.grant_start_sync_execution(grantee)

    def start_on_schedule(
        self,
        id_: str,
        *,
        schedule: str,
        time_zone: str = "Etc/UTC",
        payload: Mapping[str, object] | None = None,
        description: str | None = None,
        enabled: bool = True,
        retries: int = 8,
        max_event_age_s: int = 7200,
    ) -> scheduler.Schedule:
        """Start an execution on `schedule`, an expression such as `cron(0 6 * * ? *)`."""
        return scheduler.Schedule(
            self,
            id_,
            description=description,
            enabled=enabled,
            schedule=scheduler.ScheduleExpression.expression(schedule, TimeZone.of(time_zone)),
            target=scheduler_targets.StepFunctionsStartExecution(
                self.state_machine,
                input=scheduler.ScheduleTargetInput.from_object(dict(payload or {})),
                role=self._role_of_scheduler(),
                dead_letter_queue=self.dead_letters,
                retry_attempts=retries,
                max_event_age=Duration.seconds(max_event_age_s),
            ),
        )

    def start_on_event(
        self,
        id_: str,
        *,
        pattern: events.EventPattern,
        bus: events.IEventBus | Wrapper[events.IEventBus] | None = None,
        payload: events.RuleTargetInput | None = None,
        description: str | None = None,
        enabled: bool = True,
        retries: int = 8,
        max_event_age_s: int = 7200,
    ) -> events.Rule:
        """Start an execution for each matching event, whose JSON is the input by default."""
        target = event_targets.SfnStateMachine(
            self.state_machine,
            input=payload,
            dead_letter_queue=self.dead_letters,
            retry_attempts=retries,
            max_event_age=Duration.seconds(max_event_age_s),
        )
        return events.Rule(
            self,
            id_,
            event_bus=unwrap(bus),
            event_pattern=pattern,
            description=description,
            enabled=enabled,
            targets=[target],
        )

    def _body(self, definition: Definition, timeout_s: int) -> sfn.DefinitionBody:
        if _is_chain(definition):
            return sfn.DefinitionBody.from_chainable(definition)  # type: ignore[arg-type]
        document: object = definition
        if isinstance(definition, Path):
            document = definition.read_text("utf-8")
        if isinstance(document, str):
            try:
                document = json.loads(document)
            except ValueError as error:
                raise ConstructError(
                    f"{self.node.path}: definition: not a JSON document: {error}"
                ) from error
        if not isinstance(document, Mapping) or "States" not in document:
            raise ConstructError(
                f"{self.node.path}: definition: must be states of the CDK, or a document of the "
                "Amazon States Language with States, its text or a file"
            )
        limited = {"TimeoutSeconds": timeout_s, **document}
        return sfn.DefinitionBody.from_string(Stack.of(self).to_json_string(limited))

    def _role_of_scheduler(self) -> aws_iam.Role:
        if self._scheduler_role is None:
            account = {"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            service = aws_iam.ServicePrincipal("scheduler.amazonaws.com", conditions=account)
            self._scheduler_role = aws_iam.Role(self, "Scheduler", assumed_by=service)
            if self._encryption_key:
                # For the dead letters.
                self._encryption_key.grant(
                    self._scheduler_role, "kms:Decrypt", "kms:GenerateDataKey"
                )
        return self._scheduler_role

    def _make_queue(self, id_: str) -> sqs.Queue:
        return make_dead_letters(
            self, id_, removal_policy=self._removal_policy, encryption_key=self._encryption_key
        )

    def _collect_failures(self) -> sqs.Queue:
        failures = self._make_queue("Failures")
        events.Rule(
            self,
            "Net",
            description=f"Failed executions of {self.node.path}",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": list(_NET),
                    "stateMachineArn": [self.state_machine.state_machine_arn],
                },
            ),
            targets=[event_targets.SqsQueue(failures, dead_letter_queue=self.dead_letters)],
        )
        return failures

    def _add_alarms(self, target: AlarmTarget) -> None:
        alarms = Construct(self, "Alarms")
        make_alarms(alarms, state_machine_subject(self.state_machine), [target])
        add_dead_letter_alarm(alarms, self.dead_letters, target)


def _is_chain(definition: Definition) -> bool:
    return not isinstance(definition, (str, Path, Mapping))
