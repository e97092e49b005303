"""A secret for somebody else's API: its value is set by hand or rotated, never deployed."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Final, TypedDict

from aws_cdk import (
    Duration,
    RemovalPolicy,
    SecretValue,
    Stack,
    aws_iam,
    aws_kms,
    aws_lambda,
    aws_sns,
)
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from .alarms import make_alarm, metric
from .errors import ConstructError
from .function import PythonFunction
from .kinds import prepare

__all__ = ["ApiSecret"]

_NAMESPACE: Final = "Secrets"
_DAY_S: Final = 86400
_GENERATED_LENGTH: Final = 64
_SERVICE: Final = "secretsmanager.amazonaws.com"
_STEPS: Final = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
_READ: Final = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
_WRITE: Final = ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret")


class ApiSecret(Construct):
    """A JSON secret that is deployed with `PLACEHOLDER` for each field.

    CloudFormation writes the placeholders once; the real value stays through later deployments,
    until `fields` changes. A field that is `generated` is random instead, for a key of your own.
    With `rotation` a function renews the value, and may do its four steps with this secret alone;
    without one, and with a topic, an alarm tells when it is older than `max_age_days`.
    """

    PLACEHOLDER: Final = "set-me"

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        fields: Sequence[str] = ("apiKey",),
        generated: str | None = None,
        secret_name: str | None = None,
        description: str | None = None,
        encryption_key: aws_kms.IKey | None = None,
        rotation: aws_lambda.IFunction | None = None,
        rotate_every_days: int = 30,
        max_age_days: int = 90,
        alarm_topic: aws_sns.ITopic | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._check(fields, generated)
        self.encryption_key = encryption_key
        self.secret = secretsmanager.Secret(
            self,
            "Default",
            secret_name=secret_name,
            description=description,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
            **_first_value(fields, generated),
        )
        if rotation:
            self._rotate(rotation, rotate_every_days)
        elif alarm_topic:
            self._watch_age(max_age_days, alarm_topic, removal_policy)

    def grant_read(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` read the value, and decrypt it where there is a key."""
        return self._grant(grantee, _READ, "kms:Decrypt")

    def grant_write(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` set a new value."""
        return self._grant(grantee, _WRITE, "kms:Decrypt", "kms:GenerateDataKey")

    def _grant(
        self, grantee: aws_iam.IGrantable, actions: Sequence[str], *key_actions: str
    ) -> aws_iam.Grant:
        # The L2 names a grantee of another stack in the key's policy, and the stacks in a circle.
        if self.encryption_key:
            self.encryption_key.grant(grantee, *key_actions)
        grant = aws_iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.secret.secret_arn]
        )
        grant.assert_success()
        return grant

    def _check(self, fields: Sequence[str], generated: str | None) -> None:
        if not fields or len(set(fields)) != len(fields):
            raise ConstructError(f"{self.node.path}: fields must be given, each once: {fields}")
        if generated is not None and generated not in fields:
            raise ConstructError(f"{self.node.path}: generated is no field: {generated}")

    def _rotate(self, function: aws_lambda.IFunction, every_days: int) -> None:
        stack = Stack.of(self)
        schedule = secretsmanager.CfnRotationSchedule(
            self,
            "Rotation",
            secret_id=self.secret.secret_arn,
            rotation_lambda_arn=function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=f"rate({every_days} day{'s' if every_days > 1 else ''})"
            ),
            rotate_immediately_on_update=False,
        )
        caller = aws_iam.ServicePrincipal(
            _SERVICE, conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
        )
        # CDK's own schedule lets the function draw passwords, too, and any account's calls in.
        function.grant_invoke(caller).apply_before(schedule)
        aws_iam.Grant.add_to_principal(
            grantee=function, actions=[*_STEPS], resource_arns=[self.secret.secret_arn]
        ).apply_before(schedule)
        # A function that is known by its name alone has its permissions from elsewhere.
        if self.encryption_key and function.role:
            service = f"secretsmanager.{stack.region}.amazonaws.com"
            self.encryption_key.grant_encrypt_decrypt(
                aws_kms.ViaServicePrincipal(service, function.grant_principal)
            )

    def _watch_age(
        self, max_age_days: int, topic: aws_sns.ITopic, removal_policy: RemovalPolicy
    ) -> None:
        self._measure_daily(self._make_age_check(topic, removal_policy))
        make_alarm(
            self,
            "TooOld",
            measured=metric(
                _NAMESPACE,
                "SecretAge",
                {"SecretName": self.node.path},
                statistic="Maximum",
                period_s=_DAY_S,
            ),
            threshold=max_age_days,
            description=f"{self.node.path}: the value is over {max_age_days} days old",
            topic=topic,
        )

    def _make_age_check(
        self, topic: aws_sns.ITopic, removal_policy: RemovalPolicy
    ) -> PythonFunction:
        check = PythonFunction(
            self,
            "AgeCheck",
            code=aws_lambda.Code.from_inline(_age_check()),
            handler="index.handler",
            description="Measures daily how old the value is",
            memory_mib=256,
            environment={
                "SECRET_ARN": self.secret.secret_arn,
                "SECRET_NAME": self.node.path,
                "NAMESPACE": _NAMESPACE,
            },
            alarm_topic=topic,
            removal_policy=removal_policy,
        )
        aws_iam.Grant.add_to_principal(
            grantee=check,
            actions=["secretsmanager:DescribeSecret"],
            resource_arns=[self.secret.secret_arn],
        )
        return check

    def _measure_daily(self, check: PythonFunction) -> None:
        target = targets.LambdaFunction(
            check.function,
            dead_letter_queue=check.dead_letters,
            retry_attempts=2,
            max_event_age=Duration.hours(2),
        )
        schedule = events.Schedule.rate(Duration.days(1))
        events.Rule(self, "Daily", schedule=schedule, targets=[target])


class _FirstValue(TypedDict, total=False):
    secret_string_value: SecretValue
    generate_secret_string: secretsmanager.SecretStringGenerator


def _first_value(fields: Sequence[str], generated: str | None) -> _FirstValue:
    """Return what CloudFormation makes the secret with."""
    placeholders = dict.fromkeys(fields, ApiSecret.PLACEHOLDER)
    if generated is None:
        # Public on purpose: it says that there is no value yet.
        text = json.dumps(placeholders)
        return {"secret_string_value": SecretValue.unsafe_plain_text(text)}
    del placeholders[generated]
    generator = secretsmanager.SecretStringGenerator(
        secret_string_template=json.dumps(placeholders),
        generate_string_key=generated,
        password_length=_GENERATED_LENGTH,
        exclude_punctuation=True,
    )
    return {"generate_secret_string": generator}


def _age_check() -> str:
    return files(__package__).joinpath("runtime", "age_of_secret.py").read_text("utf-8")
