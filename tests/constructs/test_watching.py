"""Watching: every kind of resource has alarms, and each alarm can be changed, replaced or off."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import pytest
from aws_cdk import App, Duration, Environment, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as cloudwatch_actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as stepfunctions
from aws_cdk.assertions import Match, Template

from signal9_constructs import (
    AlarmSetting,
    AlarmSpec,
    ConstructError,
    DataTable,
    EventBackbone,
    Firewall,
    Observability,
    PythonFunction,
    RestService,
    Route,
    TableIndex,
    WorkQueue,
)
from tests.constructs.lab import ENV, Made, app, properties, synthesise, topic

ALARM: Final = "AWS::CloudWatch::Alarm"
COMPOSITE: Final = "AWS::CloudWatch::CompositeAlarm"
CODE: Final = lambda_.Code.from_inline("def handler(event, context): pass")
RUNBOOK: Final = "https://wiki.example/runbook"


def _seen(stack: Stack, **arguments: Any) -> Observability:
    return Observability(stack, "Seen", namespace="Shop", topic=topic(stack), **arguments)


def _servers(stack: Stack) -> None:
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["us-east-1a", "us-east-1b"],
        private_subnet_ids=["subnet-1", "subnet-2"],
    )
    cluster = ecs.Cluster(stack, "Cluster", vpc=vpc)
    task = ecs.FargateTaskDefinition(stack, "Task")
    image = ecs.ContainerImage.from_registry("public.ecr.aws/nginx/nginx")
    task.add_container("web", image=image, port_mappings=[ecs.PortMapping(container_port=80)])
    service = ecs.FargateService(stack, "Web", cluster=cluster, task_definition=task)
    balancer = elb.ApplicationLoadBalancer(stack, "Alb", vpc=vpc)
    listener = balancer.add_listener("Listener", port=80, open=False)
    group = listener.add_targets("Targets", port=80, targets=[service])
    network = elb.NetworkLoadBalancer(stack, "Nlb", vpc=vpc)
    network_group = elb.NetworkTargetGroup(stack, "NlbTargets", vpc=vpc, port=80)
    network.add_listener("Listener", port=80, default_target_groups=[network_group])
    instance = rds.DatabaseInstance.from_database_instance_attributes(
        stack,
        "Orders",
        instance_identifier="orders",
        instance_endpoint_address="orders.example",
        port=5432,
        security_groups=[],
    )
    aurora = rds.DatabaseCluster.from_database_cluster_attributes(
        stack, "Aurora", cluster_identifier="aurora"
    )
    _seen(stack).watch(
        "Web",
        services=[service],
        load_balancers=[balancer, network],
        target_groups=[group, network_group],
        databases=[instance, aurora],
    )


def _messages(stack: Stack) -> None:
    machine = stepfunctions.StateMachine(
        stack,
        "Machine",
        definition_body=stepfunctions.DefinitionBody.from_chainable(
            stepfunctions.Pass(stack, "Pass")
        ),
    )
    default = events.Rule(stack, "Rule", schedule=events.Schedule.rate(Duration.days(1)))
    _seen(stack).watch(
        "Mail",
        topics=[sns.Topic(stack, "Orders")],
        rules=[default],
        state_machines=[machine],
        log_groups=[logs.LogGroup(stack, "Logs")],
        apis=[apigatewayv2.HttpApi(stack, "Http")],
        distributions=[
            cloudfront.Distribution.from_distribution_attributes(
                stack, "Site", distribution_id="E1", domain_name="d.example"
            )
        ],
    )


def _own(stack: Stack) -> None:
    """Watch the library's own constructs, passed as they are."""
    function = PythonFunction(stack, "Order", code=CODE, handler="index.handler", alias=True)
    table = DataTable(
        stack,
        "Orders",
        partition_key="customer",
        indexes=[TableIndex(name="ByDay", partition_key="day")],
    )
    backbone = EventBackbone(stack, "Events", archive_days=None)
    work = WorkQueue(stack, "Work")
    backbone.rule("Placed", source="shop", detail_types=["Order Placed"], targets=[work.queue])
    routes = [Route("GET", "/orders", function.function, open=True)]
    _seen(stack).watch(
        "Orders",
        apis=[RestService(stack, "Api", routes=routes)],
        functions=[function],
        tables=[table],
        queues=[work],
        buses=[backbone],
        web_acls=[Firewall(stack, "Firewall", name="shop")],
    )


