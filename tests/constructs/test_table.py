"""DataTable: safe by default, shaped by whatever describes a table."""

from typing import cast

import pytest
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Annotations, Match

from signal9_constructs import ConstructError, DataTable, PythonFunction, TableIndex
from signal9_core.tables import ASSETS, FINANCIALS, STATE, TABLES
from tests.constructs.lab import ENV, Made, actions, app, only, properties, synthesise, text, topic

TABLE = "AWS::DynamoDB::GlobalTable"


def _plain(stack: Stack) -> None:
    DataTable(stack, "Orders", partition_key="customer")


def _full(stack: Stack) -> None:
    DataTable(
        stack,
        "Orders",
        partition_key="customer",
        sort_key="at",
        indexes=[
            TableIndex("ByState", "state", "at", ("total",)),
            TableIndex("ByShop", "shop", include=()),
            TableIndex("ByDay", "day"),
        ],
        ttl_attribute="expiresAt",
        attribute_types={"at": dynamodb.AttributeType.NUMBER},
        table_name="orders",
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        encryption_key=kms.Key(stack, "Key"),
        contributor_insights=True,
        max_read_units=100,
        max_write_units=50,
        alarm_topic=topic(stack),
    )


def _disposable(stack: Stack) -> None:
    DataTable(
        stack,
        "Orders",
        partition_key="customer",
        recovery_days=None,
        deletion_protection=False,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _shaped(stack: Stack) -> None:
    for shape in TABLES:
        DataTable(stack, shape.name, shape=shape)


def _readable(stack: Stack) -> None:
    table = DataTable(stack, "Assets", shape=ASSETS)
    table.grant_read(_role(stack))


def _writable(stack: Stack) -> None:
    table = DataTable(stack, "Assets", shape=ASSETS, encryption_key=kms.Key(stack, "Key"))
    table.grant_write(_role(stack))


def _open(stack: Stack) -> None:
    table = DataTable(stack, "State", shape=STATE, stream=dynamodb.StreamViewType.KEYS_ONLY)
    table.grant_read_write(_role(stack), scan=True)
    table.grant_stream(_role(stack, "Listener"))


def _abroad(stack: Stack) -> None:
    DataTable(stack, "Orders", partition_key="id").grant_read(iam.AccountPrincipal("210987654321"))


def _provisioned(stack: Stack) -> None:
    table = DataTable(
        stack,
        "Orders",
        partition_key="customer",
        sort_key="at",
        local_indexes=[TableIndex("ByTotal", "customer", "total", include=())],
        attribute_types={"total": dynamodb.AttributeType.NUMBER},
        read_capacity=dynamodb.Capacity.autoscaled(min_capacity=5, max_capacity=100),
        write_capacity=dynamodb.Capacity.autoscaled(max_capacity=50),
        replicas=["eu-west-1"],
        props={"warm_throughput": {"read_units_per_second": 13000}},
    )
    table.grant_read(_role(stack), replicas=True)


def _fed(stack: Stack) -> None:
    key = kms.Key(stack, "Key")
    table = DataTable(
        stack,
        "Orders",
        partition_key="id",
        stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
        encryption_key=key,
        alarm_topic=topic(stack),
    )
    code = lambda_.Code.from_inline("def handler(event, context): return {}")
    function = PythonFunction(stack, "Bill", code=code, handler="index.handler")
    dead_letters = table.feed("Bills", function, filters=[{"eventName": ["INSERT"]}], parallel=2)
    assert dead_letters is not None


def _existing(stack: Stack) -> None:
    old = dynamodb.Table.from_table_name(stack, "Old", "old-assets")
    table = DataTable.from_existing(stack, "Assets", old, shape=ASSETS, alarm_topic=topic(stack))
    table.grant_read(_role(stack))


def _role(stack: Stack, id_: str = "Role") -> iam.Role:
    return iam.Role(stack, id_, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        plain=_plain,
        full=_full,
        disposable=_disposable,
        shaped=_shaped,
        readable=_readable,
        writable=_writable,
        open=_open,
        abroad=_abroad,
        provisioned=_provisioned,
        fed=_fed,
        existing=_existing,
    )


def test_a_table_is_on_demand_recoverable_encrypted_and_protected(made: Made) -> None:
    made["plain"].has_resource_properties(
        TABLE,
        {
            "BillingMode": "PAY_PER_REQUEST",
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
            "Replicas": [
                {
                    "DeletionProtectionEnabled": True,
                    "PointInTimeRecoverySpecification": {
                        "PointInTimeRecoveryEnabled": True,
                        "RecoveryPeriodInDays": 35,
                    },
                    "ContributorInsightsSpecification": {"Enabled": False},
                }
            ],
        },
    )


def test_a_table_survives_its_stack(made: Made) -> None:
    made["plain"].has_resource(
        TABLE, {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}
    )


def test_a_table_has_no_name_alarm_or_stream_unless_asked(made: Made) -> None:
    assert not {"TableName", "StreamSpecification", "TimeToLiveSpecification"} & set(
        only(made["plain"], TABLE)
    )
    made["plain"].resource_count_is("AWS::CloudWatch::Alarm", 0)


def test_every_safe_default_can_be_given_up(made: Made) -> None:
    made["disposable"].has_resource(TABLE, {"DeletionPolicy": "Delete"})
    made["disposable"].has_resource_properties(
        TABLE,
        {
            "Replicas": [
                Match.object_like(
                    {
                        "DeletionProtectionEnabled": False,
                        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False},
                    }
                )
            ]
        },
    )


