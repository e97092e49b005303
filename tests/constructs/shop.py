"""All constructs in one system: state in one stack, programs in another, the edge in a third."""

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_route53_targets as targets

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
)
from tests.constructs.lab import ENV, app

PACKS: Final = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS, RulePack.NIST_800_53_R5)


class Shop:
    """A system of all twelve, connected as systems are."""

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
        self.bucket.grant_read_write(self.function, prefix="paid/")
        self.secret.grant_read(self.function)
        events = EventBackbone(stack, "Events", alarm_topic=seen.topic)
        events.grant_publish(self.function)
        events.schedule("Nightly", function=self.function.function, schedule="rate(1 day)")
        route = Route("GET", "/api/orders", self.function.function)
        self.service = RestService(stack, "Api", routes=[route], authorizer=self.function.function)
        Firewall(stack, "Firewall").protect(self.service.stage)
        orders = seen.watch("Orders", apis=[self.service], tables=[self.table])
        seen.incident("Orders", orders)

    def _show(self) -> None:
        wall = Firewall(self.edge, "Firewall", edge=True)
        self.site = ContentDelivery(self.edge, "Site", api=self.service.api, firewall=wall)
        zone = DnsZone(self.edge, "Zone", zone_name="shop.example")
        zone.alias("www", targets.CloudFrontTarget(self.site.distribution))
