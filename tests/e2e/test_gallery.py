"""The systems of the gallery pass the scanners and are deployed, as far as the emulator goes."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from signal9_constructs import Acknowledgment, known_findings
from signal9_constructs.suppressions import evaluate
from tests.constructs.lab import synthesise_each
from tests.constructs.scan import SYSTEMS, gallery_templates
from tests.constructs.shop import PACKS
from tests.constructs.test_deployed import ENV, Client, connected, deploy, synthesizer
from tests.emulator import running_emulator

config = pytest.importorskip("cfnlint.config", reason="cfn-lint is not installed")
decode = pytest.importorskip("cfnlint.decode.decode")
runner = pytest.importorskip("cfnlint.runner")

REFUSED: Final = (
    "AWS::ApplicationAutoScaling::",
    "AWS::EC2::FlowLog",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::Events::Archive",
    "AWS::Events::EventBusPolicy",
    "AWS::EventSchemas::",
    "Custom::CDKBucketDeployment",
    "Custom::VpcRestrictDefaultSG",
)
MADE: Final = {
    "container_service": {"AWS::ECS::Service", "AWS::ElasticLoadBalancingV2::LoadBalancer"},
    "cross_account_bus": {"AWS::Events::EventBus", "AWS::Events::Rule"},
    "data_lake": {"AWS::Athena::WorkGroup", "AWS::Glue::Table"},
    "event_pipeline": {"AWS::Lambda::EventSourceMapping", "AWS::SQS::Queue"},
    "orders_api": {"AWS::ApiGateway::Authorizer", "AWS::Cognito::UserPool"},
    "private_api": {"AWS::ApiGateway::RestApi", "AWS::EC2::VPCEndpoint"},
    "scheduled_job": {"AWS::Scheduler::Schedule", "AWS::StepFunctions::StateMachine"},
    "static_site": {"AWS::CloudFront::Distribution", "AWS::S3::Bucket"},
}


OWN: Final = (
    Acknowledgment("AwsSolutions-EVB1", "reads a property that tests refuse", "**/Account**"),
    Acknowledgment("NIST.800.53.R5-IAMNoInlinePolicy", "the CDK's grants", "**/Analyst/**"),
    Acknowledgment(
        "AwsSolutions-IAM5[Resource::<Lake**>/**]", "objects by prefix", "**/Analyst/**"
    ),
)


@pytest.fixture(scope="module")
def templates() -> Mapping[str, Template]:
    return gallery_templates()


@pytest.mark.parametrize("name", SYSTEMS)
def test_rule_packs_find_nothing_that_is_not_known(name: str) -> None:
    stack = synthesise_each({name: import_module(f"examples.gallery.{name}").build})[name]

    verdict = evaluate(stack, PACKS, (*known_findings(stack), *OWN))

    assert verdict.open == ()


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_what_cloudformation_takes(
    templates: Mapping[str, Template], name: str
) -> None:
    decoded, problems = decode.decode_str(json.dumps(templates[name].to_json()))

    found = [*problems, *runner.Runner(config.ConfigMixIn()).validate_template(decoded)]

    assert [f"{each.rule.id} {each.path}: {each.message}" for each in found] == []


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running_emulator() as address, connected(address) as found:
        yield found


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_deployed(client: Client, tmp_path: Path, name: str) -> None:
    root = App(outdir=str(tmp_path), analytics_reporting=False)
    stack = Stack(root, name.replace("_", "-"), synthesizer=synthesizer(), env=ENV)
    import_module(f"examples.gallery.{name}").build(stack)
    root.synth()
    file = tmp_path / f"{stack.artifact_id}.template.json"
    template = _without_what_is_refused(json.loads(file.read_text("utf-8")))
    file.write_text(json.dumps(template), "utf-8")

    made = deploy(client, tmp_path, stack.artifact_id)

    kinds = {template["Resources"][logical_id]["Type"] for logical_id in made}
    assert kinds >= MADE[name]


def _without_what_is_refused(template: Mapping[str, Any]) -> dict[str, Any]:
    resources = {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        # It refuses alarms on metric math, too.
        if not resource["Type"].startswith(REFUSED) and "Metrics" not in resource["Properties"]
    }
    for resource in resources.values():
        needed = resource.get("DependsOn", [])
        resource["DependsOn"] = [
            each for each in ([needed] if isinstance(needed, str) else needed) if each in resources
        ]
    return {**template, "Resources": resources}
