"""AccessTrail: who read and wrote which object, in files that nobody can change."""

import pytest
from aws_cdk import Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match

from signal9_constructs import AccessTrail, ConstructError, SecureBucket
from tests.constructs.lab import Made, only, synthesise, text

TRAIL = "AWS::CloudTrail::Trail"


def _plain(stack: Stack) -> None:
    photos = s3.Bucket.from_bucket_name(stack, "Photos", "photos")
    AccessTrail(stack, "Trail", buckets=[photos])


def _full(stack: Stack) -> None:
    photos = s3.Bucket.from_bucket_name(stack, "Photos", "photos")
    AccessTrail(
        stack,
        "Trail",
        buckets=[photos, s3.Bucket.from_bucket_name(stack, "Bills", "bills")],
        encryption_key=kms.Key(stack, "Key"),
        management_events=True,
        read_events=False,
        keep_days=730,
        lock_days=None,
        log_retention_days=365,
    )


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, full=_full)


def test_object_reads_and_writes_are_recorded_validated_and_encrypted(made: Made) -> None:
    made["plain"].has_resource_properties(
        TRAIL,
        {
            "EnableLogFileValidation": True,
            "IsLogging": True,
            "KMSKeyId": Match.any_value(),
            "EventSelectors": [
                {
                    "IncludeManagementEvents": False,
                    "ReadWriteType": "All",
                    "DataResources": [{"Type": "AWS::S3::Object", "Values": [Match.any_value()]}],
                }
            ],
        },
    )
    assert ":s3:::photos/" in text(made["plain"])


def test_files_are_locked_and_go_after_a_year(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::S3::Bucket",
        {
            "ObjectLockConfiguration": {
                "Rule": {"DefaultRetention": {"Days": 90, "Mode": "GOVERNANCE"}}
            },
            "LifecycleConfiguration": {"Rules": [Match.object_like({"ExpirationInDays": 365})]},
        },
    )


def test_cloudtrail_and_cloudwatch_may_use_the_key_for_this_account_only(made: Made) -> None:
    for service, condition in (
        ("cloudtrail.amazonaws.com", "aws:SourceArn"),
        ("logs.us-east-1.amazonaws.com", "kms:EncryptionContext:aws:logs:arn"),
    ):
        made["plain"].has_resource_properties(
            "AWS::KMS::Key",
            {
                "EnableKeyRotation": True,
                "KeyPolicy": {
                    "Statement": Match.array_with(
                        [
                            Match.object_like(
                                {
                                    "Principal": {"Service": service},
                                    "Condition": {"ArnLike": {condition: Match.any_value()}},
                                }
                            )
                        ]
                    )
                },
            },
        )


def test_events_are_in_an_encrypted_log_group_that_forgets(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::Logs::LogGroup", {"RetentionInDays": 90, "KmsKeyId": Match.any_value()}
    )


def test_every_default_can_be_changed(made: Made) -> None:
    made["full"].has_resource_properties(
        TRAIL,
        {
            "IsMultiRegionTrail": True,
            "EventSelectors": [
                {"IncludeManagementEvents": True, "ReadWriteType": "All"},
                {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": False},
            ],
        },
    )
    made["full"].has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 365})
    made["full"].resource_count_is("AWS::KMS::Key", 1)
    assert "ObjectLockConfiguration" not in text(made["full"])


def test_a_trail_of_nothing_is_refused() -> None:
    with pytest.raises(ConstructError, match="at least one bucket is required"):
        AccessTrail(Stack(), "Trail", buckets=[])


def test_a_retention_that_cloudwatch_does_not_know_is_refused() -> None:
    stack = Stack()
    photos = s3.Bucket.from_bucket_name(stack, "Photos", "photos")

    with pytest.raises(ConstructError, match="retention of 31 days: must be one of"):
        AccessTrail(stack, "Trail", buckets=[photos], log_retention_days=31)


def test_calls_of_functions_are_recorded_in_a_bucket_that_exists() -> None:
    def build(stack: Stack) -> None:
        function = lambda_.Function.from_function_name(stack, "Pay", "pay")
        logs = SecureBucket(stack, "Logs")
        props = cloudtrail.TrailProps(trail_name="calls", is_multi_region_trail=False)
        AccessTrail(stack, "Trail", functions=[function], log_bucket=logs, props=props)

    made = synthesise(calls=build)["calls"]

    made.resource_count_is("AWS::S3::Bucket", 1)
    trail = only(made, TRAIL)
    assert (trail["TrailName"], trail["IsMultiRegionTrail"]) == ("calls", False)
    assert "AWS::Lambda::Function" in str(trail["EventSelectors"])