def test_indexes_carry_what_they_include(made: Made) -> None:
    made["full"].has_resource_properties(
        TABLE,
        {
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "ByState",
                    "KeySchema": [
                        {"AttributeName": "state", "KeyType": "HASH"},
                        {"AttributeName": "at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["total"]},
                },
                {"IndexName": "ByShop", "Projection": {"ProjectionType": "KEYS_ONLY"}},
                {"IndexName": "ByDay", "Projection": {"ProjectionType": "ALL"}},
            ]
        },
    )


def test_the_keys_stream_expiry_and_ceilings_are_as_given(made: Made) -> None:
    made["full"].has_resource_properties(
        TABLE,
        {
            "TableName": "orders",
            "AttributeDefinitions": Match.array_with(
                [{"AttributeName": "at", "AttributeType": "N"}]
            ),
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "TimeToLiveSpecification": {"AttributeName": "expiresAt", "Enabled": True},
            "WriteOnDemandThroughputSettings": {"MaxWriteRequestUnits": 50},
        },
    )
    assert '"MaxReadRequestUnits": 100' in text(made["full"])


def test_throttling_in_the_table_or_any_index_notifies(made: Made) -> None:
    alarms = properties(made["full"], "AWS::CloudWatch::Alarm")
    places = {
        dimension["Value"]
        for alarm in alarms
        for dimension in cast("list[dict[str, str]]", alarm["Dimensions"])
        if dimension["Name"] == "GlobalSecondaryIndexName"
    }

    assert places == {"ByState", "ByShop", "ByDay"}
    assert len(alarms) == 8
    assert {alarm["MetricName"] for alarm in alarms} == {
        "ReadThrottleEvents",
        "WriteThrottleEvents",
    }
    assert all(alarm["AlarmActions"] and alarm["OKActions"] for alarm in alarms)


def test_insights_into_contributors_are_a_choice(made: Made) -> None:
    assert '"ContributorInsightsSpecification": {"Enabled": true}' in text(made["full"])


def test_any_object_with_the_shape_of_a_table_makes_one(made: Made) -> None:
    made["shaped"].resource_count_is(TABLE, len(TABLES))
    made["shaped"].has_resource_properties(
        TABLE,
        {
            "KeySchema": [
                {"AttributeName": FINANCIALS.partition_key, "KeyType": "HASH"},
                {"AttributeName": FINANCIALS.sort_key, "KeyType": "RANGE"},
            ]
        },
    )


def test_readers_may_not_write_or_scan(made: Made) -> None:
    assert actions(made["readable"]) == {
        "dynamodb:BatchGetItem",
        "dynamodb:DescribeTable",
        "dynamodb:GetItem",
        "dynamodb:Query",
    }


def test_grants_name_every_index_and_no_wildcard(made: Made) -> None:
    policy = text(made["readable"])

    assert all(f"/index/{index.name}" in policy for index in ASSETS.indexes)
    assert "index/*" not in policy


def test_writers_may_use_the_key_but_not_read(made: Made) -> None:
    granted = actions(made["writable"])

    assert {"dynamodb:PutItem", "kms:Decrypt"} <= granted
    assert not {"dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"} & granted


def test_another_account_is_let_in_by_the_table_itself(made: Made) -> None:
    policy = text(made["abroad"])

    assert '"ResourcePolicy"' in policy
    assert ":iam::210987654321:root" in policy


