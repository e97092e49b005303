"""StateMachineJob: logged, traced, limited in time, and what fails can be started again."""

import json
from pathlib import Path
from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Match

from signal9_constructs import ConstructError, EventBackbone, StateMachineJob
from tests.constructs.lab import Made, actions, only, properties, synthesise, text, topic

MACHINE: Final = "AWS::StepFunctions::StateMachine"
DOCUMENT: Final = {"StartAt": "Wait", "States": {"Wait": {"Type": "Pass", "End": True}}}


def _plain(stack: Stack) -> None:
    StateMachineJob(stack, "Job", definition=sfn.Pass(stack, "Nothing"))


def _full(stack: Stack) -> None:
    job = StateMachineJob(
        stack,
        "Job",
        definition=json.dumps(DOCUMENT | {"TimeoutSeconds": 60}),
        timeout_s=900,
        encryption_key=kms.Key(stack, "Key"),
        alarm_topic=topic(stack),
        log_inputs=True,
        props=sfn.StateMachineProps(query_language=sfn.QueryLanguage.JSONATA),
    )
    job.start_on_schedule("Nightly", schedule="cron(0 6 * * ? *)", payload={"all": True})
    job.start_on_event(
        "Order",
        pattern=events.EventPattern(source=["shop"]),
        bus=EventBackbone(stack, "Events", archive_days=None).bus,
    )
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    job.grant_start(role)


def _express(stack: Stack) -> None:
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    job = StateMachineJob(
        stack, "Job", definition=DOCUMENT, express=True, role=role, state_machine_name="quick"
    )
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    job.grant_start_sync(caller)
    assert job.failures is None


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, full=_full, express=_express)


def test_a_job_is_logged_traced_and_limited_in_time(made: Made) -> None:
    made["plain"].has_resource_properties(
        MACHINE,
        {
            "LoggingConfiguration": {"IncludeExecutionData": False, "Level": "ALL"},
            "TracingConfiguration": {"Enabled": True},
            "DefinitionString": Match.string_like_regexp('"TimeoutSeconds":3600'),
        },
    )
    group = only(made["plain"], "AWS::Logs::LogGroup")
    assert group["RetentionInDays"] == 30
    assert str(group["LogGroupName"]).startswith("/aws/vendedlogs/states/")


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT"])
def test_a_failed_execution_leaves_its_input_in_a_queue(made: Made, status: str) -> None:
    made["plain"].has_resource_properties(
        "AWS::Events::Rule",
        {
            "EventPattern": {
                "source": ["aws.states"],
                "detail": {"status": Match.array_with([status])},
            },
            "Targets": [
                Match.object_like(
                    {
                        "Arn": {"Fn::GetAtt": [Match.string_like_regexp("^JobFailures"), "Arn"]},
                        "DeadLetterConfig": Match.any_value(),
                    }
                )
            ],
        },
    )


def test_a_document_keeps_its_own_time_limit_and_gets_one_otherwise(made: Made) -> None:
    assert '"TimeoutSeconds\\":60' in json.dumps(only(made["full"], MACHINE)).replace("\\\\", "\\")
    assert "TimeoutSeconds" in text(made["express"])


def test_a_start_that_cannot_be_delivered_is_kept(made: Made) -> None:
    schedule = only(made["full"], "AWS::Scheduler::Schedule")

    assert "JobDeadLetters" in json.dumps(schedule)
    assert all("DeadLetterConfig" in json.dumps(rule) for rule in _rules(made))
    assert json.loads(schedule["Target"]["Input"]) == {"all": True}  # type: ignore[index]


def _rules(made: Made) -> list[dict[str, object]]:
    return properties(made["full"], "AWS::Events::Rule")


def test_failures_time_outs_throttles_and_dead_letters_notify(made: Made) -> None:
    alarms = properties(made["full"], "AWS::CloudWatch::Alarm")

    assert {alarm["MetricName"] for alarm in alarms} == {
        "ExecutionsFailed",
        "ExecutionsTimedOut",
        "ExecutionThrottled",
        "ApproximateNumberOfMessagesVisible",
    }
    made["plain"].resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_a_job_may_use_its_key_whatever_its_name_will_be(made: Made) -> None:
    policies = [
        statement
        for policy in properties(made["full"], "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]  # type: ignore[index]
    ]

    assert {"Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Effect": "Allow"}.items() <= next(
        statement.items()
        for statement in policies
        if "kms:Decrypt" in statement["Action"] and "Condition" not in statement
    )
    assert '"Type": "CUSTOMER_MANAGED_KMS_KEY"' in text(made["full"])


def test_who_may_start_may_do_nothing_else(made: Made) -> None:
    assert {action for action in actions(made["full"]) if action.startswith("states:")} == {
        "states:StartExecution"
    }


def test_further_props_are_passed_on(made: Made) -> None:
    assert only(made["full"], MACHINE)["LoggingConfiguration"]["IncludeExecutionData"] is True  # type: ignore[index]


def test_an_express_job_uses_the_role_that_is_passed_and_has_no_net(made: Made) -> None:
    made["express"].has_resource_properties(MACHINE, {"StateMachineType": "EXPRESS"})
    made["express"].resource_count_is("AWS::Events::Rule", 0)
    made["express"].resource_count_is("AWS::IAM::Role", 2)


def test_a_definition_may_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "job.asl.json"
    file.write_text(json.dumps(DOCUMENT), "utf-8")

    made = synthesise(job=lambda stack: StateMachineJob(stack, "Job", definition=file))

    assert "Wait" in text(made["job"])


@pytest.mark.parametrize("definition", ["Wait:", "[]", {"StartAt": "Wait"}])
def test_a_definition_without_states_is_refused(definition: str | dict[str, object]) -> None:
    with pytest.raises(ConstructError, match="Job: definition: "):
        StateMachineJob(Stack(), "Job", definition=definition)


def test_a_prop_that_an_argument_decides_is_refused() -> None:
    with pytest.raises(ConstructError, match="props must not set tracing_enabled"):
        StateMachineJob(
            Stack(),
            "Job",
            definition=DOCUMENT,
            props=sfn.StateMachineProps(tracing_enabled=False),
        )
