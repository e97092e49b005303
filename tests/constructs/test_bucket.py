"""SecureBucket: private, encrypted, versioned, tidy."""

from collections.abc import Mapping

import pytest
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match

from signal9_constructs import SecureBucket
from tests.constructs.lab import Made, actions, only, synthesise, text

BUCKET = "AWS::S3::Bucket"


def _plain(stack: Stack) -> None:
    SecureBucket(stack, "Photos")


def _full(stack: Stack) -> None:
    logs = s3.Bucket.from_bucket_name(stack, "Logs", "logs")
    SecureBucket(
        stack,
        "Photos",
        bucket_name="photos-dev",
        encryption_key=kms.Key(stack, "Key"),
        noncurrent_version_days=10,
        incomplete_upload_days=2,
        expire_days=400,
        tiers={s3.StorageClass.INTELLIGENT_TIERING: 30, s3.StorageClass.GLACIER: 180},
        cors_origins=["https://shop.example"],
        access_logs=logs,
        access_logs_prefix="photos/",
        lock_days=7,
        events_to_bus=False,
        removal_policy=RemovalPolicy.DESTROY,
    )


def _announcing(stack: Stack) -> None:
    SecureBucket(stack, "Photos", events_to_bus=True)


def _granted(stack: Stack) -> None:
    writer = iam.Role(stack, "Writer", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    SecureBucket(stack, "Photos", versioned=False).grant_put(writer, prefix="in/")


def _readable(stack: Stack) -> None:
    reader = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    SecureBucket(stack, "Photos").grant_read(reader, prefix="out/")


def _serviced(stack: Stack) -> None:
    service = iam.ServicePrincipal("delivery.logs.amazonaws.com")
    SecureBucket(stack, "Photos").grant_read_write(service, prefix="in/")


def _shared(stack: Stack) -> None:
    owner = iam.Role(stack, "Owner", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    SecureBucket(stack, "Photos", encryption_key=kms.Key(stack, "Key")).grant_read_write(owner)


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        plain=_plain,
        full=_full,
        announcing=_announcing,
        granted=_granted,
        readable=_readable,
        serviced=_serviced,
        shared=_shared,
    )


def test_a_bucket_sends_its_events_to_the_bus_without_a_function(made: Made) -> None:
    made["announcing"].resource_count_is("AWS::Lambda::Function", 0)
    made["announcing"].has_resource_properties(
        "AWS::S3::Bucket",
        {"NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}},
    )


def test_a_bucket_is_private_encrypted_versioned_and_kept(made: Made) -> None:
    made["plain"].has_resource(
        BUCKET,
        {
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {
                "PublicAccessBlockConfiguration": {
                    "BlockPublicAcls": True,
                    "BlockPublicPolicy": True,
                    "IgnorePublicAcls": True,
                    "RestrictPublicBuckets": True,
                },
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "VersioningConfiguration": {"Status": "Enabled"},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
                    ]
                },
            },
        },
    )


@pytest.mark.parametrize(
    "condition",
    [{"Bool": {"aws:SecureTransport": "false"}}, {"NumericLessThan": {"s3:TlsVersion": 1.2}}],
)
def test_only_modern_tls_gets_in(made: Made, condition: Mapping[str, object]) -> None:
    denied = {"Effect": "Deny", "Action": "s3:*", "Condition": condition}

    made["plain"].has_resource_properties(
        "AWS::S3::BucketPolicy",
        {"PolicyDocument": {"Statement": Match.array_with([Match.object_like(denied)])}},
    )


def test_old_versions_go_after_a_month_and_unfinished_uploads_after_a_week(made: Made) -> None:
    made["plain"].has_resource_properties(
        BUCKET,
        {
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "Status": "Enabled",
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
                    }
                ]
            }
        },
    )


def test_cors_events_and_lock_are_off_by_default(made: Made) -> None:
    assert not {"CorsConfiguration", "BucketName", "ObjectLockEnabled", "LoggingConfiguration"} & (
        set(only(made["plain"], BUCKET))
    )


def test_every_default_can_be_changed(made: Made) -> None:
    made["full"].has_resource_properties(
        BUCKET,
        {
            "BucketName": "photos-dev",
            "LoggingConfiguration": {"DestinationBucketName": "logs", "LogFilePrefix": "photos/"},
            "ObjectLockConfiguration": {
                "Rule": {"DefaultRetention": {"Days": 7, "Mode": "GOVERNANCE"}}
            },
            "LifecycleConfiguration": {
                "Rules": [
                    {
                        "ExpirationInDays": 400,
                        "NoncurrentVersionExpiration": {"NoncurrentDays": 10},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
                        "Transitions": [
                            {"StorageClass": "INTELLIGENT_TIERING", "TransitionInDays": 30},
                            {"StorageClass": "GLACIER", "TransitionInDays": 180},
                        ],
                    }
                ]
            },
        },
    )
    assert '"BucketKeyEnabled": true' in text(made["full"])


def test_named_origins_may_read_from_a_browser(made: Made) -> None:
    made["full"].has_resource_properties(
        BUCKET,
        {
            "CorsConfiguration": {
                "CorsRules": [
                    {"AllowedOrigins": ["https://shop.example"], "AllowedMethods": ["GET", "HEAD"]}
                ]
            }
        },
    )


def test_an_unversioned_bucket_has_no_old_versions_to_expire(made: Made) -> None:
    assert "Noncurrent" not in text(made["granted"])


def test_grant_put_allows_neither_reads_nor_deletes(made: Made) -> None:
    assert actions(made["granted"]) == {"s3:AbortMultipartUpload", "s3:PutObject"}
    assert "/in/*" in text(made["granted"])


def test_grant_read_is_limited_to_the_prefix(made: Made) -> None:
    assert actions(made["readable"]) == {"s3:GetObject", "s3:ListBucket"}
    assert '{"StringLike": {"s3:prefix": "out/*"}}' in text(made["readable"])


@pytest.mark.parametrize(
    "allowed",
    [
        {"Action": ["s3:AbortMultipartUpload", "s3:PutObject"]},
        {"Action": "s3:ListBucket", "Condition": {"StringLike": {"s3:prefix": "in/*"}}},
    ],
)
def test_a_service_is_allowed_by_the_bucket_policy(
    made: Made, allowed: Mapping[str, object]
) -> None:
    service = {"Service": "delivery.logs.amazonaws.com"}
    statement = Match.object_like({"Effect": "Allow", "Principal": service, **allowed})

    made["serviced"].has_resource_properties(
        "AWS::S3::BucketPolicy", {"PolicyDocument": {"Statement": Match.array_with([statement])}}
    )


def test_grant_read_write_includes_the_key_without_wildcards(made: Made) -> None:
    assert actions(made["shared"]) == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
