"""DataLake: tables without crawlers, queries with a limit, access by table."""

from datetime import date
from typing import Final, cast

import pytest
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match

from signal9_constructs import ConstructError, DataLake, LakeTable, Partition, SecureBucket
from tests.constructs.alone import ALONE
from tests.constructs.lab import ENV, Made, actions, app, only, synthesise, text

TABLE: Final = "AWS::Glue::Table"
GROUP: Final = "AWS::Athena::WorkGroup"
ORDERS: Final = LakeTable(
    "orders",
    {"id": "string", "total": "decimal(12,2)"},
    [
        Partition.by_value("shop", ["north", "south"]),
        Partition.by_number("hour", first=0, last=23, digits=2),
        Partition.by_request("customer"),
    ],
    prefix="raw/orders/",
)


def _full(stack: Stack) -> None:
    bucket = s3.Bucket.from_bucket_name(stack, "Old", "old-files")
    lake = DataLake(
        stack,
        "Lake",
        tables=[ORDERS, LakeTable("customers", {"id": "string"})],
        bucket=SecureBucket.from_existing(stack, "Existing", bucket),
        database_name="shop",
        workgroup_name="analysts",
        encryption_key=kms.Key(stack, "Key"),
        max_scan_bytes=10_000_000,
    )
    lake.grant_query(_role(stack, "Analyst"), "orders")
    lake.grant_write(_role(stack, "Loader"), "customers")


def _role(stack: Stack, id_: str) -> iam.Role:
    return iam.Role(stack, id_, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=ALONE["DataLake"], full=_full)


def test_every_query_is_limited_encrypted_and_measured_whatever_its_client_says(made: Made) -> None:
    made["plain"].has_resource_properties(
        GROUP,
        {
            "WorkGroupConfiguration": {
                "EnforceWorkGroupConfiguration": True,
                "PublishCloudWatchMetricsEnabled": True,
                "BytesScannedCutoffPerQuery": 100_000_000_000,
                "ResultConfiguration": {
                    "EncryptionConfiguration": {"EncryptionOption": "SSE_S3"},
                    "ExpectedBucketOwner": "123456789012",
                },
            }
        },
    )


def test_partitions_are_computed_and_not_crawled(made: Made) -> None:
    parameters = cast("dict[str, str]", only(made["plain"], TABLE)["TableInput"]["Parameters"])  # type: ignore[index]

    assert {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.range": "2026-01-01,NOW",
        "projection.day.format": "yyyy-MM-dd",
    }.items() <= parameters.items()
    assert "/orders/day=${day}/" in str(parameters["storage.location.template"])


def test_partitions_may_be_values_numbers_or_named_by_each_query(made: Made) -> None:
    made["full"].has_resource_properties(
        TABLE,
        {
            "TableInput": {
                "Name": "orders",
                "Parameters": {
                    "projection.shop.values": "north,south",
                    "projection.hour.range": "0,23",
                    "projection.hour.digits": "2",
                    "projection.customer.type": "injected",
                    "storage.location.template": (
                        "s3://old-files/raw/orders/shop=${shop}/hour=${hour}/customer=${customer}/"
                    ),
                },
                "PartitionKeys": Match.array_with([{"Name": "hour", "Type": "int"}]),
            }
        },
    )


def test_results_expire_and_are_encrypted_with_the_key(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::S3::Bucket",
        {
            "LifecycleConfiguration": {
                "Rules": [Match.object_like({"ExpirationInDays": 30, "Status": "Enabled"})]
            }
        },
    )
    assert '"EncryptionOption": "SSE_KMS"' in text(made["full"])


def test_an_existing_bucket_is_used_and_its_owner_is_warned_of() -> None:
    stack = Stack(app(), "Full", env=ENV)
    _full(stack)

    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("the owner of an existing bucket")
    )


def test_analysts_query_their_tables_in_the_workgroup_and_write_results_only(made: Made) -> None:
    policy = next(
        str(each)
        for each in made["full"].find_resources("AWS::IAM::Policy").values()
        if "athena:StartQueryExecution" in str(each)
    )

    assert "workgroup/analysts" in policy
    assert "table/shop/orders" in policy
    assert "table/shop/customers" not in policy
    assert "old-files/raw/orders/*" in policy.replace("'", "")
    assert not {action for action in actions(made["full"]) if "*" in action}


def test_loaders_write_files_of_their_table_only(made: Made) -> None:
    policy = next(
        str(each)
        for name, each in made["full"].find_resources("AWS::IAM::Policy").items()
        if name.startswith("Loader")
    )

    assert "customers/*" in policy
    assert "orders" not in policy
    assert "glue:" not in policy


def test_failed_queries_notify(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::CloudWatch::Alarm", {"Namespace": "AWS/Athena", "Statistic": "SampleCount"}
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (LakeTable("Orders", {"id": "string"}), "invalid name 'Orders'"),
        (LakeTable("orders", {}), "columns must not be empty"),
        (
            LakeTable("o", {"day": "date"}, [Partition.by_day("day", first=date(2026, 1, 1))]),
            "or partitions too",
        ),
    ],
)
def test_a_table_that_glue_would_refuse_is_refused(table: LakeTable, why: str) -> None:
    with pytest.raises(ConstructError, match=why):
        DataLake(Stack(), "Lake", tables=[table])


def test_unknown_tables_and_limits_that_are_too_low_are_refused() -> None:
    stack = Stack()
    with pytest.raises(ConstructError, match=r"tables \['x'\]: must be among \['orders'\]"):
        DataLake(stack, "Lake", tables=[ORDERS]).grant_write(_role(stack, "Role"), "x")
    with pytest.raises(ConstructError, match="max_scan_bytes=1: must be at least 10000000"):
        DataLake(stack, "Small", max_scan_bytes=1)
