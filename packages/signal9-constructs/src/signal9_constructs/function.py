"""A Lambda function in Python, and a layer of its dependencies."""

from collections.abc import Mapping, Sequence
from typing import Final

import jsii
from aws_cdk import (
    Annotations,
    Duration,
    RemovalPolicy,
    aws_ec2,
    aws_iam,
    aws_kms,
    aws_logs,
    aws_sqs,
)
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from constructs import Construct

from .alarms import AlarmTarget, add_dead_letter_alarm, add_function_alarms
from .bundling import PythonBundle
from .errors import ConstructError, choose
from .feature_flags import prepare
from .logs import make_log_group
from .queue import make_dead_letters

__all__ = ["DependencyLayer", "PythonFunction"]

_RUNTIMES: Final = {
    "3.11": lambda_.Runtime.PYTHON_3_11,
    "3.12": lambda_.Runtime.PYTHON_3_12,
    "3.13": lambda_.Runtime.PYTHON_3_13,
    "3.14": lambda_.Runtime.PYTHON_3_14,
}
_WITHOUT_SNAP_START: Final = ("3.11",)
_ARCHITECTURES: Final = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}
_VPC_ACTIONS: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)


@jsii.implements(aws_iam.IGrantable)
class PythonFunction(Construct):
    """A function with its own role, log group and dead-letter queue.

    `code` is a `PythonBundle`, bundled for this function's version and architecture, or any other
    code. The role may write logs, traces and, in a VPC, network interfaces; grant anything else
    from outside. An event that still fails after `retries` retries goes to `dead_letters`
    unchanged, ready to be redriven, and with the error to `on_failure`, by default a second queue.
    With a topic there are alarms.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        code: lambda_.Code | PythonBundle,
        handler: str,
        description: str | None = None,
        function_name: str | None = None,
        python_version: str = "3.14",
        architecture: str = "arm64",
        memory_mib: int = 512,
        timeout_s: int = 30,
        reserved_concurrency: int | None = None,
        retries: int = 2,
        max_event_age_s: int = 21600,
        environment: Mapping[str, str] | None = None,
        service_name: str | None = None,
        metrics_namespace: str | None = None,
        log_level: str = "INFO",
        layers: Sequence[lambda_.ILayerVersion] = (),
        tracing: bool = True,
        snap_start: bool = False,
        vpc: aws_ec2.IVpc | None = None,
        vpc_subnets: aws_ec2.SubnetSelection | None = None,
        security_groups: Sequence[aws_ec2.ISecurityGroup] = (),
        dead_letters: aws_sqs.IQueue | None = None,
        on_failure: lambda_.IDestination | None = None,
        encryption_key: aws_kms.IKey | None = None,
        log_group_name: str | None = None,
        log_retention_days: int = 30,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        alarm_topic: AlarmTarget | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._encryption_key = encryption_key
        self._removal_policy = removal_policy
        self.log_group = make_log_group(
            self,
            "Logs",
            name=log_group_name,
            retention_days=log_retention_days,
            removal_policy=removal_policy,
            encryption_key=encryption_key,
        )
        self.role = self._make_role(self.log_group, in_vpc=vpc is not None)
        self.dead_letters = dead_letters or self._make_queue("DeadLetters")
        self.function = lambda_.Function(
            self,
            "Default",
            code=(
                code.code(python_version=python_version, architecture=architecture)
                if isinstance(code, PythonBundle)
                else code
            ),
            handler=handler,
            description=description,
            function_name=function_name,
            runtime=choose(_RUNTIMES, "python_version", python_version),
            architecture=choose(_ARCHITECTURES, "architecture", architecture),
            memory_size=memory_mib,
            timeout=Duration.seconds(timeout_s),
            reserved_concurrent_executions=reserved_concurrency,
            environment={
                "POWERTOOLS_SERVICE_NAME": service_name or id_,
                "POWERTOOLS_METRICS_NAMESPACE": metrics_namespace or service_name or id_,
                "POWERTOOLS_LOG_LEVEL": log_level,
            }
            | dict(environment or {}),
            environment_encryption=encryption_key,
            layers=list(layers),
            snap_start=_snap_start(python_version) if snap_start else None,
            role=self.role,
            tracing=lambda_.Tracing.ACTIVE if tracing else lambda_.Tracing.DISABLED,
            log_group=self.log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=list(security_groups) or None,
            retry_attempts=retries,
            max_event_age=Duration.seconds(max_event_age_s),
            dead_letter_queue=self.dead_letters,
            on_failure=on_failure or destinations.SqsDestination(self._make_queue("Failures")),
        )
        self.invocable = self._make_alias() if snap_start else self.function
        if alarm_topic:
            alarms = Construct(self, "Alarms")
            add_function_alarms(alarms, self.function, alarm_topic)
            add_dead_letter_alarm(alarms, self.dead_letters, alarm_topic)

    @property
    def grant_principal(self) -> aws_iam.IPrincipal:
        """The role, so that the construct is a grantee itself."""
        return self.role

    @property
    def resource(self) -> lambda_.IFunction:
        """The function or its alias, so that the construct can stand for it."""
        return self.invocable

    def grant_invoke(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` invoke `invocable`: the function, or its live alias."""
        if self.invocable is self.function:
            # The L2's grant_invoke covers every version.
            return self.function.grant_invoke_latest_version(grantee)
        return self.invocable.grant_invoke(grantee)

    def _make_queue(self, id_: str) -> aws_sqs.Queue:
        return make_dead_letters(
            self, id_, removal_policy=self._removal_policy, encryption_key=self._encryption_key
        )

    def _make_alias(self) -> lambda_.Alias:
        # Only published versions have snapshots, so callers need an alias; the CDK warns of that.
        warning = "@aws-cdk/aws-lambda:snapStartRequirePublish"
        Annotations.of(self.function).acknowledge_warning(warning)
        return lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)

    def _make_role(self, log_group: aws_logs.LogGroup, *, in_vpc: bool) -> aws_iam.Role:
        service = aws_iam.ServicePrincipal("lambda.amazonaws.com")
        role = aws_iam.Role(self, "Role", assumed_by=service)
        log_group.grant_write(role)
        if in_vpc:
            statement = aws_iam.PolicyStatement(actions=list(_VPC_ACTIONS), resources=["*"])
            role.add_to_policy(statement)
        return role


class DependencyLayer(Construct):
    """A layer of pinned wheels for one Python version and architecture."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        code: PythonBundle,
        python_version: str = "3.14",
        architecture: str = "arm64",
        description: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.layer = lambda_.LayerVersion(
            self,
            "Default",
            code=code.code(
                python_version=python_version, architecture=architecture, below="python"
            ),
            compatible_runtimes=[choose(_RUNTIMES, "python_version", python_version)],
            compatible_architectures=[choose(_ARCHITECTURES, "architecture", architecture)],
            description=description,
            removal_policy=removal_policy,
        )


def _snap_start(version: str) -> lambda_.SnapStartConf:
    if version in _WITHOUT_SNAP_START:
        raise ConstructError(f"snap_start requires Python 3.12 or newer, not {version}")
    return lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS
