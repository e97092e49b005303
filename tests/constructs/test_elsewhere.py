"""What a construct uses may be in another stack, or exist already and be known by its name."""

from collections.abc import Callable
from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations, Match

from signal9_constructs import (
    AccessTrail,
    ApiSecret,
    ContentDelivery,
    DataTable,
    EventBackbone,
    Firewall,
    Network,
    Observability,
    PythonFunction,
    RestService,
    Route,
    SecureBucket,
    WorkQueue,
)
from tests.constructs.lab import ENV, Made, actions, app, properties, synthesise, topic

Pair = Callable[[Stack, Stack], object]

ACCOUNT: Final = "arn:aws:{}:us-east-1:123456789012:{}"


def _function(stack: Stack, id_: str = "Work", **options: object) -> PythonFunction:
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    return PythonFunction(stack, id_, code=code, handler="index.handler", **options)  # type: ignore[arg-type]


def _service(stack: Stack, function: lambda_.IFunction, judge: lambda_.IFunction) -> RestService:
    return RestService(stack, "Api", routes=[Route("GET", "/x", function)], authorizer=judge)


def _key(stack: Stack, id_: str = "Key") -> kms.Key:
    return kms.Key(stack, id_)


def _table(here: Stack, there: Stack) -> None:
    key = _key(here)
    DataTable(here, "T", partition_key="id", encryption_key=key).grant_read(_function(there))


def _bucket(here: Stack, there: Stack) -> None:
    SecureBucket(here, "B", encryption_key=_key(here)).grant_read_write(_function(there))


def _secret(here: Stack, there: Stack) -> None:
    secret = ApiSecret(here, "Bank", encryption_key=_key(here))
    secret.grant_read(_function(there))
    secret.grant_write(_function(there, "Setter"))


def _events(here: Stack, there: Stack) -> None:
    backbone = EventBackbone(here, "Events", encryption_key=_key(here))
    target = _function(there).function
    backbone.rule("All", source="s", detail_types=["d"], targets=[target])


def _work(here: Stack, there: Stack) -> None:
    WorkQueue(here, "Jobs", encryption_key=_key(here)).feed(_function(there).function)


def _api(here: Stack, there: Stack) -> None:
    function = _function(there).function
    service = _service(here, function, function)
    Firewall(here, "Wall").protect(service.stage)


def _site(here: Stack, there: Stack) -> None:
    function = _function(there).function
    ContentDelivery(here, "Site", api=_service(there, function, function).api)


def _trail(here: Stack, there: Stack) -> None:
    AccessTrail(here, "T", buckets=[SecureBucket(there, "B").bucket], encryption_key=_key(there))


def _seen(here: Stack, there: Stack) -> None:
    mail = ["a@shop.example"]
    Observability(here, "Seen", namespace="Shop", emails=mail, encryption_key=_key(there))
    Network(here, "Network", encryption_key=_key(there, "Flow"))


PAIRS: Final[dict[str, Pair]] = {
    "table": _table,
    "bucket": _bucket,
    "secret": _secret,
    "events": _events,
    "work": _work,
    "api": _api,
    "site": _site,
    "trail": _trail,
    "seen": _seen,
}


@pytest.mark.parametrize("name", PAIRS)
def test_stacks_may_use_each_others_resources_without_a_cycle(name: str) -> None:
    root = app({"@aws-cdk/core:defaultCrossStackReferences": "weak"})
    here, there = (Stack(root, each, env=ENV) for each in ("Here", "There"))

    PAIRS[name](here, there)

    assert len(root.synth().stacks) == 2


def _known(stack: Stack) -> None:
    key = kms.Key.from_key_arn(stack, "Key", ACCOUNT.format("kms", "key/abc"))
    queue = sqs.Queue.from_queue_arn(stack, "Queue", ACCOUNT.format("sqs", "lost"))
    function = lambda_.Function.from_function_arn(
        stack, "Function", ACCOUNT.format("lambda", "function:f")
    )
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "photos")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-1",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-1"],
        private_subnet_route_table_ids=["rtb-1"],
    )
    role = iam.Role.from_role_name(stack, "Role", "reader")
    DataTable(stack, "Table", partition_key="id", encryption_key=key).grant_read(role)
    SecureBucket(stack, "Photos", encryption_key=key, access_logs=bucket).grant_read(role)
    ApiSecret(stack, "Bank", encryption_key=key, rotation=function).grant_read(role)
    AccessTrail(stack, "Trail", buckets=[bucket], encryption_key=key)
    _function(stack, vpc=vpc, dead_letters=queue, encryption_key=key)
    EventBackbone(stack, "Events").rule(
        "All", source="s", detail_types=["d"], targets=[function, queue]
    )
    _watched(stack, function, queue)


def _watched(stack: Stack, function: lambda_.IFunction, queue: sqs.IQueue) -> None:
    api = apigateway.RestApi.from_rest_api_id(stack, "Known", "abc")
    stage = apigateway.Stage.from_stage_attributes(stack, "Stage", stage_name="v1", rest_api=api)
    table = dynamodb.Table.from_table_name(stack, "Old", "old")
    Firewall(stack, "Wall").protect(stage)
    seen = Observability(stack, "Seen", namespace="Shop", topic=topic(stack))
    assert isinstance(stage, apigateway.StageBase)
    seen.watch("Old", apis=[stage], functions=[function], queues=[queue], tables=[table])


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(known=_known, snapped=_snapped, both=_both)


def _snapped(stack: Stack) -> None:
    _service(stack, _function(stack, snap_start=True).invocable, _function(stack, "Judge").function)


def _both(stack: Stack) -> None:
    services = ec2.InterfaceVpcEndpointAwsService
    Network(stack, "Network", interface_endpoints=[services.S3])


def test_cdk_does_not_warn_of_snapshots_that_have_their_version() -> None:
    stack = Stack(app(), "Stack", env=ENV)
    _function(stack, snap_start=True)

    Annotations.from_stack(stack).has_no_warning("*", Match.string_like_regexp("SnapStart"))


def test_imported_resources_are_accepted(made: Made) -> None:
    made["known"].resource_count_is("AWS::KMS::Key", 0)
    assert {"dynamodb:GetItem", "s3:GetObject", "secretsmanager:GetSecretValue"} <= actions(
        made["known"]
    )
    watched = properties(made["known"], "AWS::CloudWatch::Alarm")
    assert "4XXError" in {alarm.get("MetricName") for alarm in watched}


def test_a_function_of_the_same_stack_is_asked_without_a_role(made: Made) -> None:
    (judge,) = properties(made["snapped"], "AWS::ApiGateway::Authorizer")

    assert "AuthorizerCredentials" not in judge


def test_a_service_may_have_a_gateway_and_an_interface(made: Made) -> None:
    kinds = [each["VpcEndpointType"] for each in properties(made["both"], "AWS::EC2::VPCEndpoint")]

    assert sorted(map(str, kinds)) == ["Gateway", "Gateway", "Interface"]
