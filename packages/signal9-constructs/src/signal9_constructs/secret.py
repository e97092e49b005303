"""A secret for an external API: its value is set by hand or rotated, never deployed."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Final

from aws_cdk import (
    Duration,
    RemovalPolicy,
    SecretValue,
    Stack,
    aws_iam,
    aws_kms,
    aws_lambda,
)
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from .alarms import AlarmTarget, make_alarm, service_metric
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError
from .feature_flags import prepare
from .function import PythonFunction
from .policies import allow_in_policy

__all__ = ["ApiSecret"]

_NAMESPACE: Final = "Secrets"
_DAY_S: Final = 86400
_GENERATED_LENGTH: Final = 64
_SERVICE: Final = "secretsmanager.amazonaws.com"
_ROTATE: Final = (
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:UpdateSecretVersionStage",
)
_READ: Final = ("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue")
_WRITE: Final = ("secretsmanager:PutSecretValue", "secretsmanager:UpdateSecret")


@checked
class ApiSecret(Construct):
    """A JSON secret that is deployed with `PLACEHOLDER` for each field, or one that exists.

    CloudFormation writes the placeholders once; later deployments keep the real value unless
    `fields` changes. A `generated` field gets a random value instead, for a key of your own. A
    `rotation` function renews the value and is granted only the rotation steps, on this secret
    alone. Without one, and with a topic, an alarm reports a value older than `max_age_days`.
    Regions of `replica_regions` hold copies. A `secret` that exists keeps its value and settings,
    and gets grants, rotation and the alarm.
    """

    PLACEHOLDER: Final = "set-me"

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        fields: Sequence[str] = ("apiKey",),
        generated: str | None = None,
        secret: secretsmanager.ISecret | Wrapper[secretsmanager.ISecret] | None = None,
        secret_name: str | None = None,
        description: str | None = None,
        encryption_key: aws_kms.IKey | None = None,
        replica_regions: Sequence[str] = (),
        rotation: aws_lambda.IFunction | Wrapper[aws_lambda.IFunction] | None = None,
        rotate_every_days: int = 30,
        max_age_days: int = 90,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: secretsmanager.SecretProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        own = secretsmanager.SecretProps(
            secret_name=secret_name,
            description=description,
            encryption_key=None if secret else encryption_key,
            replica_regions=[
                secretsmanager.ReplicaRegion(region=region) for region in replica_regions
            ]
            or None,
        )
        if secret:
            unused = merge(self, props, own)
            if unused or generated:
                names = ", ".join(sorted(unused)) or "generated"
                raise ConstructError(
                    f"{self.node.path}: the secret exists; {names} must not be set"
                )
            self.secret = unwrap(secret)
            self.encryption_key = encryption_key or self.secret.encryption_key
        else:
            self.encryption_key = encryption_key
            self.secret = self._make_secret(fields, generated, removal_policy, props, own)
        if rotation:
            self.rotate_with(rotation, every_days=rotate_every_days)
        elif alarm_topic:
            self._add_age_alarm(max_age_days, alarm_topic, removal_policy)

    @property
    def resource(self) -> secretsmanager.ISecret:
        """The secret, so that the construct can stand for it."""
        return self.secret

    @property
    def _arn(self) -> str:
        """The ARN for policies: a secret that is known by its name has an unknown suffix."""
        return self.secret.secret_full_arn or f"{self.secret.secret_arn}-??????"

    def _make_secret(
        self,
        fields: Sequence[str],
        generated: str | None,
        removal_policy: RemovalPolicy,
        props: secretsmanager.SecretProps | None,
        own: secretsmanager.SecretProps,
    ) -> secretsmanager.Secret:
        if not fields or len(set(fields)) != len(fields):
            raise ConstructError(f"{self.node.path}: fields must be unique and not empty: {fields}")
        if generated is not None and generated not in fields:
            raise ConstructError(
                f"{self.node.path}: generated={generated!r}: must be one of {fields}"
            )
        placeholders = json.dumps({name: self.PLACEHOLDER for name in fields if name != generated})
        value = (
            secretsmanager.SecretProps(
                generate_secret_string=secretsmanager.SecretStringGenerator(
                    secret_string_template=placeholders,
                    generate_string_key=generated,
                    password_length=_GENERATED_LENGTH,
                    exclude_punctuation=True,
                )
            )
            if generated
            # Plain text, because a placeholder is not secret.
            else secretsmanager.SecretProps(
                secret_string_value=SecretValue.unsafe_plain_text(placeholders)
            )
        )
        decided = merge(self, value, own, {"removal_policy": removal_policy})
        return secretsmanager.Secret(self, "Default", **merge(self, props, decided))

    def grant_read(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` read the value, and decrypt it if there is a key."""
        return self._grant(grantee, _READ, "kms:Decrypt")

    def grant_write(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` set a new value."""
        return self._grant(grantee, _WRITE, "kms:Decrypt", "kms:GenerateDataKey")

    def allow_account(self, account: str) -> None:
        """Let the IAM policies of another account grant reading; a key must allow it as well."""
        for resource, actions in ((self.secret, _READ), (self.encryption_key, ("kms:Decrypt",))):
            if resource:
                statement = aws_iam.PolicyStatement(
                    principals=[aws_iam.AccountPrincipal(account)],
                    actions=list(actions),
                    resources=["*"],  # in its own policy: this secret, this key
                )
                allow_in_policy(self, resource, statement)

    def _grant(
        self, grantee: aws_iam.IGrantable, actions: Sequence[str], *key_actions: str
    ) -> aws_iam.Grant:
        # The L2 names the grantee in the key's policy, a cycle if it is in another stack.
        if self.encryption_key:
            self.encryption_key.grant(grantee, *key_actions)
        grant = aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self._arn],
            resource=self.secret,
        )
        grant.assert_success()
        return grant

    def rotate_with(
        self,
        function: aws_lambda.IFunction | Wrapper[aws_lambda.IFunction],
        *,
        every_days: int = 30,
        scope: Construct | None = None,
    ) -> None:
        """Let `function` renew the value; in another stack, its schedule must be there as well."""
        function, stack = unwrap(function), Stack.of(self)
        schedule = secretsmanager.CfnRotationSchedule(
            scope or self,
            "Rotation",
            secret_id=self.secret.secret_arn,
            rotation_lambda_arn=function.function_arn,
            rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
                schedule_expression=f"rate({every_days} day{'s' if every_days > 1 else ''})"
            ),
            rotate_immediately_on_update=False,
        )
        # The L2 also grants GetRandomPassword, and lets any account's Secrets Manager call.
        caller = aws_iam.ServicePrincipal(
            _SERVICE, conditions={"StringEquals": {"aws:SourceAccount": stack.account}}
        )
        function.grant_invoke(caller).apply_before(schedule)
        aws_iam.Grant.add_to_principal(
            grantee=function, actions=[*_ROTATE], resource_arns=[self._arn]
        ).apply_before(schedule)
        # An imported function may have no role here.
        if self.encryption_key and function.role:
            service = f"secretsmanager.{stack.region}.amazonaws.com"
            self.encryption_key.grant_encrypt_decrypt(
                aws_kms.ViaServicePrincipal(service, function.grant_principal)
            )

    def _add_age_alarm(
        self, max_age_days: int, topic: AlarmTarget, removal_policy: RemovalPolicy
    ) -> None:
        check = self._make_age_check(topic, removal_policy)
        target = targets.LambdaFunction(
            check.function,
            dead_letter_queue=check.dead_letters,
            retry_attempts=2,
            max_event_age=Duration.hours(2),
        )
        daily = events.Schedule.rate(Duration.days(1))
        events.Rule(self, "Daily", schedule=daily, targets=[target])
        make_alarm(
            self,
            "TooOld",
            service_metric(
                _NAMESPACE,
                "SecretAge",
                {"SecretName": self.node.path},
                statistic="Maximum",
                period_s=_DAY_S,
            ),
            max_age_days,
            f"{self.node.path}: the value is over {max_age_days} days old",
            topic,
        )

    def _make_age_check(self, topic: AlarmTarget, removal_policy: RemovalPolicy) -> PythonFunction:
        source = files(__package__).joinpath("runtime", "secret_age.py").read_text("utf-8")
        check = PythonFunction(
            self,
            "AgeCheck",
            code=aws_lambda.Code.from_inline(source),
            handler="index.handler",
            description="Measures the age of a secret's value daily",
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
            resource_arns=[self._arn],
        )
        return check