def _adjusted(stack: Stack) -> None:
    pager = lambda_.Function.from_function_arn(
        stack, "Pager", "arn:aws:lambda:us-east-1:123456789012:function:pager"
    )
    seen = _seen(
        stack,
        actions=[pager, cloudwatch_actions.SsmIncidentAction("page")],
        runbook_url=RUNBOOK,
        dashboard=False,
    )
    function = lambda_.Function.from_function_name(stack, "Lend", "lend")
    reports = cloudwatch.Metric(namespace="Shop", metric_name="Reports")
    seen.watch(
        "Loans",
        functions=[function],
        queues=[sqs.Queue(stack, "Queue")],
        custom=[
            AlarmSpec(
                name="few_reports",
                metric=reports,
                threshold=5,
                problem="fewer than {threshold} reports",
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            )
        ],
        alarms={
            "function_throttles": None,
            "function_errors": AlarmSetting(
                threshold=5, periods=3, datapoints=2, period_s=60, actions=[]
            ),
            "old_messages": AlarmSetting(
                description="Slow work", runbook_url="https://wiki.example/slow"
            ),
        },
    )


def _incidents(stack: Stack) -> None:
    seen = _seen(stack, runbook_url=RUNBOOK)
    table = dynamodb.Table.from_table_name(stack, "Books", "books")
    function = lambda_.Function.from_function_name(stack, "Lend", "lend")
    tables = seen.watch("Tables", tables=[table])
    loans = seen.watch("Loans", functions=[function], dashboard=seen.add_dashboard("Details"))
    cause = seen.incident("SlowTables", tables)
    seen.incident("Loans", loans, suppressed_by=cause, description="Loans fail")


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        servers=_servers, messages=_messages, own=_own, adjusted=_adjusted, incidents=_incidents
    )


def _metrics(template: Template) -> set[str]:
    return {str(alarm.get("MetricName")) for alarm in properties(template, ALARM)} - {"None"}


def _dimensions(template: Template, metric: str) -> list[set[str]]:
    return [
        {dimension["Name"] for dimension in cast("list[dict[str, str]]", alarm["Dimensions"])}
        for alarm in properties(template, ALARM)
        if alarm.get("MetricName") == metric
    ]


def test_servers_are_watched(made: Made) -> None:
    assert _metrics(made["servers"]) == {
        "CPUUtilization",
        "MemoryUtilization",
        "HTTPCode_ELB_5XX_Count",
        "HTTPCode_Target_5XX_Count",
        "TargetResponseTime",
        "RejectedConnectionCount",
        "PortAllocationErrorCount",
        "UnHealthyHostCount",
        "FreeableMemory",
        "FreeStorageSpace",
        "FreeLocalStorage",
    }
    targets = {"LoadBalancer", "TargetGroup"}
    assert _dimensions(made["servers"], "UnHealthyHostCount") == [targets, targets]


def test_events_state_machines_and_logs_are_watched(made: Made) -> None:
    assert _metrics(made["messages"]) == {
        "NumberOfNotificationsFailed",
        "FailedInvocations",
        "InvocationsFailedToBeSentToDlq",
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionThrottled",
        "4xx",
        "5xx",
        "Latency",
        "5xxErrorRate",
        "messages/Seen/Mail/LogGroup1",
    }
    assert _dimensions(made["messages"], "FailedInvocations") == [{"RuleName"}]
    made["messages"].has_resource_properties(
        "AWS::Logs::MetricFilter", {"FilterPattern": '?"ERROR" ?"CRITICAL" ?"FATAL"'}
    )


