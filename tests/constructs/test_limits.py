"""LimitChecks: what AWS would refuse for its size or number is found at synthesis."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from aws_cdk import App, CfnResource, NestedStack, Stack, Token, Validations
from aws_cdk import aws_lambda as lambda_

from signal9_constructs import GuardedStage, LimitChecks
from tests.constructs.lab import app

Build = Callable[[Stack], object]


def _document(statements: int) -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "x" * 120}
    return {"Version": "2012-10-17", "Statement": [statement] * statements}


def _with(type_: str, **properties: object) -> Build:
    return lambda stack: CfnResource(stack, "It", type=type_, properties=properties)


def _many(count: int, type_: str, **properties: object) -> Build:
    def build(stack: Stack) -> None:
        target = CfnResource(stack, "It", type="AWS::Some::Target")
        for number in range(count):
            CfnResource(
                stack,
                f"R{number}",
                type=type_,
                properties={name: value or target.ref for name, value in properties.items()},
            )

    return build


def _inline_policies(stack: Stack) -> None:
    role = CfnResource(stack, "It", type="AWS::IAM::Role", properties={})
    for name in ("A", "B"):
        properties = {"Roles": [role.ref], "PolicyDocument": _document(40)}
        CfnResource(stack, name, type="AWS::IAM::Policy", properties=properties)


def _large(stack: Stack) -> None:
    for number in range(11):
        CfnResource(stack, f"R{number}", type="AWS::T::T", properties={"Text": "x" * 100_000})


def _nested(stack: Stack) -> None:
    _with("AWS::IAM::ManagedPolicy", PolicyDocument=_document(60))(NestedStack(stack, "Nested"))


def _arns(stack: Stack) -> None:
    """Fill a policy whose length depends on the names that a deployment generates."""
    queues = [Token.as_string({"Fn::GetAtt": [f"Q{number}", "Arn"]}) for number in range(60)]
    properties = {"PolicyDocument": {"Statement": [{"Resource": [*queues, "x" * 4_000]}]}}
    CfnResource(stack, "It", type="AWS::IAM::ManagedPolicy", properties=properties)


def _code(stack: Stack) -> None:
    layers = []
    for name in ("A", "B"):
        folder = Path(App.of(stack).outdir) / name  # type: ignore[union-attr]
        folder.mkdir(parents=True)
        with (folder / f"{name}.bin").open("wb") as file:
            file.truncate(126 * 1024**2)
        code = lambda_.Code.from_asset(str(folder), asset_hash=name)
        layers.append(lambda_.LayerVersion(stack, name, code=code))
    lambda_.Function(
        stack,
        "It",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=lambda_.Code.from_inline("pass"),
        layers=layers,
    )


_WIDGETS: Final = json.dumps({"widgets": [{"type": "text"}] * 501})

ERRORS: Final[dict[str, tuple[Build, str]]] = {
    "ManagedPolicy": (
        _with("AWS::IAM::ManagedPolicy", PolicyDocument=_document(60)),
        "PolicyDocument has 10,",
    ),
    "Inline": (_inline_policies, "the sum of its inline policies has 14,"),
    "Nested": (_nested, "PolicyDocument has 10,"),
    "Queue": (_with("AWS::SQS::QueuePolicy", PolicyDocument=_document(50)), "at most 8,192"),
    "Topic": (_with("AWS::SNS::TopicPolicy", PolicyDocument=_document(200)), "at most 30,720"),
    "Bucket": (_with("AWS::S3::BucketPolicy", PolicyDocument=_document(130)), "at most 20,480"),
    "Key": (_with("AWS::KMS::Key", KeyPolicy=_document(200)), "at most 32,768"),
    "Secret": (
        _with("AWS::SecretsManager::ResourcePolicy", ResourcePolicy=_document(130)),
        "at most 20,480",
    ),
    "Api": (_with("AWS::ApiGateway::RestApi", Policy=_document(50)), "at most 8,192"),
    "Logs": (
        _with("AWS::Logs::ResourcePolicy", PolicyDocument="x" * 5_121),
        "PolicyDocument has 5,121 characters of at most 5,120",
    ),
    "Pattern": (
        _with("AWS::Events::Rule", EventPattern={"source": ["x" * 2_100]}),
        "at most 2,048",
    ),
    "Targets": (_with("AWS::Events::Rule", Targets=[{}] * 6), "Targets has 6 entries of at most 5"),
    "Environment": (
        _with("AWS::Lambda::Function", Environment={"Variables": {"A": "x" * 4_100}}),
        "Environment/Variables has 4,108 characters of at most 4,096",
    ),
    "Actions": (_with("AWS::CloudWatch::Alarm", AlarmActions=["a"] * 6), "AlarmActions has 6"),
    "Recovered": (_with("AWS::CloudWatch::Alarm", OKActions=["a"] * 6), "OKActions has 6"),
    "Composite": (
        _with("AWS::CloudWatch::CompositeAlarm", AlarmRule="ALARM(a) OR " * 900),
        "AlarmRule has 10,800",
    ),
    "Dashboard": (
        _with("AWS::CloudWatch::Dashboard", DashboardBody=_WIDGETS),
        "the dashboard has 501 widgets of at most 500",
    ),
    "Large": (_large, "the template has 1,1"),
    "Code": (_code, "code and layers have 252 MB unzipped of at most 250"),
}
WARNINGS: Final[dict[str, tuple[Build, str]]] = {
    "Resources": (
        lambda stack: [CfnResource(stack, f"R{number}", type="AWS::T::T") for number in range(401)],
        "the template has 401 resources of at most 500",
    ),
    "Trust": (
        _with("AWS::IAM::Role", AssumeRolePolicyDocument=_document(20)),
        "AssumeRolePolicyDocument has 3,",
    ),
    "Managed": (_with("AWS::IAM::Role", ManagedPolicyArns=["a"] * 11), "ManagedPolicyArns has 11"),
    "Arns": (_arns, "PolicyDocument has 4,2"),
    "Permissions": (
        _many(46, "AWS::Lambda::Permission", FunctionName=None),
        "46 resources of type Permission refer to it; at most 45 fit",
    ),
    "Subscriptions": (
        _many(3, "AWS::Logs::SubscriptionFilter", LogGroupName="shop"),
        "3 resources of type SubscriptionFilter",
    ),
    "Filters": (
        _many(101, "AWS::Logs::MetricFilter", LogGroupName=None),
        "101 resources of type MetricFilter",
    ),
    "Paths": (
        _many(301, "AWS::ApiGateway::Resource", RestApiId=None),
        "301 resources of type Resource",
    ),
    "Authorizers": (
        _many(11, "AWS::ApiGateway::Authorizer", RestApiId=None),
        "11 resources of type Authorizer",
    ),
}


@pytest.fixture(scope="module")
def violations(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("cdk.out")
    context = {"aws:cdk:disable-asset-staging": True}
    root = App(outdir=str(folder), analytics_reporting=False, context=context)
    Validations.of(root).add_plugins(LimitChecks())
    for name, (build, _) in (ERRORS | WARNINGS).items():
        build(Stack(root, name))

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        root.synth()

    (report,) = json.loads((folder / "validation-report.json").read_text("utf-8"))["pluginReports"]
    found: list[dict[str, Any]] = report["violations"]
    return found


@pytest.mark.parametrize("name", [*ERRORS, *WARNINGS])
def test_an_exceeded_limit_names_the_construct_and_the_way_out(
    violations: list[dict[str, Any]], name: str
) -> None:
    _, description = (ERRORS | WARNINGS)[name]

    (own,) = (
        each
        for each in violations
        if description in each["description"] and name in _stacks_of(each)
    )

    assert own["severity"] == ("error" if name in ERRORS else "warning")
    assert len(own["suggestedFix"]) > 10


def _stacks_of(violation: dict[str, Any]) -> set[str]:
    constructs = violation["violatingConstructs"]
    return {construct["constructPath"].split("/")[0] for construct in constructs}


def test_what_keeps_the_limits_is_not_reported(violations: list[dict[str, Any]]) -> None:
    assert len(violations) == len(ERRORS | WARNINGS)


def test_a_guarded_stage_checks_limits() -> None:
    root = app()
    stack = Stack(GuardedStage(root, "Dev", rule_packs=()), "Data")
    CfnResource(stack, "Rule", type="AWS::Events::Rule", properties={"Targets": [{}] * 6})

    with pytest.raises(RuntimeError, match="Targets has 6 entries of at most 5"):
        root.synth()
