"""Alarms on what callers reach: APIs, distributions and web ACLs."""

from typing import Final, TypeAlias

from aws_cdk import Stack, aws_cloudfront, aws_wafv2
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudwatch as cloudwatch

from .alarms import AlarmSpec, Subject, service_metric
from .errors import ConstructError

__all__ = ["api_subject", "distribution_subject", "web_acl_subject"]

_ABOVE: Final = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD


_Api: TypeAlias = apigateway.StageBase | apigatewayv2.IHttpApi


def api_subject(api: apigateway.RestApiBase | _Api) -> Subject:
    """Watch an HTTP API with all its stages, or the stage of a REST API."""
    watched = _stage(api) if isinstance(api, apigateway.RestApiBase) else api
    client_errors, server_errors = (
        watched.metric_client_error(statistic="Sum"),
        watched.metric_server_error(statistic="Sum"),
    )
    latency = watched.metric_latency(statistic="p99")
    graphs = {
        "requests": [watched.metric_count(statistic="Sum")],
        "errors": [client_errors, server_errors],
        "latency (p99)": [latency],
    }
    return Subject(watched.node.path, _api_alarms(client_errors, server_errors, latency), graphs)


def _stage(api: apigateway.RestApiBase) -> apigateway.StageBase:
    try:
        return api.deployment_stage
    except RuntimeError as error:
        message = f"{api.node.path}: an imported API must be passed as its stage"
        raise ConstructError(message) from error


def _api_alarms(
    client_errors: cloudwatch.Metric,
    server_errors: cloudwatch.Metric,
    latency: cloudwatch.Metric,
) -> list[AlarmSpec]:
    return [
        AlarmSpec(
            name="client_errors",
            metric=client_errors,
            threshold=10,
            problem="more than {threshold} client errors in each of {periods} periods",
            periods=2,
            comparison=_ABOVE,
        ),
        AlarmSpec(
            name="server_errors",
            metric=server_errors,
            threshold=1,
            problem="server errors",
        ),
        AlarmSpec(
            name="latency",
            metric=latency,
            threshold=3000,
            problem="1% of responses take more than {threshold} ms",
            periods=3,
            comparison=_ABOVE,
        ),
    ]


def distribution_subject(distribution: aws_cloudfront.IDistribution) -> Subject:
    """Watch a distribution for server errors; CloudFront has its metrics in us-east-1 only."""
    dimensions = {"DistributionId": distribution.distribution_id, "Region": "Global"}
    errors = service_metric("AWS/CloudFront", "5xxErrorRate", dimensions, statistic="Average")
    alarm = AlarmSpec(
        name="distribution_errors",
        metric=errors,
        threshold=5,
        problem="{threshold}% of responses or more are server errors",
        periods=2,
    )
    requests = service_metric("AWS/CloudFront", "Requests", dimensions)
    return Subject(distribution.node.path, [alarm], {"requests": [requests], "errors": [errors]})


def web_acl_subject(acl: aws_wafv2.CfnWebACL) -> Subject:
    """Watch a web ACL for many blocked requests."""
    stack = Stack.of(acl)
    config = stack.resolve(acl.visibility_config)
    dimensions = {"WebACL": str(config["metricName"]), "Rule": "ALL"}
    if acl.scope != "CLOUDFRONT":
        dimensions["Region"] = stack.region
    blocked = service_metric("AWS/WAFV2", "BlockedRequests", dimensions)
    alarm = AlarmSpec(
        name="blocked_requests",
        metric=blocked,
        threshold=1000,
        problem="{threshold} requests or more were blocked in 5 minutes",
    )
    return Subject(acl.node.path, [alarm], {"blocked": [blocked]})