def test_the_librarys_constructs_are_watched_with_all_their_parts(made: Made) -> None:
    alarms = properties(made["own"], ALARM)

    assert {
        "4XXError",
        "Errors",
        "ReadThrottleEvents",
        "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfMessagesVisible",
        "FailedInvocations",
        "BlockedRequests",
    } <= _metrics(made["own"])
    reads = _dimensions(made["own"], "ReadThrottleEvents")
    assert reads == [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}]
    assert _dimensions(made["own"], "FailedInvocations") == [{"RuleName", "EventBusName"}]
    assert _dimensions(made["own"], "BlockedRequests") == [{"WebACL", "Rule", "Region"}]
    assert all(alarm["AlarmActions"] for alarm in alarms)


def test_an_alias_is_watched_as_its_function_since_metrics_name_the_function(made: Made) -> None:
    dimensions = [
        str(alarm["Dimensions"])
        for alarm in properties(made["own"], ALARM)
        if alarm.get("Namespace") == "AWS/Lambda"
    ]

    assert len(dimensions) == 3
    assert all("{'Ref': " in each for each in dimensions)


def _alarm(made: Made, metric: str) -> Mapping[str, object]:
    (alarm,) = (
        each for each in properties(made["adjusted"], ALARM) if each.get("MetricName") == metric
    )
    return alarm


def test_an_alarm_can_be_adjusted_silenced_and_switched_off(made: Made) -> None:
    errors = _alarm(made, "Errors")

    assert (errors["Threshold"], errors["EvaluationPeriods"], errors["Period"]) == (5, 3, 60)
    assert errors["DatapointsToAlarm"] == 2
    assert "AlarmActions" not in errors
    assert "Throttles" not in _metrics(made["adjusted"])


def test_alarms_take_any_action_beside_the_topic(made: Made) -> None:
    alarm = _alarm(made, "ApproximateAgeOfOldestMessage")

    topic_, pager, plan = map(str, cast("list[object]", alarm["AlarmActions"]))
    assert topic_.endswith(":alarms")
    assert pager.endswith(":pager")
    assert "response-plan/page" in plan


def test_descriptions_link_to_what_to_do(made: Made) -> None:
    assert str(_alarm(made, "Errors")["AlarmDescription"]).endswith(
        f"Runbook: {RUNBOOK}#function-errors"
    )
    assert _alarm(made, "ApproximateAgeOfOldestMessage")["AlarmDescription"] == (
        "Slow work. Runbook: https://wiki.example/slow"
    )


def test_metrics_of_your_own_are_watched_the_same_way(made: Made) -> None:
    alarm = _alarm(made, "Reports")

    assert alarm["Threshold"] == 5
    assert "fewer than 5 reports" in str(alarm["AlarmDescription"])


def test_a_dashboard_is_optional_and_there_may_be_several(made: Made) -> None:
    made["adjusted"].resource_count_is("AWS::CloudWatch::Dashboard", 0)
    bodies = [
        json.dumps(each["DashboardBody"])
        for each in properties(made["incidents"], "AWS::CloudWatch::Dashboard")
    ]

    (tables,) = (body for body in bodies if "Tables: throttled" in body)
    (loans,) = (body for body in bodies if "Loans: errors" in body)
    assert tables != loans


def test_an_incident_notifies_once_instead_of_its_alarms(made: Made) -> None:
    alarms = properties(made["incidents"], ALARM)
    incidents = properties(made["incidents"], COMPOSITE)

    assert {alarm["ActionsEnabled"] for alarm in alarms} == {False}
    assert all(incident["AlarmActions"] and incident["OKActions"] for incident in incidents)
    assert sum(str(incident["AlarmRule"]).count("ALARM(") for incident in incidents) == len(alarms)


def test_a_follower_is_silent_while_its_cause_is_on(made: Made) -> None:
    made["incidents"].has_resource_properties(
        COMPOSITE,
        {
            "AlarmDescription": f"Loans fail. Runbook: {RUNBOOK}#loans",
            "ActionsSuppressor": Match.any_value(),
            "ActionsSuppressorWaitPeriod": 300,
            "ActionsSuppressorExtensionPeriod": 300,
        },
    )


def _distribution(stack: Stack) -> object:
    return cloudfront.Distribution.from_distribution_attributes(
        stack, "Site", distribution_id="E1", domain_name="d.example"
    )


