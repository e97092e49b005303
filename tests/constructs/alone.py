"""Each construct alone in a stack: what rule packs, scanners and flags are tried on.

`ALONE` is what each makes by default; `ASKED` is what some make only when they are asked.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_events as events
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from signal9_constructs import (
    AccessTrail,
    ApiSecret,
    ContentDelivery,
    CostBudget,
    DataLake,
    DataTable,
    DependencyLayer,
    DnsZone,
    EventBackbone,
    FargateService,
    Firewall,
    GradualDeployment,
    LakeTable,
    Network,
    Observability,
    Partition,
    PythonBundle,
    PythonFunction,
    RestService,
    Route,
    SecureBucket,
    StateMachineJob,
    TableIndex,
    UsagePlan,
    UserPool,
    WorkQueue,
)
from tests.constructs.lab import topic


def _table(stack: Stack) -> Construct:
    return DataTable(
        stack,
        "Orders",
        partition_key="customer",
        sort_key="at",
        indexes=[TableIndex("ByState", "state", "at")],
        alarm_topic=topic(stack),
    )


def _bucket(stack: Stack) -> Construct:
    return SecureBucket(stack, "Photos")


def _trail(stack: Stack) -> Construct:
    return AccessTrail(
        stack, "Trail", buckets=[s3.Bucket.from_bucket_name(stack, "Photos", "photos")]
    )


def _function(stack: Stack) -> Construct:
    return PythonFunction(
        stack,
        "Bill",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        handler="index.handler",
        alarm_topic=topic(stack),
    )


def _gradual(stack: Stack) -> Construct:
    function = PythonFunction(
        stack,
        "Bill",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        handler="index.handler",
        alias=True,
    )
    return GradualDeployment(stack, "Gradual", functions=[function])


def _layer(stack: Stack) -> Construct:
    return DependencyLayer(
        stack, "Libraries", code=PythonBundle(requirements=["typing-extensions==4.15.0"])
    )


def _network(stack: Stack) -> Construct:
    services = ec2.InterfaceVpcEndpointAwsService
    return Network(stack, "Network", interface_endpoints=[services.SECRETS_MANAGER, services.ECR])


def _secret(stack: Stack) -> Construct:
    return ApiSecret(stack, "Key", alarm_topic=topic(stack))


def _backbone(stack: Stack) -> Construct:
    backbone = EventBackbone(
        stack, "Events", schemas={"Order Placed": {"type": "object"}}, alarm_topic=topic(stack)
    )
    function = PythonFunction(
        stack,
        "Bill",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        handler="index.handler",
    ).function
    backbone.rule("Bill", source="shop", detail_types=["Order Placed"], targets=[function])
    backbone.schedule("Nightly", function=function, schedule="cron(0 6 * * ? *)")
    return backbone


def _observability(stack: Stack) -> Construct:
    seen = Observability(stack, "Seen", namespace="Shop", emails=["ops@shop.example"])
    prices = seen.watch_ingestion("Prices", successes="PricesIngested", failures="IngestionFailed")
    seen.incident("Prices", prices)
    seen.log_group("Jobs")
    return seen


def _service(stack: Stack) -> Construct:
    function = lambda_.Function.from_function_attributes(
        stack,
        "Orders",
        function_arn="arn:aws:lambda:us-east-1:123456789012:function:orders",
        same_environment=True,
    )
    return RestService(
        stack,
        "Api",
        routes=[
            Route("GET", "/orders/{id}", function),
            Route("POST", "/orders", function, body={"type": "object"}),
            Route("GET", "/health", function, open=True),
        ],
        authorizer=function,
        cors_origins=["https://shop.example"],
    )


def _firewall(stack: Stack) -> Construct:
    return Firewall(stack, "Wall")


def _delivery(stack: Stack) -> Construct:
    return ContentDelivery(stack, "Site")


def _budget(stack: Stack) -> Construct:
    tag = ("Stage", "prod")
    return CostBudget(stack, "Costs", monthly_usd=100, tag=tag, topic=topic(stack), anomaly_usd=20)


def _zone(stack: Stack) -> Construct:
    zone = DnsZone(
        stack,
        "Zone",
        zone_name="shop.example",
        dnssec=True,
        query_logs=True,
        alarm_topic=topic(stack),
    )
    zone.health_check("Health", host="app.shop.example", path="/health")
    zone.cname("docs", "shop.example.net")
    zone.mx({"mail.example.net": 10})
    zone.txt("", "v=spf1 -all")
    zone.caa("amazon.com")
    return zone


def _work(stack: Stack) -> Construct:
    return WorkQueue(stack, "Work", alarm_topic=topic(stack))


def _job(stack: Stack) -> Construct:
    job = StateMachineJob(
        stack, "Bills", definition=sfn.Pass(stack, "Nothing"), alarm_topic=topic(stack)
    )
    job.start_on_schedule("Nightly", schedule="cron(0 6 * * ? *)")
    return job


def _vpc(stack: Stack) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a", "us-east-1b"],
        private_subnet_ids=["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
        vpc_cidr_block="10.0.0.0/16",
    )


def _certificate(stack: Stack) -> acm.ICertificate:
    arn = "arn:aws:acm:us-east-1:123456789012:certificate/c"
    return acm.Certificate.from_certificate_arn(stack, "Certificate", arn)


def _containers(stack: Stack) -> Construct:
    return FargateService(
        stack,
        "Web",
        image="public.ecr.aws/nginx/nginx:1.29",
        vpc=_vpc(stack),
        certificate=_certificate(stack),
        requests_per_task=1000,
        alarm_topic=topic(stack),
    )


def _lake(stack: Stack) -> Construct:
    days = Partition.by_day("day", first=date(2026, 1, 1))
    orders = LakeTable("orders", {"id": "string", "total": "double"}, [days])
    return DataLake(stack, "Lake", tables=[orders], alarm_topic=topic(stack))


def _users(stack: Stack) -> Construct:
    pool = UserPool(
        stack,
        "Users",
        api="orders",
        scopes={"read": "Read orders"},
        domain_prefix="shop-example",
        alarm_topic=topic(stack),
    )
    pool.add_client("Web", callback_urls=["https://shop.example/"], scopes=["openid", "read"])
    pool.add_machine_client("Import", scopes=["read"])
    return pool


ALONE: Final[dict[str, Callable[[Stack], Construct]]] = {
    "AccessTrail": _trail,
    "ApiSecret": _secret,
    "ContentDelivery": _delivery,
    "CostBudget": _budget,
    "DataLake": _lake,
    "DataTable": _table,
    "DependencyLayer": _layer,
    "DnsZone": _zone,
    "EventBackbone": _backbone,
    "FargateService": _containers,
    "Firewall": _firewall,
    "GradualDeployment": _gradual,
    "Network": _network,
    "Observability": _observability,
    "PythonFunction": _function,
    "RestService": _service,
    "SecureBucket": _bucket,
    "StateMachineJob": _job,
    "UserPool": _users,
    "WorkQueue": _work,
}


def _files(stack: Stack) -> None:
    ContentDelivery(stack, "Site").deploy(Path(__file__).parent / "website")


def _granted(stack: Stack) -> None:
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    network = Network(stack, "Network")
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    function, caller = (
        PythonFunction(
            stack,
            name,
            code=code,
            handler="index.handler",
            encryption_key=key,
            vpc=network.vpc,
            snap_start=name == "Caller",
        )
        for name in ("Called", "Caller")
    )
    function.grant_invoke(caller)
    DataTable(stack, "Orders", partition_key="id", encryption_key=key).grant_read_write(caller)
    SecureBucket(stack, "Photos", encryption_key=key).grant_read_write(caller, prefix="bills/")
    ApiSecret(stack, "Bank", encryption_key=key).grant_write(caller)
    EventBackbone(stack, "Events", encryption_key=key).grant_publish(caller)
    Observability(stack, "Seen", namespace="Shop").grant_notify(caller)
    work = WorkQueue(stack, "Work", encryption_key=key)
    work.grant_send(caller)
    work.feed(caller.function)


def _connected(stack: Stack) -> None:
    """Events in order and to other accounts, jobs that exist, a private API, calls of functions."""
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    function = PythonFunction(stack, "Called", code=code, handler="index.handler")
    machine = sfn.StateMachine.from_state_machine_arn(
        stack, "Job", "arn:aws:states:us-east-1:123456789012:stateMachine:job"
    )
    orders = WorkQueue(stack, "Orders", fifo=True)
    orders.feed(function, filters=[{"body": {"state": ["paid"]}}])
    elsewhere = "arn:aws:events:eu-west-1:210987654321:event-bus/billing"
    backbone = EventBackbone(stack, "Events")
    backbone.rule(
        "Paid",
        source="shop",
        detail_types=["Order Paid"],
        targets=[orders, machine, events.EventBus.from_event_bus_arn(stack, "Bus", elsewhere)],
    )
    backbone.schedule("Nightly", target=machine, schedule="rate(1 day)")
    endpoint = ec2.InterfaceVpcEndpoint.from_interface_vpc_endpoint_attributes(
        stack, "Endpoint", port=443, vpc_endpoint_id="vpce-0123456789abcdef0"
    )
    RestService(
        stack,
        "Api",
        routes=[
            Route("POST", "/jobs", integration=machine, authorizer="iam"),
            Route("GET", "/orders", function, authorizer=function),
        ],
        vpc_endpoints=[endpoint],
        usage_plans=[UsagePlan("Gold", ["acme"], 5, 10, 1000)],
    )
    trail = AccessTrail(stack, "Trail", functions=[function])
    trail.log_bucket.grant_read(function)
    ApiSecret(stack, "Signing", generated="apiKey", replica_regions=["eu-west-1"])


def _running(stack: Stack) -> None:
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    function = PythonFunction(stack, "Bill", code=code, handler="index.handler").function
    step = tasks.LambdaInvoke(stack, "Bill customers", lambda_function=function)
    StateMachineJob(stack, "Bills", definition=step)
    FargateService(
        stack,
        "Web",
        image=ecr.Repository.from_repository_name(stack, "Image", "web"),
        cluster=ecs.Cluster.from_cluster_attributes(
            stack, "Cluster", cluster_name="shop", vpc=_vpc(stack)
        ),
        certificate=_certificate(stack),
        environment={"SHOP": "books"},
    )


ASKED: Final[dict[str, Callable[[Stack], object]]] = {
    "Files": _files,
    "Granted": _granted,
    "Connected": _connected,
    "Running": _running,
}
