"""GradualDeployment: a little traffic first, and back by itself."""

import pytest
from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match

from signal9_constructs import ConstructError, GradualDeployment, PythonFunction
from tests.constructs.lab import Made, actions, properties, synthesise, text

GROUP = "AWS::CodeDeploy::DeploymentGroup"


def _functions(stack: Stack, count: int, *, alias: bool = True) -> list[PythonFunction]:
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    return [
        PythonFunction(stack, f"Bill{number}", code=code, handler="index.handler", alias=alias)
        for number in range(count)
    ]


def _plain(stack: Stack) -> None:
    GradualDeployment(stack, "Gradual", functions=_functions(stack, 1))


def _full(stack: Stack) -> None:
    *functions, hook = _functions(stack, 12)
    alarm = cloudwatch.Alarm.from_alarm_arn(
        stack, "Alarm", "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow"
    )
    GradualDeployment(
        stack,
        "Gradual",
        functions=functions,
        config=codedeploy.LambdaDeploymentConfig.ALL_AT_ONCE,
        alarms=[alarm],
        before=hook.function,
        application_name="bills",
    )


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, full=_full)


def test_a_tenth_of_the_traffic_comes_first_and_errors_end_the_deployment(made: Made) -> None:
    made["plain"].has_resource_properties(
        GROUP,
        {
            "DeploymentConfigName": "CodeDeployDefault.LambdaCanary10Percent5Minutes",
            "AlarmConfiguration": {"Enabled": True, "Alarms": [Match.any_value()]},
            "AutoRollbackConfiguration": {
                "Enabled": True,
                "Events": [
                    "DEPLOYMENT_FAILURE",
                    "DEPLOYMENT_STOP_ON_REQUEST",
                    "DEPLOYMENT_STOP_ON_ALARM",
                ],
            },
        },
    )
    made["plain"].has_resource(
        "AWS::Lambda::Alias",
        {"UpdatePolicy": {"CodeDeployLambdaAliasUpdate": Match.any_value()}},
    )


def test_only_errors_of_the_new_version_count(made: Made) -> None:
    (alarm,) = properties(made["plain"], "AWS::CloudWatch::Alarm")

    assert "ExecutedVersion" in str(alarm["Metrics"])
    assert "'Period': 60" in str(alarm["Metrics"])
    assert alarm["TreatMissingData"] == "notBreaching"


def test_codedeploy_may_move_these_aliases_and_no_others(made: Made) -> None:
    assert actions(made["plain"]) >= {"lambda:UpdateAlias", "cloudwatch:DescribeAlarms"}
    assert "AWSCodeDeployRole" not in text(made["plain"])
    assert "function:*" not in text(made["plain"])


def test_many_functions_share_alarms_and_an_application(made: Made) -> None:
    made["full"].resource_count_is(GROUP, 11)
    made["full"].resource_count_is("AWS::CloudWatch::Alarm", 2)
    made["full"].has_resource_properties(
        "AWS::CodeDeploy::Application", {"ApplicationName": "bills"}
    )
    made["full"].all_resources_properties(
        GROUP, {"DeploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce"}
    )


def test_a_hook_may_be_called_by_codedeploy(made: Made) -> None:
    assert "lambda:InvokeFunction" in actions(made["full"])
    assert "BeforeAllowTrafficHook" in text(made["full"])


def test_a_function_without_an_alias_is_refused() -> None:
    stack = Stack()

    with pytest.raises(ConstructError, match="Gradual: functions: Default/Bill0 has no alias"):
        GradualDeployment(stack, "Gradual", functions=_functions(stack, 1, alias=False))


def test_more_alarms_than_codedeploy_watches_are_refused() -> None:
    stack = Stack()
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:slow"
    alarms = [cloudwatch.Alarm.from_alarm_arn(stack, f"Alarm{number}", arn) for number in range(10)]

    with pytest.raises(ConstructError, match="Gradual: alarms: CodeDeploy watches at most 10, h"):
        GradualDeployment(stack, "Gradual", functions=_functions(stack, 1), alarms=alarms)
