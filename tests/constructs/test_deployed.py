"""What an emulator of AWS makes of the constructs, read back with boto3."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import boto3
import pytest
from aws_cdk import App, CfnElement, DefaultStackSynthesizer, Environment, Stack
from aws_cdk import aws_sqs as sqs
from botocore.exceptions import WaiterError
from constructs import IConstruct

from signal9_constructs import (
    ApiSecret,
    ContentDelivery,
    DataTable,
    DependencyLayer,
    DnsZone,
    EventBackbone,
    Firewall,
    GuardedStage,
    ManagedRules,
    Network,
    Observability,
    PythonBundle,
    PythonFunction,
    RateLimit,
    RestService,
    Route,
    SecureBucket,
    TableIndex,
    WorkQueue,
)
from tests.emulator import CREDENTIALS, running_emulator

Client = Callable[[str], Any]
"""Opens a client of the emulator by the name of its service."""

_ASSETS: Final = "assets"


def synthesizer() -> DefaultStackSynthesizer:
    """Return a synthesizer that asks for no bootstrapped account."""
    return DefaultStackSynthesizer(
        file_assets_bucket_name=_ASSETS, generate_bootstrap_version_rule=False
    )


def deploy(client: Client, folder: Path, stack: str) -> Mapping[str, str]:
    """Create `stack` from the assembly in `folder`; return its resources by logical id."""
    s3, formation = client("s3"), client("cloudformation")
    _upload_assets(s3, folder, stack)
    place = {"Bucket": _ASSETS, "Key": f"{stack}.template.json"}
    s3.put_object(**place, Body=(folder / place["Key"]).read_bytes())
    formation.create_stack(
        StackName=stack,
        TemplateURL=s3.generate_presigned_url("get_object", place),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    _wait(formation, stack)
    made = formation.describe_stack_resources(StackName=stack)["StackResources"]
    return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in made}


def _wait(formation: Any, stack: str) -> None:
    """Wait until the stack is there, or say which resource is not."""
    try:
        formation.get_waiter("stack_create_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
    except WaiterError as error:
        events = formation.describe_stack_events(StackName=stack)["StackEvents"]
        failed = [each for each in events if each["ResourceStatus"].endswith("FAILED")]
        reasons = {each["LogicalResourceId"]: each["ResourceStatusReason"] for each in failed}
        raise AssertionError(f"{stack} was not created: {reasons}") from error


def _upload_assets(s3: Any, folder: Path, stack: str) -> None:
    s3.create_bucket(Bucket=_ASSETS)
    listed = json.loads((folder / f"{stack}.assets.json").read_text("utf-8"))["files"]
    for asset in listed.values():
        source = folder / asset["source"]["path"]
        body = _zipped(source) if source.is_dir() else source.read_bytes()
        for destination in asset["destinations"].values():
            s3.put_object(Bucket=_ASSETS, Key=destination["objectKey"], Body=body)


def _zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder).as_posix())
    return content.getvalue()


ENV: Final = Environment(account="000000000000", region="us-east-1")
HANDLERS: Final = """
import json
import lent

def orders(event, context):
    path = event["path"]
    return {"statusCode": 200, "body": json.dumps({"path": path, "lent": lent.BY})}

def judge(event, context):
    effect = "Allow" if event["authorizationToken"] == "Bearer good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "me", "policyDocument": policy}

