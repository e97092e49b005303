"""Alarms on servers: ECS services, load balancers and databases."""

from typing import TYPE_CHECKING, Final, TypeAlias, cast

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_rds as rds

from .alarms import AlarmSpec, Subject

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "Database",
    "LoadBalancer",
    "TargetGroup",
    "database_subject",
    "ecs_service_subject",
    "load_balancer_subject",
    "target_group_subject",
]

Database: TypeAlias = rds.IDatabaseInstance | rds.IDatabaseCluster
LoadBalancer: TypeAlias = elb.IApplicationLoadBalancer | elb.INetworkLoadBalancer
TargetGroup: TypeAlias = elb.IApplicationTargetGroup | elb.INetworkTargetGroup

_ABOVE: Final = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_BELOW: Final = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
_MIB: Final = 2**20
_BUSY_PERCENT: Final = 80
_FULL_PERCENT: Final = 90
_LEAST_MEMORY_MIB: Final = 256
_LEAST_STORAGE_MIB: Final = 5 * 1024


def ecs_service_subject(service: ecs.BaseService) -> Subject:
    """Watch an ECS service for lasting use of most of its CPU or memory."""
    cpu, memory = service.metric_cpu_utilization(), service.metric_memory_utilization()
    alarms = [
        _busy("service_cpu", cpu, "CPU", _BUSY_PERCENT),
        _busy("service_memory", memory, "memory", _BUSY_PERCENT),
    ]
    return Subject(service.node.path, alarms, {"CPU and memory (%)": [cpu, memory]})


def load_balancer_subject(balancer: LoadBalancer) -> Subject:
    """Watch a load balancer: one of HTTP for errors and latency, one of TCP for used-up ports."""
    if hasattr(balancer.metrics, "http_code_elb"):
        return _application(cast("elb.IApplicationLoadBalancer", balancer))
    flows = balancer.metrics.active_flow_count()
    errors = balancer.metrics.custom("PortAllocationErrorCount", statistic="Sum")
    alarm = AlarmSpec(
        name="port_allocation_errors",
        metric=errors,
        threshold=1,
        problem="connections failed since no port was free",
    )
    return Subject(balancer.node.path, [alarm], {"flows": [flows]})


def _application(balancer: elb.IApplicationLoadBalancer) -> Subject:
    metrics = balancer.metrics
    own = metrics.http_code_elb(elb.HttpCodeElb.ELB_5XX_COUNT, statistic="Sum")
    targets = metrics.http_code_target(elb.HttpCodeTarget.TARGET_5XX_COUNT, statistic="Sum")
    latency = metrics.target_response_time(statistic="p99")
    alarms = [
        AlarmSpec(name="balancer_errors", metric=own, threshold=1, problem="no target answered"),
        AlarmSpec(name="target_errors", metric=targets, threshold=1, problem="server errors"),
        AlarmSpec(
            name="target_latency",
            metric=latency,
            threshold=3,
            problem="1% of responses take more than {threshold} s",
            periods=3,
            comparison=_ABOVE,
        ),
        AlarmSpec(
            name="rejected_connections",
            metric=metrics.rejected_connection_count(statistic="Sum"),
            threshold=1,
            problem="connections were rejected: too many at once",
        ),
    ]
    graphs: dict[str, Sequence[cloudwatch.IMetric]] = {
        "requests": [metrics.request_count(statistic="Sum")],
        "errors": [own, targets],
        "latency (p99)": [latency],
    }
    return Subject(balancer.node.path, alarms, graphs)


def target_group_subject(group: TargetGroup) -> Subject:
    """Watch a target group for targets that fail their health check."""
    if hasattr(group.metrics, "unhealthy_host_count"):
        application = cast("elb.IApplicationTargetGroup", group)
        unhealthy = application.metrics.unhealthy_host_count(statistic="Maximum")
    else:
        unhealthy = group.metrics.un_healthy_host_count(statistic="Maximum")
    alarm = AlarmSpec(
        name="unhealthy_targets",
        metric=unhealthy,
        threshold=1,
        problem="targets fail their health check",
        periods=3,
    )
    return Subject(group.node.path, [alarm], {"unhealthy": [unhealthy]})


def database_subject(database: Database) -> Subject:
    """Watch an RDS instance or cluster for CPU, memory and storage."""
    cpu = database.metric_cpu_utilization()
    memory = database.metric("FreeableMemory", statistic="Minimum")
    # A cluster's storage grows by itself; what its instances use locally does not.
    is_cluster = hasattr(database, "cluster_identifier")
    name = "FreeLocalStorage" if is_cluster else "FreeStorageSpace"
    storage = database.metric(name, statistic="Minimum")
    alarms = [
        _busy("database_cpu", cpu, "CPU", _FULL_PERCENT),
        _scarce("database_memory", memory, "memory", _LEAST_MEMORY_MIB),
        _scarce("database_storage", storage, "storage", _LEAST_STORAGE_MIB),
    ]
    graphs: dict[str, Sequence[cloudwatch.IMetric]] = {
        "CPU (%)": [cpu],
        "connections": [database.metric_database_connections()],
        "free storage (bytes)": [storage],
    }
    return Subject(database.node.path, alarms, graphs)


def _busy(name: str, metric: cloudwatch.IMetric, what: str, percent: int) -> AlarmSpec:
    return AlarmSpec(
        name=name,
        metric=metric,
        threshold=percent,
        problem=f"over {{threshold}}% of its {what} in each of {{periods}} periods",
        periods=3,
        comparison=_ABOVE,
    )


def _scarce(name: str, metric: cloudwatch.IMetric, what: str, mib: int) -> AlarmSpec:
    return AlarmSpec(
        name=name,
        metric=metric,
        threshold=mib * _MIB,
        problem=f"less than {{threshold}} bytes of {what} are free",
        periods=3,
        comparison=_BELOW,
    )
