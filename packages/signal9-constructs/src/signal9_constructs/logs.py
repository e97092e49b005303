"""Log groups with a retention and, with a key, encryption."""

from typing import Final, cast

from aws_cdk import ArnFormat, RemovalPolicy, Stack, aws_iam, aws_kms
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from constructs import Construct

from .alarms import AlarmSpec, Subject
from .errors import ConstructError
from .policies import allow_in_policy

__all__ = ["log_group_arn", "log_group_subject", "make_log_group"]

_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


def make_log_group(
    scope: Construct,
    id_: str,
    *,
    retention_days: int,
    removal_policy: RemovalPolicy,
    name: str | None = None,
    encryption_key: aws_kms.IKey | None = None,
) -> logs.LogGroup:
    """Make a log group and let CloudWatch Logs use its key."""
    if retention_days not in _RETENTION_DAYS:
        raise ConstructError(
            f"{scope.node.path}: log retention of {retention_days} days: "
            f"must be one of {_RETENTION_DAYS}"
        )
    if encryption_key:
        _grant_to_cloudwatch_logs(encryption_key, scope)
    group = logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        removal_policy=removal_policy,
        encryption_key=encryption_key,
    )
    # The L2 takes an enumeration of the same numbers.
    cast("logs.CfnLogGroup", group.node.default_child).retention_in_days = retention_days
    return group


def log_group_arn(scope: Construct, name: str) -> str:
    """Return the ARN of a log group without `:*` at its end, as some services require it."""
    return Stack.of(scope).format_arn(
        service="logs",
        resource="log-group",
        resource_name=name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def log_group_subject(scope: Construct, group: logs.ILogGroup, *, namespace: str) -> Subject:
    """Count and watch the log lines of level ERROR or above, in text and in JSON."""
    name = scope.node.path
    pattern = logs.FilterPattern.any_term("ERROR", "CRITICAL", "FATAL")
    logs.MetricFilter(
        scope,
        "ErrorLinesFilter",
        log_group=group,
        filter_pattern=pattern,
        metric_namespace=namespace,
        metric_name=name,
        metric_value="1",
        default_value=0,
    )
    lines = cloudwatch.Metric(namespace=namespace, metric_name=name, statistic="Sum")
    alarm = AlarmSpec(
        name="error_lines", metric=lines, threshold=1, problem="lines of level ERROR or above"
    )
    return Subject(group.node.path, [alarm], {"error lines": [lines]})


def _grant_to_cloudwatch_logs(key: aws_kms.IKey, scope: Construct) -> None:
    region, groups = Stack.of(scope).region, log_group_arn(scope, "*")
    allow_in_policy(
        scope,
        key,
        aws_iam.PolicyStatement(
            sid="CloudWatchLogs",
            principals=[aws_iam.ServicePrincipal(f"logs.{region}.amazonaws.com")],
            actions=["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
    )
