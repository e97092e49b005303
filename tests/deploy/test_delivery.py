"""A repository's pipelines deliver a stage by tokens of their own, and may do little else."""

from typing import Any, Final

import boto3
import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from moto import mock_aws
from typer.testing import CliRunner

from signal9_constructs import GuardedStage
from signal9_deploy.commands import cdk_cli
from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.cli import program
from signal9_deploy.errors import StageError
from signal9_deploy.repository import parse_repository
from signal9_deploy.stage import make_delivery
from tests.deploy.lab import ACCOUNT, Resource, listed, properties, settings_of
from tests.deploy.test_commands import Recorded, cdk

__all__ = ["cdk"]

GITHUB: Final = "token.actions.githubusercontent.com"


def _delivery(text: str, stage: str = "prod", region: str = "us-east-1") -> GuardedStage:
    settings = settings_of(stage).model_copy(update={"region": region})
    app = App(analytics_reporting=False, tree_metadata=False)
    return make_delivery(app, settings, parse_repository(text))


def _roles(delivery: GuardedStage) -> dict[str, Resource]:
    template = Template.from_stack(Stack.of(delivery.node.find_child("Delivery")))
    return {role["RoleName"]: role for role in properties(template, "AWS::IAM::Role")}


def _statements(delivery: GuardedStage, purpose: str) -> list[Resource]:
    template = Template.from_stack(Stack.of(delivery.node.find_child("Delivery")))
    (policy,) = (
        policy
        for policy in properties(template, "AWS::IAM::Policy")
        if policy["PolicyName"].startswith(purpose)
    )
    statements: list[Resource] = policy["PolicyDocument"]["Statement"]
    return statements


def _trust(role: Resource) -> Any:
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    return statement["Condition"]


@pytest.fixture(scope="module")
def github() -> GuardedStage:
    return _delivery("github:acme/signal9")


def test_github_deploys_only_from_the_environment_that_people_approve(github: GuardedStage) -> None:
    trusts = {name: _trust(role) for name, role in _roles(github).items()}

    assert {name: trust["StringEquals"][f"{GITHUB}:sub"] for name, trust in trusts.items()} == {
        "signal9-prod-deploy": "repo:acme/signal9:environment:prod",
        "signal9-prod-diff": "repo:acme/signal9:pull_request",
        "signal9-prod-drift": "repo:acme/signal9:ref:refs/heads/main",
    }
    for trust in trusts.values():
        assert trust["StringEquals"][f"{GITHUB}:aud"] == "sts.amazonaws.com"


def test_gitlab_deploys_only_from_its_branch() -> None:
    roles = _roles(_delivery("https://gitlab.example.com/acme/data/signal9"))
    branch = "project_path:acme/data/signal9:ref_type:branch:ref"

    deploy = _trust(roles["signal9-prod-deploy"])["StringEquals"]
    assert deploy == {
        "gitlab.example.com:aud": "sts.amazonaws.com",
        "gitlab.example.com:sub": f"{branch}:main",
    }
    assert _trust(roles["signal9-prod-diff"])["StringLike"]["gitlab.example.com:sub"] == (
        f"{branch}:*"
    )
    of_test = _roles(_delivery("gitlab:acme/signal9", "test"))["signal9-test-deploy"]
    assert _trust(of_test)["StringEquals"]["gitlab.com:sub"].endswith(":ref:test")


