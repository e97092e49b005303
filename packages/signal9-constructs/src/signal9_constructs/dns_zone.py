"""How a zone is made, signed and heard: all of it in the one region where Route 53 works."""

from typing import Final

from aws_cdk import ArnFormat, RemovalPolicy, Stack, Token, aws_iam, aws_kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_route53 as route53
from constructs import Construct

from .errors import ConstructError
from .logs import make_log_group

__all__ = ["check_region", "log_queries", "make_zone", "sign"]

_REGION: Final = "us-east-1"


def check_region(scope: Construct, what: str) -> None:
    """Refuse what Route 53 does in us-east-1 only, where the stack is known to be elsewhere."""
    region = Stack.of(scope).region
    if not Token.is_unresolved(region) and region != _REGION:
        raise ConstructError(f"{scope.node.path}: {what} must be in {_REGION}, not {region}")


def log_queries(
    scope: Construct,
    *,
    name: str,
    retention_days: int,
    removal_policy: RemovalPolicy,
    encryption_key: aws_kms.IKey | None,
) -> logs.LogGroup:
    """Make the group for query logs, and let Route 53 write to it."""
    check_region(scope, "a log of queries")
    group = make_log_group(
        scope,
        "QueryLog",
        name=name,
        retention_days=retention_days,
        removal_policy=removal_policy,
        encryption_key=encryption_key,
    )
    account = Stack.of(scope).account
    allowed = aws_iam.PolicyStatement(
        principals=[aws_iam.ServicePrincipal("route53.amazonaws.com")],
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[group.log_group_arn],
        conditions={"StringEquals": {"aws:SourceAccount": account}},
    )
    logs.ResourcePolicy(scope, "QueryLogPolicy", policy_statements=[allowed])
    return group


def make_zone(
    scope: Construct,
    *,
    zone_name: str,
    comment: str | None,
    query_log: logs.LogGroup | None,
    removal_policy: RemovalPolicy,
) -> route53.PublicHostedZone:
    """Make a public zone; a zone made anew would have other name servers, so that it is kept."""
    zone = route53.PublicHostedZone(
        scope,
        "Default",
        zone_name=zone_name,
        comment=comment,
        query_logs_log_group_arn=_without_streams(query_log) if query_log else None,
    )
    zone.apply_removal_policy(removal_policy)
    if query_log:
        # Route 53 tries to write as soon as it is told to.
        zone.node.add_dependency(scope.node.find_child("QueryLogPolicy"))
    return zone


def _without_streams(group: logs.LogGroup) -> str:
    return Stack.of(group).format_arn(
        service="logs",
        resource="log-group",
        resource_name=group.log_group_name,
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def sign(
    scope: Construct,
    zone: route53.HostedZone,
    *,
    key: aws_kms.IKey | None,
    removal_policy: RemovalPolicy,
) -> aws_kms.IKey:
    """Sign the zone with `key`, or with a key made for it."""
    check_region(scope, "DNSSEC")
    used = key or aws_kms.Key(
        scope,
        "SigningKey",
        description=f"Signs {zone.zone_name}",
        # Route 53 takes no other kind, and this kind cannot rotate by itself.
        key_spec=aws_kms.KeySpec.ECC_NIST_P256,
        key_usage=aws_kms.KeyUsage.SIGN_VERIFY,
        enable_key_rotation=False,
        removal_policy=removal_policy,
    )
    zone.enable_dnssec(kms_key=used)
    return used
