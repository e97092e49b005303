"""The kinds of resources that can be watched, and what is watched of each.

A kind's module is imported when it is first used, because importing all of the CDK takes seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict, cast

from aws_cdk import aws_events as events
from constructs import Construct

from .alarms import Subject
from .alarms_tables import index_names, index_subject
from .arguments import Wrapper, unwrap
from .errors import ConstructError, require_us_east_1
from .logs import log_group_subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_apigateway as apigateway
    from aws_cdk import aws_apigatewayv2 as apigatewayv2
    from aws_cdk import aws_cloudfront as cloudfront
    from aws_cdk import aws_dynamodb as dynamodb
    from aws_cdk import aws_ecs as ecs
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import aws_logs as logs
    from aws_cdk import aws_sns as sns
    from aws_cdk import aws_sqs as sqs
    from aws_cdk import aws_stepfunctions as stepfunctions
    from aws_cdk import aws_wafv2 as wafv2

    from .alarms import AlarmSpec
    from .alarms_servers import Database, LoadBalancer, TargetGroup

__all__ = ["Resources", "watched_subjects"]


Api: TypeAlias = (
    "apigateway.RestApiBase | apigateway.StageBase | apigatewayv2.IHttpApi"
    " | Wrapper[apigateway.RestApiBase]"
)


class Resources(TypedDict, total=False):
    """What a service consists of: resources of the CDK, or constructs around them.

    A `WorkQueue` brings its dead letters with it, an `EventBackbone` its rules.
    """

    apis: Sequence[Api]
    functions: Sequence[lambda_.IFunction | Wrapper[lambda_.IFunction]]
    tables: Sequence[dynamodb.ITable | Wrapper[dynamodb.ITable]]
    queues: Sequence[sqs.IQueue | Wrapper[sqs.IQueue]]
    dead_letters: Sequence[sqs.IQueue]
    topics: Sequence[sns.ITopic]
    buses: Sequence[events.IEventBus | Wrapper[events.IEventBus]]
    rules: Sequence[events.IRule]
    state_machines: Sequence[stepfunctions.IStateMachine | Wrapper[stepfunctions.IStateMachine]]
    services: Sequence[ecs.IBaseService | Wrapper[ecs.IBaseService]]
    load_balancers: Sequence[LoadBalancer]
    target_groups: Sequence[TargetGroup]
    databases: Sequence[Database]
    distributions: Sequence[cloudfront.IDistribution | Wrapper[cloudfront.IDistribution]]
    web_acls: Sequence[wafv2.CfnWebACL | Wrapper[wafv2.CfnWebACL]]
    log_groups: Sequence[logs.ILogGroup]
    custom: Sequence[AlarmSpec]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of resource: its ids, an attribute by which it is known, and what is watched.

    `subject` is a module and its function.
    """

    prefix: str
    attribute: str
    subject: str

    def build(self, resource: object) -> Subject:
        """Return what is watched of a resource."""
        module, _, function = self.subject.partition(".")
        return cast(
            "Subject", getattr(import_module(f".{module}", __package__), function)(resource)
        )


_KINDS: Final = {
    "apis": _Kind("Api", "metric_client_error", "alarms_web.api_subject"),
    "functions": _Kind("Function", "function_name", "alarms.function_subject"),
    "tables": _Kind("Table", "table_name", "alarms_tables.table_subject"),
    "queues": _Kind("Queue", "queue_name", "alarms.queue_subject"),
    "dead_letters": _Kind("DeadLetters", "queue_name", "alarms.dead_letter_subject"),
    "topics": _Kind("Topic", "topic_name", "alarms_events.topic_subject"),
    "buses": _Kind("Bus", "event_bus_name", "alarms_events.bus_subject"),
    "rules": _Kind("Rule", "rule_name", "alarms_events.rule_subject"),
    "state_machines": _Kind(
        "StateMachine", "state_machine_arn", "alarms_events.state_machine_subject"
    ),
    "services": _Kind("Service", "metric_memory_utilization", "alarms_servers.ecs_service_subject"),
    "load_balancers": _Kind(
        "LoadBalancer", "load_balancer_arn", "alarms_servers.load_balancer_subject"
    ),
    "target_groups": _Kind(
        "TargetGroup", "target_group_arn", "alarms_servers.target_group_subject"
    ),
    "databases": _Kind(
        "Database", "metric_database_connections", "alarms_servers.database_subject"
    ),
    "distributions": _Kind("Distribution", "distribution_id", "alarms_web.distribution_subject"),
    "web_acls": _Kind("WebAcl", "visibility_config", "alarms_web.web_acl_subject"),
}


def watched_subjects(
    scope: Construct, resources: Resources, namespace: str
) -> Iterator[tuple[Construct, Subject]]:
    """Yield every resource as a subject, with the construct that its alarms belong to."""
    custom = resources.get("custom", ())
    sets = _checked(scope, resources)
    if sets["distributions"]:
        require_us_east_1(scope, "an alarm on a distribution")
    for name, kind in _KINDS.items():
        for number, resource in enumerate(sets[name], start=1):
            place = Construct(scope, f"{kind.prefix}{number}")
            yield place, _built(place, kind, resource)
            if name == "tables":
                for index in index_names(resource):
                    yield Construct(place, index), index_subject(resource, index)
    for number, group in enumerate(resources.get("log_groups", ()), start=1):
        place = Construct(scope, f"LogGroup{number}")
        yield place, log_group_subject(place, group, namespace=namespace)
    if custom:
        graphs = {spec.name.replace("_", " "): [spec.metric] for spec in custom}
        yield scope, Subject(scope.node.path, custom, graphs)


def _built(place: Construct, kind: _Kind, resource: object) -> Subject:
    try:
        return kind.build(resource)
    except RuntimeError as error:  # the CDK's own refusal, with a stack of JavaScript
        reason = str(error).partition("\n")[0]
        raise ConstructError(f"{place.node.path}: cannot be watched: {reason}") from error


def _checked(scope: Construct, resources: Resources) -> dict[str, list[Any]]:
    """Return the resources by argument, out of the constructs around them, with their parts."""
    unknown = sorted(set(resources) - {*_KINDS, "custom", "log_groups"})
    if unknown:
        raise ConstructError(f"{scope.node.path}: unknown arguments {unknown}")
    given = {name: list[Any](resources.get(name, ())) for name in _KINDS}  # type: ignore[call-overload]
    sets = {
        name: [_unwrapped(scope, name, position, item) for position, item in enumerate(items)]
        for name, items in given.items()
    }
    for item in given["queues"]:
        if hasattr(item, "dead_letters"):
            sets["dead_letters"].append(item.dead_letters)
    for item in given["buses"]:
        if isinstance(item, Wrapper):
            rules = (
                each
                for each in cast("Construct", item).node.children
                if isinstance(each, events.Rule)
            )
            sets["rules"].extend(rules)
    return sets


def _unwrapped(scope: Construct, argument: str, position: int, item: object) -> object:
    kind = _KINDS[argument]
    resource = unwrap(item)
    if not hasattr(resource, kind.attribute):
        raise ConstructError(
            f"{scope.node.path}: {argument}[{position}]: a {type(item).__name__} has no "
            f"{kind.attribute}"
        )
    return resource