def work(event, context):
    failed = [each["messageId"] for each in event["Records"] if each["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}
"""
ORDER: Final = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}


class Shop(Stack):
    """Every construct, without what the emulator refuses."""

    def __init__(self, stage: GuardedStage, sources: Path) -> None:
        super().__init__(stage, "Shop", synthesizer=synthesizer(), env=ENV)
        self.seen = Observability(self, "Seen", namespace="Shop", emails=["ops@shop.example"])
        self._keep()
        self._run(sources)
        self._connect()
        self._show()

    def _keep(self) -> None:
        self.table = DataTable(
            self,
            "Orders",
            partition_key="customer",
            sort_key="at",
            indexes=[TableIndex("ByState", "state", "at")],
            ttl_attribute="expiresAt",
            alarm_topic=self.seen.topic,
        )
        self.bucket = SecureBucket(self, "Photos", cors_origins=["https://shop.example"])
        self.secret = ApiSecret(self, "Bank", fields=("apiKey", "secret"))

    def _run(self, sources: Path) -> None:
        layer = PythonBundle([sources / "lent.py"], for_this_machine=True)
        libraries = DependencyLayer(self, "Libraries", code=layer)
        code = PythonBundle([sources / "shop.py"], for_this_machine=True)
        self.order, self.judge, self.worker = (
            PythonFunction(
                self,
                f"{name.capitalize()}Function",
                code=code,
                handler=f"shop.{name}",
                layers=[libraries.layer],
                environment={"TABLE": self.table.table.table_name},
                alarm_topic=self.seen.topic,
            )
            for name in ("orders", "judge", "work")
        )
        self.table.grant_read_write(self.order)
        self.secret.grant_read(self.order)

    def _connect(self) -> None:
        self.events = EventBackbone(
            self,
            "Events",
            schemas={"Order Placed": ORDER},
            archive_days=None,
            register_schemas=False,
            alarm_topic=self.seen.topic,
        )
        self.billed = sqs.Queue(self, "Billed")
        self.events.rule(
            "Bill",
            source="shop",
            detail_types=["Order Placed"],
            detail={"item": ["pen"]},
            targets=[self.billed],
        )
        self.nightly = self.events.schedule(
            "Nightly", function=self.order.function, schedule="rate(1 day)"
        )
        self.work = WorkQueue(self, "Jobs", attempts=2)
        self.work.feed(self.worker.function, batch_size=5)

    def _show(self) -> None:
        order = self.order.function
        routes = [
            Route("GET", "/orders/{id}", order),
            Route("POST", "/orders", order, body=ORDER),
            Route("GET", "/health", order, open=True),
        ]
        self.service = RestService(
            self,
            "Api",
            routes=routes,
            authorizer=self.judge.function,
            cors_origins=["https://shop.example"],
        )
        self.wall = Firewall(
            self,
            "Wall",
            # No paths: the emulator returns search strings that boto3 cannot decode.
            rate_limits=[RateLimit("keys", 100, by="header", header="X-Api-Key")],
            managed_rules=[ManagedRules("common", version="Version_1.19"), "bots"],
            log_retention_days=None,
        )
        self.site = ContentDelivery(self, "Site", api=self.service.api)
        self.zone = DnsZone(self, "Zone", zone_name="shop.example")
        self.zone.cname("docs", "pages.example.net")
        self.network = Network(
            self,
            "Network",
            nat_gateways=0,
            network_acls=False,
            flow_log_retention_days=None,
            close_default_security_group=False,
        )
        self.seen.watch(
            "Orders",
            apis=[self.service.api],
            functions=[order],
            queues=[self.work.queue],
            dead_letters=[self.work.dead_letters],
        )
        self.seen.watch_ingestion("Prices", successes="Ingested", failures="Failed")


class Answer(NamedTuple):
    """What the API says."""

    status: int
    body: str


class Deployed:
    """A shop in the emulator: what was made, by logical id, and how to look at it."""

    def __init__(self, shop: Shop, made: Mapping[str, str], client: Client, address: str) -> None:
        self.shop, self.client = shop, client
        self._made, self._address = made, address

    def name(self, resource: IConstruct) -> str:
        """Return what the emulator calls a resource."""
        default = resource.node.default_child
        assert isinstance(default, CfnElement)
        return self._made[str(self.shop.resolve(default.logical_id))]

    def ask(self, path: str, *, body: str | None = None, token: str | None = None) -> Answer:
        """Ask the API as a program does."""
        api = self.name(self.shop.service.api)
        request = Request(
            f"{self._address}/restapis/{api}/live/_user_request_{path}",
            data=None if body is None else body.encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": token} if token else {}),
        )
        try:
            with urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.read().decode())
        except HTTPError as error:
            return Answer(error.code, error.read().decode())


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.py").write_text(HANDLERS, "utf-8")
    (folder / "lent.py").write_text("BY = 'a layer'\n", "utf-8")
    root = App(outdir=str(folder / "cdk.out"), analytics_reporting=False)
    shop = Shop(GuardedStage(root, "Dev", tags={"Owner": "shop"}, rule_packs=()), folder)
    assembly = root.synth().get_nested_assembly("assembly-Dev")
    with running_emulator() as address, connected(address) as client:
        made = deploy(client, Path(assembly.directory), shop.artifact_id)
        yield Deployed(shop, made, client, address)


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """Yield a maker of clients, and close them all."""
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=ENV.region,
    )
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in clients:
            clients[service] = session.client(service, endpoint_url=address)  # type: ignore[call-overload]
        return clients[service]

    yield client
    for each in clients.values():
        each.close()


def test_a_table_keeps_what_is_put_and_is_found_by_its_index(deployed: Deployed) -> None:
    name = deployed.name(deployed.shop.table.table)
    dynamodb = deployed.client("dynamodb")
    item = {"customer": {"S": "ann"}, "at": {"S": "9"}, "state": {"S": "open"}}
    dynamodb.put_item(TableName=name, Item=item)

    found = dynamodb.query(
        TableName=name,
        IndexName="ByState",
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "state"},
        ExpressionAttributeValues={":s": {"S": "open"}},
    )["Items"]
    described = dynamodb.describe_table(TableName=name)["Table"]

    assert found == [item]
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_a_bucket_is_versioned_and_private(deployed: Deployed) -> None:
    name, s3 = deployed.name(deployed.shop.bucket.bucket), deployed.client("s3")

    blocked = s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
    (rule,) = s3.get_bucket_cors(Bucket=name)["CORSRules"]

    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert set(blocked.values()) == {True}
    assert rule["AllowedOrigins"] == ["https://shop.example"]


def test_a_secret_holds_placeholders(deployed: Deployed) -> None:
    secrets = deployed.client("secretsmanager")

    held = secrets.get_secret_value(SecretId=deployed.name(deployed.shop.secret.secret))

    assert json.loads(held["SecretString"]) == {"apiKey": "set-me", "secret": "set-me"}


def test_an_open_route_is_answered_by_a_function_with_its_layer(deployed: Deployed) -> None:
    answer = deployed.ask("/health")

    assert answer.status == HTTPStatus.OK
    assert json.loads(answer.body) == {"path": "/health", "lent": "a layer"}


def test_a_route_is_answered_to_whom_the_authorizer_lets_in(deployed: Deployed) -> None:
    refused = {deployed.ask("/orders/1", token=token).status for token in (None, "Bearer bad")}

    assert deployed.ask("/orders/1", token="Bearer good").status == HTTPStatus.OK
    assert refused <= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def test_a_body_has_the_schema_of_its_route(deployed: Deployed) -> None:
    (model,) = deployed.client("apigateway").get_models(
        restApiId=deployed.name(deployed.shop.service.api)
    )["items"]
    answer = deployed.ask("/orders", body='{"item": "pen"}', token="Bearer good")

    assert ORDER.items() <= json.loads(model["schema"]).items()
    assert answer.status == HTTPStatus.OK


def test_an_event_reaches_its_queue_and_others_do_not(deployed: Deployed) -> None:
    bus = deployed.name(deployed.shop.events.bus)
    entry = {"EventBusName": bus, "Source": "shop", "DetailType": "Order Placed"}
    deployed.client("events").put_events(
        Entries=[entry | {"Detail": json.dumps({"item": item})} for item in ("ink", "pen")]
    )

    received = _received(deployed, deployed.shop.billed)

    assert [json.loads(body)["detail"] for body in received] == [{"item": "pen"}]


def test_work_that_fails_waits_apart(deployed: Deployed) -> None:
    queue = deployed.name(deployed.shop.work.queue)
    sqs = deployed.client("sqs")

    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    (source,) = deployed.client("lambda").list_event_source_mappings(
        FunctionName=deployed.name(deployed.shop.worker.function)
    )["EventSourceMappings"]

    assert json.loads(attributes["RedrivePolicy"])["maxReceiveCount"] in {2, "2"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_alarms_notify_the_topic_and_one_dashboard_shows_all(deployed: Deployed) -> None:
    topic = deployed.name(deployed.shop.seen.topic)
    cloudwatch = deployed.client("cloudwatch")

    alarms = cloudwatch.describe_alarms(MaxRecords=100)["MetricAlarms"]
    dashboard = cloudwatch.get_dashboard(DashboardName=deployed.name(deployed.shop.seen.dashboard))[
        "DashboardBody"
    ]
    subscribed = deployed.client("sns").list_subscriptions_by_topic(TopicArn=topic)

    assert {"Errors", "4XXError", "Ingested", "ReadThrottleEvents"} <= {
        alarm["MetricName"] for alarm in alarms
    }
    assert all(alarm["AlarmActions"] == [topic] for alarm in alarms)
    assert "Orders: requests" in dashboard
    assert [each["Endpoint"] for each in subscribed["Subscriptions"]] == ["ops@shop.example"]


def test_a_firewall_has_its_rules(deployed: Deployed) -> None:
    (wall,) = deployed.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]

    acl = deployed.client("wafv2").get_web_acl(Name=wall["Name"], Id=wall["Id"], Scope="REGIONAL")[
        "WebACL"
    ]

    names = [rule["Name"] for rule in acl["Rules"]]
    assert names == ["rate", "keys", "xss", "common", "bots"]
    assert "Version_1.19" in str(acl["Rules"][3])


def test_a_distribution_has_two_origins(deployed: Deployed) -> None:
    distribution = deployed.client("cloudfront").get_distribution(
        Id=deployed.name(deployed.shop.site.distribution)
    )["Distribution"]["DistributionConfig"]

    assert len(distribution["Origins"]["Items"]) == 2
    assert distribution["DefaultRootObject"] == "index.html"


def test_a_zone_has_its_records(deployed: Deployed) -> None:
    (zone,) = deployed.client("route53").list_hosted_zones()["HostedZones"]

    records = deployed.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])

    named = {(each["Name"], each["Type"]) for each in records["ResourceRecordSets"]}
    assert ("docs.shop.example.", "CNAME") in named


def test_a_network_has_the_subnets_of_its_plan(deployed: Deployed) -> None:
    wanted = [{"Name": "vpc-id", "Values": [deployed.name(deployed.shop.network.vpc)]}]
    plan = deployed.shop.network.plan

    subnets = deployed.client("ec2").describe_subnets(Filters=wanted)["Subnets"]

    assert {each["CidrBlock"] for each in subnets} == {*plan.public, *plan.private}


def test_resources_carry_the_tags_of_their_stage(deployed: Deployed) -> None:
    topic = deployed.name(deployed.shop.seen.topic)

    tags = deployed.client("sns").list_tags_for_resource(ResourceArn=topic)["Tags"]

    assert {"Key": "Owner", "Value": "shop"} in tags


def _received(deployed: Deployed, queue: sqs.Queue) -> list[str]:
    """Return the bodies of what is in a queue once something is."""
    url, client = deployed.name(queue), deployed.client("sqs")
    messages = client.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
    return [each["Body"] for each in messages.get("Messages", [])]
