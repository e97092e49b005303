"""A Lambda function in Python, and a layer of its dependencies."""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

import jsii
from aws_cdk import (
    Annotations,
    Duration,
    RemovalPolicy,
    aws_ec2,
    aws_iam,
    aws_kms,
    aws_sns,
    aws_sqs,
)
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from constructs import Construct

from .bundling import PythonBundle
from .errors import ConstructError
from .kinds import prepare
from .logs import make_log_group
from .queues import make_dead_letters
from .watches import watch_dead_letters, watch_function

__all__ = ["DependencyLayer", "PythonFunction"]

_RUNTIMES: Final = {
    "3.11": lambda_.Runtime.PYTHON_3_11,
    "3.12": lambda_.Runtime.PYTHON_3_12,
    "3.13": lambda_.Runtime.PYTHON_3_13,
    "3.14": lambda_.Runtime.PYTHON_3_14,
}
_PUBLISHED: Final = "@aws-cdk/aws-lambda:snapStartRequirePublish"
_WITHOUT_SNAPSHOTS: Final = ("3.11",)
_ARCHITECTURES: Final = {
    "arm64": lambda_.Architecture.ARM_64,
    "x86_64": lambda_.Architecture.X86_64,
}


class _Kept(TypedDict):
    removal_policy: RemovalPolicy
    encryption_key: aws_kms.IKey | None


class _Machine(TypedDict):
    runtime: lambda_.Runtime
    architecture: lambda_.Architecture
    memory_size: int
    timeout: Duration
    reserved_concurrent_executions: int | None


class _Place(TypedDict):
    vpc: aws_ec2.IVpc | None
    vpc_subnets: aws_ec2.SubnetSelection | None
    security_groups: list[aws_ec2.ISecurityGroup] | None


class _Traces(TypedDict):
    tracing: lambda_.Tracing
    log_group: logs.ILogGroup
    logging_format: lambda_.LoggingFormat


class _Patience(TypedDict):
    retry_attempts: int
    max_event_age: Duration


@jsii.implements(aws_iam.IGrantable)
class PythonFunction(Construct):
    """A function with a role, a log group and a dead-letter queue of its own.

    `code` is a `PythonBundle`, bundled for this function's version and architecture, or any other
    code. The role may write its logs, its traces and, in a VPC, its network interfaces; all else
    is granted from outside. An event that fails `retries` times more waits in `dead_letters` as it
    came, ready to be redriven; `on_failure` (a queue unless given) gets the reason beside it. With
    a topic there are alarms.
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
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        alarm_topic: aws_sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        kept = _Kept(removal_policy=removal_policy, encryption_key=encryption_key)
        self.log_group = make_log_group(
            self, "Logs", name=log_group_name, retention_days=log_retention_days, **kept
        )
        self.role = self._make_role(in_vpc=vpc is not None)
        self.dead_letters = dead_letters or make_dead_letters(self, "DeadLetters", **kept)
        self.function = lambda_.Function(
            self,
            "Default",
            code=_code(code, python_version, architecture),
            handler=handler,
            description=description,
            function_name=function_name,
            **_machine(python_version, architecture, memory_mib, timeout_s, reserved_concurrency),
            environment=_powertools(service_name or id_, metrics_namespace, log_level)
            | dict(environment or {}),
            environment_encryption=encryption_key,
            layers=list(layers),
            snap_start=_snapshots(python_version, wanted=snap_start),
            role=self.role,
            **_traces(self.log_group, wanted=tracing),
            **_place(vpc, vpc_subnets, security_groups),
            **_patience(retries, max_event_age_s),
            dead_letter_queue=self.dead_letters,
            on_failure=on_failure or self._make_failures(kept),
        )
        self.invocable = self._live_alias() if snap_start else self.function
        self._watch(alarm_topic)

    @property
    def grant_principal(self) -> aws_iam.IPrincipal:
        """The role, so that a construct can be granted to as a function can."""
        return self.role

    def grant_invoke(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` invoke what `invocable` is: the function, or its live alias."""
        if self.invocable is self.function:
            # The L2 would let the grantee invoke every version.
            return self.function.grant_invoke_latest_version(grantee)
        return self.invocable.grant_invoke(grantee)

    def _watch(self, topic: aws_sns.ITopic | None) -> None:
        if topic is None:
            return
        alarms = Construct(self, "Alarms")
        watch_function(alarms, self.function, topic=topic)
        watch_dead_letters(alarms, self.dead_letters, topic=topic)

    def _make_failures(self, kept: _Kept) -> lambda_.IDestination:
        return destinations.SqsDestination(make_dead_letters(self, "Failures", **kept))

    def _live_alias(self) -> lambda_.Alias:
        # Snapshots exist only for published versions, so callers must go through one. This is
        # what CDK warns of wherever there are snapshots.
        Annotations.of(self.function).acknowledge_warning(_PUBLISHED)
        return lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)

    def _make_role(self, *, in_vpc: bool) -> aws_iam.Role:
        role = aws_iam.Role(
            self, "Role", assumed_by=aws_iam.ServicePrincipal("lambda.amazonaws.com")
        )
        self.log_group.grant_write(role)
        if in_vpc:
            role.add_to_policy(
                aws_iam.PolicyStatement(
                    actions=[
                        "ec2:AssignPrivateIpAddresses",
                        "ec2:CreateNetworkInterface",
                        "ec2:DeleteNetworkInterface",
                        "ec2:DescribeNetworkInterfaces",
                        "ec2:DescribeSubnets",
                        "ec2:UnassignPrivateIpAddresses",
                    ],
                    resources=["*"],
                )
            )
        return role


