"""ApiSecret: a placeholder is deployed, a value is set, and its age is watched."""

import json
import runpy
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk.assertions import Capture, Match

import signal9_constructs
from signal9_constructs import ApiSecret, ConstructError
from tests.constructs.lab import Made, actions, only, properties, synthesise, topic

SECRET = "AWS::SecretsManager::Secret"


def _plain(stack: Stack) -> None:
    ApiSecret(stack, "Key")


def _watched(stack: Stack) -> None:
    ApiSecret(
        stack,
        "Key",
        fields=("apiKey", "secretKey"),
        secret_name="shop/payments/dev",
        encryption_key=kms.Key(stack, "Master"),
        max_age_days=30,
        alarm_topic=topic(stack),
    )


def _passing(stack: Stack) -> None:
    ApiSecret(stack, "Key", alarm_topic=topic(stack), removal_policy=RemovalPolicy.DESTROY)


def _rotated(stack: Stack) -> None:
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    renew = lambda_.Function(
        stack, "Renew", runtime=lambda_.Runtime.PYTHON_3_14, handler="index.handler", code=code
    )
    ApiSecret(stack, "Key", rotation=renew, rotate_every_days=7, alarm_topic=topic(stack))


def _own(stack: Stack) -> None:
    ApiSecret(stack, "Key", fields=("key", "note"), generated="key")


def _read(stack: Stack) -> None:
    role = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    ApiSecret(stack, "Key").grant_read(role)


def _written(stack: Stack) -> None:
    role = iam.Role(stack, "Writer", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    ApiSecret(stack, "Key").grant_write(role)


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        plain=_plain,
        watched=_watched,
        passing=_passing,
        rotated=_rotated,
        own=_own,
        read=_read,
        written=_written,
    )


def test_the_template_holds_placeholders_and_no_value(made: Made) -> None:
    value = Capture()

    made["watched"].has_resource_properties(
        SECRET,
        {
            "Name": "shop/payments/dev",
            "KmsKeyId": Match.any_value(),
            "SecretString": value,
            "GenerateSecretString": Match.absent(),
        },
    )

    assert json.loads(value.as_string()) == dict.fromkeys(
        ("apiKey", "secretKey"), ApiSecret.PLACEHOLDER
    )


@pytest.mark.parametrize("kind", [SECRET, "AWS::Logs::LogGroup", "AWS::SQS::Queue"])
def test_a_secret_and_its_age_check_are_retained_by_default(made: Made, kind: str) -> None:
    made["watched"].all_resources(kind, {"DeletionPolicy": "RetainExceptOnCreate"})
    made["passing"].all_resources(kind, {"DeletionPolicy": "Delete"})


def test_readers_may_not_write_and_writers_may_not_read(made: Made) -> None:
    assert actions(made["read"]) == {
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
    }
    assert "secretsmanager:GetSecretValue" not in actions(made["written"])


def test_a_value_that_is_too_old_notifies(made: Made) -> None:
    made["watched"].has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {
            "Namespace": "Secrets",
            "MetricName": "SecretAge",
            "Threshold": 30,
            "AlarmActions": Match.any_value(),
        },
    )
    made["watched"].has_resource_properties(
        "AWS::Events::Rule",
        {
            "ScheduleExpression": "rate(1 day)",
            "Targets": [Match.object_like({"DeadLetterConfig": Match.any_value()})],
        },
    )


def test_the_age_check_may_not_read_the_value(made: Made) -> None:
    assert "secretsmanager:DescribeSecret" in actions(made["watched"])
    assert "secretsmanager:GetSecretValue" not in actions(made["watched"])


def test_a_function_renews_the_value_and_no_alarm_is_needed(made: Made) -> None:
    schedule = only(made["rotated"], "AWS::SecretsManager::RotationSchedule")

    assert schedule["RotationRules"] == {"ScheduleExpression": "rate(7 days)"}
    assert properties(made["rotated"], "AWS::CloudWatch::Alarm") == []


def test_a_rotation_function_may_only_rotate_this_secret(made: Made) -> None:
    (policy,) = made["rotated"].find_resources("AWS::IAM::Policy").values()
    permission = only(made["rotated"], "AWS::Lambda::Permission")

    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
    ]
    assert list(statement["Resource"]) == ["Ref"]
    assert permission["Principal"] == "secretsmanager.amazonaws.com"
    assert permission["SourceAccount"]


def test_a_generated_field_is_random(made: Made) -> None:
    made["own"].has_resource_properties(
        SECRET,
        {
            "SecretString": Match.absent(),
            "GenerateSecretString": {
                "SecretStringTemplate": json.dumps({"note": ApiSecret.PLACEHOLDER}),
                "GenerateStringKey": "key",
                "PasswordLength": 64,
                "ExcludePunctuation": True,
            },
        },
    )


def test_the_generated_field_must_be_a_field() -> None:
    with pytest.raises(ConstructError, match="generated='key': must be one of"):
        ApiSecret(Stack(), "Key", fields=("apiKey",), generated="key")


@pytest.mark.parametrize("fields", [(), ("apiKey", "apiKey")])
def test_fields_must_be_unique_and_not_empty(fields: tuple[str, ...]) -> None:
    with pytest.raises(ConstructError, match="fields must be unique and not empty"):
        ApiSecret(Stack(), "Key", fields=fields)


def test_the_age_is_written_in_days(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = datetime.now(UTC) - timedelta(days=12)
    described = {"CreatedDate": changed - timedelta(days=9), "LastChangedDate": changed}
    client = SimpleNamespace(describe_secret=lambda SecretId: described)  # noqa: N803
    monkeypatch.setitem(sys.modules, "boto3", SimpleNamespace(client=lambda _name: client))
    environment = {"SECRET_NAME": "Key", "SECRET_ARN": "arn:secret", "NAMESPACE": "Secrets"}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    source = Path(signal9_constructs.__file__).parent / "runtime" / "secret_age.py"

    runpy.run_path(str(source))["handler"]({}, None)

    written = json.loads(capsys.readouterr().out)
    assert written["SecretAge"] == pytest.approx(12, abs=0.01)
    assert written["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Secrets"


def _existing(stack: Stack) -> None:
    existing = secretsmanager.Secret.from_secret_name_v2(stack, "Existing", "shop/bank")
    secret = ApiSecret(stack, "Bank", secret=existing, alarm_topic=topic(stack))
    role = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    secret.grant_read(role)
    ApiSecret(stack, "Copied", replica_regions=["eu-west-1"])


def test_a_secret_that_exists_is_watched_and_granted_under_every_suffix() -> None:
    made = synthesise(existing=_existing)["existing"]

    made.resource_count_is(SECRET, 1)
    made.has_resource_properties("AWS::CloudWatch::Alarm", {"MetricName": "SecretAge"})
    policies = [str(policy) for policy in properties(made, "AWS::IAM::Policy")]
    assert all("secret:shop/bank-??????" in policy for policy in policies)
    made.has_resource_properties(SECRET, {"ReplicaRegions": [{"Region": "eu-west-1"}]})


@pytest.mark.parametrize(
    "arguments", [{"generated": "apiKey"}, {"secret_name": "key"}, {"replica_regions": ["a"]}]
)
def test_a_secret_that_exists_keeps_its_settings(arguments: dict[str, Any]) -> None:
    stack = Stack()
    existing = secretsmanager.Secret.from_secret_name_v2(stack, "Existing", "shop/bank")

    with pytest.raises(ConstructError, match="the secret exists; "):
        ApiSecret(stack, "Bank", secret=existing, **arguments)
