"""Whether a host answers and a zone's signature holds, and who is told when not."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration, aws_sns
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_route53 as route53
from constructs import Construct

from .alarms import make_alarm, metric
from .dns_zone import check_region

__all__ = ["check_health", "watch_health", "watch_signature"]

_NAMESPACE: Final = "AWS/Route53"
_SIGNATURE: Final = {
    "SignatureFails": ("DNSSECInternalFailure", "resolvers that check it find no such name"),
    "SigningKeyFails": ("DNSSECKeySigningKeysNeedingAction", "the signing key cannot be used"),
}


def check_health(
    scope: Construct,
    id_: str,
    *,
    host: str,
    path: str,
    port: int,
    interval_s: int,
    failure_threshold: int,
    search_string: str | None,
    measure_latency: bool,
    regions: Sequence[str] | None,
) -> route53.HealthCheck:
    """Ask a host over HTTPS, by its name, from several places."""
    kind = route53.HealthCheckType
    return route53.HealthCheck(
        scope,
        id_,
        type=kind.HTTPS_STR_MATCH if search_string else kind.HTTPS,
        fqdn=host,
        port=port,
        resource_path=path,
        enable_sni=True,
        request_interval=Duration.seconds(interval_s),
        failure_threshold=failure_threshold,
        search_string=search_string,
        measure_latency=measure_latency,
        regions=None if regions is None else list(regions),
    )


def watch_health(
    scope: Construct, check: route53.HealthCheck, *, what: str, topic: aws_sns.ITopic
) -> cloudwatch.Alarm:
    """Alarm when `what` is not healthy, or when nobody knows whether it is."""
    check_region(scope, "an alarm on a health check")
    place = {"HealthCheckId": check.health_check_id}
    return make_alarm(
        check,
        "Unhealthy",
        measured=metric(_NAMESPACE, "HealthCheckStatus", place, statistic="Minimum", period_s=60),
        threshold=1,
        comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        missing_data=cloudwatch.TreatMissingData.BREACHING,
        description=f"{check.node.path}: {what} does not answer as it should",
        topic=topic,
    )


def watch_signature(scope: Construct, zone: route53.IHostedZone, *, topic: aws_sns.ITopic) -> None:
    """Alarm when the signature of a zone breaks, which makes all its names unknown."""
    place = {"HostedZoneId": zone.hosted_zone_id}
    for id_, (name, meaning) in _SIGNATURE.items():
        make_alarm(
            scope,
            id_,
            measured=metric(_NAMESPACE, name, place, statistic="Maximum"),
            threshold=1,
            description=f"{zone.zone_name}: {meaning}",
            topic=topic,
        )