def test_a_key_of_ones_own_encrypts(made: Made) -> None:
    assert '"KMSMasterKeyId": {"Fn::GetAtt": ["Key' in text(made["full"])


def test_scans_and_streams_are_granted_by_choice(made: Made) -> None:
    assert {"dynamodb:Scan", "dynamodb:GetRecords"} <= actions(made["open"])


@pytest.mark.parametrize("keys", [{}, {"shape": STATE, "partition_key": "name"}])
def test_a_table_needs_one_description_of_its_keys(keys: dict[str, object]) -> None:
    with pytest.raises(ConstructError, match="exactly one of shape and partition_key is required"):
        DataTable(Stack(), "Orders", **keys)  # type: ignore[arg-type]


def test_capacity_may_be_provisioned_and_scales(made: Made) -> None:
    made["provisioned"].has_resource_properties(
        TABLE,
        {
            "BillingMode": "PROVISIONED",
            "WriteProvisionedThroughputSettings": {
                "WriteCapacityAutoScalingSettings": {"MaxCapacity": 50}
            },
            "WarmThroughput": {"ReadUnitsPerSecond": 13000},
        },
    )
    assert '"MaxCapacity": 100' in text(made["provisioned"])


def test_replicas_are_as_safe_as_the_table_and_readable_when_asked(made: Made) -> None:
    replicas = cast("list[dict[str, object]]", only(made["provisioned"], TABLE)["Replicas"])

    assert {replica["Region"] for replica in replicas} == {"us-east-1", "eu-west-1"}
    assert all(replica["DeletionProtectionEnabled"] for replica in replicas)
    assert ":dynamodb:eu-west-1:123456789012:table/" in text(made["provisioned"])


def test_local_indexes_share_the_partition_key_and_are_granted(made: Made) -> None:
    made["provisioned"].has_resource_properties(
        TABLE,
        {
            "LocalSecondaryIndexes": [
                {
                    "IndexName": "ByTotal",
                    "KeySchema": [
                        {"AttributeName": "customer", "KeyType": "HASH"},
                        {"AttributeName": "total", "KeyType": "RANGE"},
                    ],
                }
            ]
        },
    )
    assert "/index/ByTotal" in text(made["provisioned"])


def test_a_function_gets_changes_and_what_fails_is_divided_retried_and_kept(made: Made) -> None:
    made["fed"].has_resource_properties(
        "AWS::Lambda::EventSourceMapping",
        {
            "BisectBatchOnFunctionError": True,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumRetryAttempts": 5,
            "MaximumRecordAgeInSeconds": 21600,
            "ParallelizationFactor": 2,
            "StartingPosition": "LATEST",
            "DestinationConfig": {"OnFailure": {"Destination": Match.any_value()}},
            "FilterCriteria": {"Filters": [{"Pattern": '{"eventName":["INSERT"]}'}]},
        },
    )
    assert "OrdersBillsDeadLetters" in text(made["fed"])
    assert "ApproximateNumberOfMessagesVisible" in text(made["fed"])


def test_an_existing_table_has_grants_and_alarms_and_its_owner_is_warned_of(made: Made) -> None:
    stack = Stack(app(), "Existing", env=ENV)
    _existing(stack)

    made["existing"].resource_count_is(TABLE, 0)
    assert "table/old-assets/index/CompanyNameIndex" in text(made["existing"])
    assert properties(made["existing"], "AWS::CloudWatch::Alarm")
    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("the owner of an existing table")
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"read_capacity": dynamodb.Capacity.fixed(1)}, "required together"),
        ({"local_indexes": [TableIndex("L", "other", "x")]}, "local_indexes"),
        ({"local_indexes": [TableIndex("L", "id", "x")]}, "local_indexes"),
        ({"props": {"table_name": "orders"}, "table_name": "x"}, "must not set table_name"),
    ],
)
def test_what_cannot_be_deployed_is_refused(arguments: dict[str, object], why: str) -> None:
    with pytest.raises(ConstructError, match=why):
        DataTable(Stack(), "Orders", partition_key="id", **arguments)  # type: ignore[arg-type]


def test_a_replica_of_an_encrypted_table_needs_its_own_key() -> None:
    stack = Stack()
    with pytest.raises(ConstructError, match="replica_keys"):
        DataTable(
            stack,
            "Orders",
            partition_key="id",
            encryption_key=kms.Key(stack, "Key"),
            replicas=["eu-west-1"],
        )