def test_a_deployment_may_do_only_what_its_command_does() -> None:
    delivery = _delivery("github:acme/signal9", region="eu-central-1")
    statements = {each["Sid"]: each for each in _statements(delivery, "Deploy")}

    roles = {
        f"cdk-hnb659fds-{name}-{ACCOUNT}-{region}"
        for name in ("deploy-role", "file-publishing-role", "lookup-role")
        for region in ("eu-central-1", "us-east-1")
    }
    assumed = statements.pop("CdkRoles")["Resource"]
    assert {str(role["Fn::Join"][1][2]).rpartition("/")[2] for role in assumed} == roles
    assert {sid: listed(each["Action"]) for sid, each in statements.items()} == {
        "Canary": ["lambda:InvokeFunction"],
        "Cdk": ["ssm:GetParameter"],
        "Checks": ["apigateway:GET"],
        "PageCache": ["cloudfront:CreateInvalidation"],
        "PageFiles": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        "PageList": ["s3:ListBucket"],
        "PrefixLists": ["ec2:DescribeManagedPrefixLists"],
        "RollBack": ["cloudformation:UpdateStack"],
        "Stacks": [
            "cloudformation:DescribeStacks",
            "cloudformation:GetTemplate",
            "cloudformation:ListStackResources",
        ],
        "Templates": ["s3:GetObject", "s3:PutObject"],
    }
    rolled_back = [str(arn["Fn::Join"][1][2]) for arn in statements["RollBack"]["Resource"]]
    assert ["-Service/" in rolled_back[0], "-Edge/" in rolled_back[1]] == [True, True]


def test_a_proposed_change_can_read_templates_and_no_data(github: GuardedStage) -> None:
    statements = _statements(github, "Diff")

    assert [each["Sid"] for each in statements] == ["Stacks", "Cdk"]
    assert "stack/Signal9-prod-*" in str(statements[0]["Resource"])


def test_the_detection_of_drift_reads_no_data(github: GuardedStage) -> None:
    (denied,) = _statements(github, "Drift")

    assert denied["Effect"] == "Deny"
    assert {"dynamodb:Query", "s3:GetObject", "kms:Decrypt"} <= set(denied["Action"])


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_the_rule_packs_find_nothing(region: str) -> None:
    for repository in ("github:acme/signal9", "gitlab:acme/signal9"):
        verdict = _delivery(repository, region=region).verdict()
        assert [(found.id, found.path) for found in verdict.open] == []


def test_the_provider_stays_when_its_stack_is_deleted(github: GuardedStage) -> None:
    template = Template.from_stack(Stack.of(github.node.find_child("Provider")))

    template.has_resource("AWS::IAM::OIDCProvider", {"DeletionPolicy": "RetainExceptOnCreate"})


@pytest.mark.parametrize(
    "text", ["github:acme", "github:a/b/c", "gitlab:acme", "http://gitlab.com/a/b", "github:a/b c"]
)
def test_what_is_no_repository_is_refused(text: str) -> None:
    with pytest.raises(StageError, match="must be OWNER/NAME"):
        parse_repository(text)


@pytest.mark.parametrize("text", ["github:a/b", "https://gitlab.com/a/b", "https://git.x.y/a/b/c"])
def test_a_repository_is_read_back_as_it_is_written(text: str) -> None:
    assert str(parse_repository(text)) == text


@mock_aws
def test_bootstrap_makes_the_roles_and_the_provider_only_once(cdk: Recorded) -> None:
    settings, account = settings_of("dev"), Account("us-east-1")
    repository = parse_repository("github:acme/signal9")

    cdk_cli.bootstrap(settings, cdk.cli, account, repository)
    client: Any = boto3.client("iam")
    client.create_open_id_connect_provider(Url=f"https://{GITHUB}", ThumbprintList=["0" * 40])
    cdk_cli.bootstrap(settings, cdk.cli, account, repository)

    deployed = [call[1:3] for call in cdk.asked if call[0] == "deploy"]
    roles, provider = "Signal9-dev-Delivery/Delivery", "Signal9-dev-Delivery/Provider"
    assert [call for call in deployed if call[0] != "Signal9/Account"] == [
        [provider, roles],
        [roles, "--context"],
    ]
    assert "repository=github:acme/signal9" in cdk.asked[-1]


def test_a_stage_is_delivered_from_one_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_DEPLOY__ISSUER", "https://issuer.example/")

    both = ["bootstrap", "dev", "--github", "a/b", "--gitlab", "a/b"]
    refused = CliRunner().invoke(program, both)

    assert "from one repository" in str(refused.exception)