def _plain(stack: Stack) -> sqs.Queue:
    return sqs.Queue(stack, "Plain")


_REFUSED: Final[Mapping[str, tuple[Callable[[Stack], dict[str, Any]], str]]] = {
    "a table as function": (
        lambda stack: {"functions": [DataTable(stack, "T", partition_key="id")]},
        r"functions\[0\]: a DataTable has no function_name",
    ),
    "a queue as topic": (
        lambda stack: {"topics": [_plain(stack)]},
        r"topics\[0\]: a Queue has no topic_name",
    ),
    "a text as API": (lambda _: {"apis": ["orders"]}, r"apis\[0\]: a str has no"),
    "an imported API": (
        lambda stack: {"apis": [apigateway.RestApi.from_rest_api_id(stack, "A", "a1")]},
        "must be passed as its stage",
    ),
    "targets without a balancer": (
        lambda stack: {
            "target_groups": [
                elb.ApplicationTargetGroup.from_target_group_attributes(
                    stack,
                    "G",
                    target_group_arn="arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/a/b",
                )
            ]
        },
        "cannot be watched: .*ARN",
    ),
    "an unknown kind": (lambda _: {"lakes": []}, "unknown arguments"),
    "an unknown alarm": (
        lambda stack: {"queues": [_plain(stack)], "alarms": {"latenzy": None}},
        r"alarms: \['latenzy'\] must be among \['old_messages'\]",
    ),
    "a queue as action": (
        lambda stack: {"queues": [_plain(stack)], "actions": [_plain(Stack(stack, "Other"))]},
        r"actions\[0\] is a Queue: must be an ITopic",
    ),
    "an action twice": (
        lambda stack: {
            "topics": [sns.Topic(stack, "A"), sns.Topic(stack, "B")],
            "actions": [
                cloudwatch_actions.LambdaAction(
                    lambda_.Function.from_function_arn(
                        stack, "Pager", "arn:aws:lambda:us-east-1:123456789012:function:pager"
                    )
                )
            ],
        },
        "a LambdaAction as action: .*AlarmPermission",
    ),
    "too many datapoints": (
        lambda stack: {
            "queues": [_plain(stack)],
            "alarms": {"old_messages": AlarmSetting(datapoints=2)},
        },
        "datapoints must be from 1 to",
    ),
    "more than a day": (
        lambda stack: {
            "queues": [_plain(stack)],
            "alarms": {"old_messages": AlarmSetting(periods=289)},
        },
        "at most 24 hours, or 168",
    ),
    "a statistic of a formula": (
        lambda stack: {
            "tables": [dynamodb.Table.from_table_name(stack, "T", "t")],
            "alarms": {"system_errors": AlarmSetting(statistic="Maximum")},
        },
        "a formula without a statistic",
    ),
}


@pytest.mark.parametrize("case", _REFUSED)
def test_what_cannot_be_watched_is_refused_with_its_argument(case: str) -> None:
    stack = Stack(App(), "S", env=ENV)
    arguments, message = _REFUSED[case]

    with pytest.raises(ConstructError, match=message):
        _seen(stack).watch("Orders", **arguments(stack))


def test_distributions_are_watched_in_us_east_1_only() -> None:
    stack = Stack(app(), "S", env=Environment(account="123456789012", region="eu-central-1"))

    with pytest.raises(ConstructError, match="must be in us-east-1"):
        _seen(stack).watch("Site", distributions=[_distribution(stack)])  # type: ignore[list-item]


def test_an_incident_without_alarms_is_refused() -> None:
    seen = _seen(Stack())

    with pytest.raises(ConstructError, match="0 alarms; an incident has from 1 to 100"):
        seen.incident("Nothing", seen.watch("Nothing"))


def test_a_dashboard_that_is_off_cannot_be_had_or_named() -> None:
    with pytest.raises(ConstructError, match="has no dashboard"):
        _ = _seen(Stack(), dashboard=False).dashboard
    with pytest.raises(ConstructError, match="dashboard_name names a new dashboard only"):
        _seen(Stack(), dashboard=False, dashboard_name="Shop")
