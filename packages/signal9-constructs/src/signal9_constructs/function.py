"""A Lambda function in Python, and a layer of its dependencies."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypedDict

import jsii
from aws_cdk import (
    Annotations,
    Duration,
    RemovalPolicy,
    Size,
    aws_ec2,
    aws_iam,
    aws_kms,
    aws_sqs,
)
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from constructs import Construct

from .alarms import AlarmTarget, add_dead_letter_alarm, add_function_alarms
from .arguments import checked, merge
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
_USUAL_STORAGE_MIB: Final = 512
_UTILIZATION: Final = 0.7
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


class _Code(TypedDict):
    code: lambda_.Code
    handler: str
    runtime: lambda_.Runtime
    architecture: lambda_.Architecture


class _AsyncInvocations(TypedDict):
    retry_attempts: int
    max_event_age: Duration
    on_failure: lambda_.IDestination


@checked
@jsii.implements(aws_ec2.IConnectable, aws_iam.IGrantable)
class PythonFunction(Construct):
    """A function with its own role, log group and dead-letter queue.

    `code` is a `PythonBundle`, bundled for this function's version and architecture, or any other
    code; a container image (`Code.from_asset_image`, `Code.from_ecr_image`) needs no `handler`. The
    role may write logs, traces and, in a VPC, network interfaces; grant anything else from outside.
    An event that still fails after `retries` retries goes to `dead_letters` unchanged, ready to be
    redriven, and with the error to `on_failure`, by default a second queue. With a topic there are
    alarms.

    With `alias`, `snap_start` or `provisioned_concurrency` every change makes a version, and the
    alias `live` points to it: callers use `invocable`, which is the function itself otherwise.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        code: lambda_.Code | PythonBundle,
        handler: str | None = None,
        description: str | None = None,
        function_name: str | None = None,
        python_version: str = "3.14",
        architecture: str = "arm64",
        memory_mib: int = 512,
        timeout_s: int = 30,
        ephemeral_storage_mib: int = 512,
        reserved_concurrency: int | None = None,
        provisioned_concurrency: int = 0,
        max_provisioned_concurrency: int | None = None,
        retries: int = 2,
        max_event_age_s: int = 21600,
        environment: Mapping[str, str] | None = None,
        service_name: str | None = None,
        metrics_namespace: str | None = None,
        log_level: str = "INFO",
        layers: Sequence[lambda_.ILayerVersion] = (),
        tracing: bool = True,
        alias: bool = False,
        snap_start: bool = False,
        role: aws_iam.IRole | None = None,
        vpc: aws_ec2.IVpc | None = None,
        vpc_subnets: aws_ec2.SubnetSelection | None = None,
        security_groups: Sequence[aws_ec2.ISecurityGroup] = (),
        file_system: lambda_.FileSystem | None = None,
        dead_letters: aws_sqs.IQueue | None = None,
        on_failure: lambda_.IDestination | None = None,
        encryption_key: aws_kms.IKey | None = None,
        log_group_name: str | None = None,
        log_retention_days: int = 30,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        alarm_topic: AlarmTarget | None = None,
        props: lambda_.FunctionOptions | None = None,
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
        self.role = self._prepare_role(role, in_vpc=vpc is not None)
        self.dead_letters = dead_letters or self._make_queue("DeadLetters")
        own = lambda_.FunctionProps(
            **_code(code, handler, python_version, architecture),
            description=description,
            function_name=function_name,
            memory_size=memory_mib,
            timeout=Duration.seconds(timeout_s),
            ephemeral_storage_size=_storage(ephemeral_storage_mib),
            reserved_concurrent_executions=reserved_concurrency,
            environment=_powertools(service_name or id_, metrics_namespace, log_level)
            | dict(environment or {}),
            environment_encryption=encryption_key,
            layers=list(layers) or None,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
            role=self.role,
            tracing=lambda_.Tracing.ACTIVE if tracing else lambda_.Tracing.DISABLED,
            log_group=self.log_group,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=list(security_groups) or None,
            filesystem=file_system,
            dead_letter_queue=self.dead_letters,
        )
        json = lambda_.FunctionOptions(logging_format=lambda_.LoggingFormat.JSON)
        values = merge(self, props, own, json)
        for problem in _problems(values, provisioned_concurrency, max_provisioned_concurrency):
            raise ConstructError(f"{self.node.path}: {problem}")
        invocations: _AsyncInvocations = {
            "retry_attempts": retries,
            "max_event_age": Duration.seconds(max_event_age_s),
            "on_failure": on_failure or destinations.SqsDestination(self._make_queue("Failures")),
        }
        self.alias: lambda_.Alias | None = None
        if alias or snap_start or provisioned_concurrency:
            # An alias has settings of its own for asynchronous invocations.
            self.function = lambda_.Function(self, "Default", **values)
            self.alias = self._make_alias(
                invocations, provisioned_concurrency, max_provisioned_concurrency
            )
        else:
            self.function = lambda_.Function(self, "Default", **values, **invocations)
        self.invocable: lambda_.IFunction = self.alias or self.function
        if alarm_topic:
            self._add_alarms(alarm_topic)

    @property
    def grant_principal(self) -> aws_iam.IPrincipal:
        """The role, so that the construct is a grantee itself."""
        return self.role.grant_principal

    @property
    def connections(self) -> aws_ec2.Connections:
        """The security groups of a function in a VPC; the CDK refuses one outside a VPC."""
        return self.function.connections

    @property
    def resource(self) -> lambda_.IFunction:
        """The function or its alias, so that the construct can stand for it."""
        return self.invocable

    def grant_invoke(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` invoke `invocable`: the function, or its live alias."""
        if self.alias:
            return self.alias.grant_invoke(grantee)
        # The L2's grant_invoke covers every version.
        return self.function.grant_invoke_latest_version(grantee)

    def add_url(
        self, *, public: bool = False, cors: lambda_.FunctionUrlCorsOptions | None = None
    ) -> lambda_.FunctionUrl:
        """Give `invocable` a URL; only a `public` one answers requests that AWS has not signed.

        `grant_invoke_url` of the URL lets others sign their requests.
        """
        auth = lambda_.FunctionUrlAuthType
        return self.invocable.add_function_url(
            auth_type=auth.NONE if public else auth.AWS_IAM, cors=cors
        )

    def _add_alarms(self, topic: AlarmTarget) -> None:
        alarms = Construct(self, "Alarms")
        add_function_alarms(alarms, self.function, topic)
        add_dead_letter_alarm(alarms, self.dead_letters, topic)

    def _make_queue(self, id_: str) -> aws_sqs.Queue:
        return make_dead_letters(
            self, id_, removal_policy=self._removal_policy, encryption_key=self._encryption_key
        )

    def _make_alias(
        self, invocations: _AsyncInvocations, provisioned: int, at_most: int | None
    ) -> lambda_.Alias:
        # Only published versions have snapshots, so callers need an alias; the CDK warns of that.
        warning = "@aws-cdk/aws-lambda:snapStartRequirePublish"
        Annotations.of(self.function).acknowledge_warning(warning)
        alias = lambda_.Alias(
            self,
            "Live",
            alias_name="live",
            version=self.function.current_version,
            provisioned_concurrent_executions=provisioned or None,
            **invocations,
        )
        if at_most is not None:
            scaling = alias.add_auto_scaling(min_capacity=provisioned, max_capacity=at_most)
            scaling.scale_on_utilization(utilization_target=_UTILIZATION)
        return alias

    def _prepare_role(self, role: aws_iam.IRole | None, *, in_vpc: bool) -> aws_iam.IRole:
        if role is None:
            service = aws_iam.ServicePrincipal("lambda.amazonaws.com")
            role = aws_iam.Role(self, "Role", assumed_by=service)
        self.log_group.grant_write(role)
        if in_vpc:
            statement = aws_iam.PolicyStatement(actions=list(_VPC_ACTIONS), resources=["*"])
            role.add_to_principal_policy(statement)
        return role


@checked
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


def _powertools(service: str, namespace: str | None, log_level: str) -> dict[str, str]:
    return {
        "POWERTOOLS_SERVICE_NAME": service,
        "POWERTOOLS_METRICS_NAMESPACE": namespace or service,
        "POWERTOOLS_LOG_LEVEL": log_level,
    }


def _problems(values: Mapping[str, Any], provisioned: int, at_most: int | None) -> Iterator[str]:
    """Yield what of a function's props Lambda would refuse."""
    is_image, file_system = _is_image(values["code"]), values.get("filesystem")
    if is_image == (values["handler"] != lambda_.Handler.FROM_IMAGE):
        yield "handler: required, except with a container image"
    if is_image and values.get("layers"):
        yield "layers: a container image has its own"
    if file_system and "vpc" not in values:
        yield "file_system: requires the VPC that it is in"
    if at_most is not None and not 0 < provisioned < at_most:
        yield (
            f"max_provisioned_concurrency={at_most}: must be more than provisioned_concurrency, "
            f"which must be at least 1"
        )
    if "snap_start" in values:
        if not is_image and not values["runtime"].supports_snap_start:
            yield f"snap_start requires Python 3.12 or newer, not {values['runtime'].name}"
        unsupported = {
            "container images": is_image,
            "file_system": file_system is not None,
            "ephemeral_storage_mib over 512": "ephemeral_storage_size" in values,
            "provisioned_concurrency": provisioned > 0,
        }
        yield from (f"snap_start excludes {name}" for name, found in unsupported.items() if found)


def _is_image(code: lambda_.Code | PythonBundle) -> bool:
    return isinstance(code, lambda_.AssetImageCode | lambda_.EcrImageCode)


def _storage(mib: int) -> Size | None:
    # Left out where it is Lambda's default, so that templates stay as they are.
    return None if mib == _USUAL_STORAGE_MIB else Size.mebibytes(mib)


def _code(
    code: lambda_.Code | PythonBundle,
    handler: str | None,
    version: str,
    architecture: str,
) -> _Code:
    runtime = choose(_RUNTIMES, "python_version", version)
    chosen = choose(_ARCHITECTURES, "architecture", architecture)
    if isinstance(code, PythonBundle):
        code = code.code(python_version=version, architecture=architecture)
    return {
        "code": code,
        "handler": handler or lambda_.Handler.FROM_IMAGE,
        "runtime": lambda_.Runtime.FROM_IMAGE if handler is None else runtime,
        "architecture": chosen,
    }
