"""Log groups that forget in time and, with a key, are encrypted."""

from typing import Final

from aws_cdk import ArnFormat, RemovalPolicy, Stack, aws_iam, aws_kms
from aws_cdk import aws_logs as logs
from constructs import Construct

from .errors import ConstructError

__all__ = ["make_log_group", "retention"]

_RETENTION: Final = {
    1: logs.RetentionDays.ONE_DAY,
    3: logs.RetentionDays.THREE_DAYS,
    5: logs.RetentionDays.FIVE_DAYS,
    7: logs.RetentionDays.ONE_WEEK,
    14: logs.RetentionDays.TWO_WEEKS,
    30: logs.RetentionDays.ONE_MONTH,
    60: logs.RetentionDays.TWO_MONTHS,
    90: logs.RetentionDays.THREE_MONTHS,
    120: logs.RetentionDays.FOUR_MONTHS,
    150: logs.RetentionDays.FIVE_MONTHS,
    180: logs.RetentionDays.SIX_MONTHS,
    365: logs.RetentionDays.ONE_YEAR,
    400: logs.RetentionDays.THIRTEEN_MONTHS,
    545: logs.RetentionDays.EIGHTEEN_MONTHS,
    731: logs.RetentionDays.TWO_YEARS,
    1096: logs.RetentionDays.THREE_YEARS,
    1827: logs.RetentionDays.FIVE_YEARS,
    2192: logs.RetentionDays.SIX_YEARS,
    2557: logs.RetentionDays.SEVEN_YEARS,
    2922: logs.RetentionDays.EIGHT_YEARS,
    3288: logs.RetentionDays.NINE_YEARS,
    3653: logs.RetentionDays.TEN_YEARS,
}


def retention(days: int) -> logs.RetentionDays:
    """Return CloudWatch's word for `days`, which knows only certain numbers of days."""
    if days not in _RETENTION:
        raise ConstructError(f"retention of {days} days: choose one of {sorted(_RETENTION)}")
    return _RETENTION[days]


def make_log_group(
    scope: Construct,
    id_: str,
    *,
    retention_days: int,
    removal_policy: RemovalPolicy,
    name: str | None = None,
    encryption_key: aws_kms.IKey | None = None,
) -> logs.LogGroup:
    """Make a log group and let CloudWatch use its key."""
    if encryption_key:
        _let_logs_use(encryption_key, scope)
    return logs.LogGroup(
        scope,
        id_,
        log_group_name=name,
        retention=retention(retention_days),
        removal_policy=removal_policy,
        encryption_key=encryption_key,
    )


def _let_logs_use(key: aws_kms.IKey, scope: Construct) -> None:
    stack = Stack.of(scope)
    groups = stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name="*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    key.add_to_resource_policy(
        aws_iam.PolicyStatement(
            sid="CloudWatchLogs",
            principals=[aws_iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*"],
            resources=["*"],
            conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
        ),
    )