class DependencyLayer(Construct):
    """A layer of pinned wheels, bundled for one version and architecture."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        code: PythonBundle,
        python_version: str = "3.14",
        architecture: str = "arm64",
        description: str | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.layer = lambda_.LayerVersion(
            self,
            "Default",
            code=code.code(
                python_version=python_version, architecture=architecture, below="python"
            ),
            compatible_runtimes=[_runtime(python_version)],
            compatible_architectures=[_architecture(architecture)],
            description=description,
            removal_policy=removal_policy,
        )


def _code(code: lambda_.Code | PythonBundle, version: str, architecture: str) -> lambda_.Code:
    if isinstance(code, PythonBundle):
        return code.code(python_version=version, architecture=architecture)
    return code


def _snapshots(version: str, *, wanted: bool) -> lambda_.SnapStartConf | None:
    if wanted and version in _WITHOUT_SNAPSHOTS:
        raise ConstructError(f"Python {version}: Lambda takes snapshots from 3.12 on")
    return lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if wanted else None


def _machine(
    version: str, architecture: str, memory_mib: int, timeout_s: int, concurrency: int | None
) -> _Machine:
    return {
        "runtime": _runtime(version),
        "architecture": _architecture(architecture),
        "memory_size": memory_mib,
        "timeout": Duration.seconds(timeout_s),
        "reserved_concurrent_executions": concurrency,
    }


def _traces(group: logs.ILogGroup, *, wanted: bool) -> _Traces:
    return {
        "tracing": lambda_.Tracing.ACTIVE if wanted else lambda_.Tracing.DISABLED,
        "log_group": group,
        "logging_format": lambda_.LoggingFormat.JSON,
    }


def _place(
    vpc: aws_ec2.IVpc | None,
    subnets: aws_ec2.SubnetSelection | None,
    groups: Sequence[aws_ec2.ISecurityGroup],
) -> _Place:
    return {"vpc": vpc, "vpc_subnets": subnets, "security_groups": list(groups) or None}


def _patience(retries: int, max_event_age_s: int) -> _Patience:
    return {"retry_attempts": retries, "max_event_age": Duration.seconds(max_event_age_s)}


def _powertools(service: str, namespace: str | None, log_level: str) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": namespace or service,
        "POWERTOOLS_LOG_LEVEL": log_level,
    }


def _runtime(version: str) -> lambda_.Runtime:
    if version not in _RUNTIMES:
        raise ConstructError(f"Python {version}: choose one of {sorted(_RUNTIMES)}")
    return _RUNTIMES[version]


def _architecture(name: str) -> lambda_.Architecture:
    if name not in _ARCHITECTURES:
        raise ConstructError(f"architecture {name}: choose one of {sorted(_ARCHITECTURES)}")
    return _ARCHITECTURES[name]
