"""All constructs in one system: connected, checked, and acknowledged in one line."""

from collections.abc import Mapping
from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53_targets as targets
from aws_cdk.assertions import Template

from signal9_constructs import (
    AccessTrail,
    ApiSecret,
    ContentDelivery,
    DataTable,
    DnsZone,
    EventBackbone,
    Firewall,
    GuardedStage,
    Network,
    Observability,
    PythonFunction,
    RestService,
    Route,
    RulePack,
    SecureBucket,
    known_findings,
)
from tests.constructs.lab import ENV, actions, app

PACKS: Final = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS, RulePack.NIST_800_53_R5)


class Shop:
    """State in one stack, the programs in another, the edge in a third."""

    def __init__(self) -> None:
        self.app = app()
        self.stage = GuardedStage(self.app, "Shop", env=ENV, rule_packs=PACKS)
        self.data, self.programs, self.edge = (
            Stack(self.stage, name) for name in ("Data", "Programs", "Edge")
        )
        self._keep()
        self._run()
        self._show()

    def _keep(self) -> None:
        key = kms.Key(self.data, "Key", enable_key_rotation=True)
        self.table = DataTable(self.data, "Orders", partition_key="id", encryption_key=key)
        self.bucket = SecureBucket(self.data, "Bills", encryption_key=key)
        AccessTrail(self.data, "Trail", buckets=[self.bucket.bucket])
        self.secret = ApiSecret(self.data, "Bank")

    def _run(self) -> None:
        stack = self.programs
        seen = Observability(stack, "Seen", namespace="Shop")
        network = Network(stack, "Network")
        self.function = PythonFunction(
            stack,
            "Order",
            code=lambda_.Code.from_inline("def handler(event, context): pass"),
            handler="index.handler",
            vpc=network.vpc,
            vpc_subnets=network.private_subnets,
        )
        self.table.grant_read_write(self.function)
        self.secret.grant_read(self.function)
        events = EventBackbone(stack, "Events", alarm_topic=seen.topic)
        events.grant_publish(self.function)
        events.schedule("Nightly", function=self.function.function, schedule="rate(1 day)")
        route = Route("GET", "/api/orders", self.function.function)
        self.service = RestService(stack, "Api", routes=[route], authorizer=self.function.function)
        Firewall(stack, "Firewall").protect(self.service.stage)
        seen.watch("Orders", apis=[self.service.api], tables=[self.table.table])

    def _show(self) -> None:
        wall = Firewall(self.edge, "Firewall", edge=True)
        self.site = ContentDelivery(self.edge, "Site", api=self.service.api, firewall=wall)
        zone = DnsZone(self.edge, "Zone", zone_name="shop.example")
        zone.alias("www", targets.CloudFrontTarget(self.site.distribution))


@pytest.fixture(scope="module")
def shop() -> Shop:
    return Shop()


def test_everything_that_is_found_is_known_and_can_be_accepted_in_one_line(shop: Shop) -> None:
    found = {finding.id for finding in shop.stage.verdict().open}
    shop.stage.acknowledge(*known_findings(shop.stage))

    verdict = shop.stage.verdict()

    assert found
    assert [(finding.path, finding.id) for finding in verdict.open] == []


@pytest.fixture(scope="module")
def templates(shop: Shop) -> Mapping[str, Template]:
    stacks = {"data": shop.data, "programs": shop.programs, "edge": shop.edge}
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


def test_the_system_synthesises_without_a_cycle(templates: Mapping[str, Template]) -> None:
    templates["edge"].resource_count_is("AWS::CloudFront::Distribution", 1)
    templates["edge"].resource_count_is("AWS::Route53::RecordSet", 2)


def test_stacks_know_each_other_without_exports(templates: Mapping[str, Template]) -> None:
    assert all("Export" not in str(each.to_json()["Outputs"]) for each in _with_outputs(templates))


def _with_outputs(templates: Mapping[str, Template]) -> list[Template]:
    return [each for each in templates.values() if "Outputs" in each.to_json()]


def test_a_function_may_do_what_it_was_granted_and_no_more(
    templates: Mapping[str, Template],
) -> None:
    granted = actions(templates["programs"])

    assert {"dynamodb:PutItem", "events:PutEvents", "secretsmanager:GetSecretValue"} <= granted
    assert "dynamodb:Scan" not in granted
    assert not any(action.endswith(":*") for action in granted)
