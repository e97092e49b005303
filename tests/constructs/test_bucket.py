"""SecureBucket: private, encrypted, versioned, tidy."""

from collections.abc import Mapping

import pytest
from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Annotations, Match

from signal9_constructs import ConstructError, PythonFunction, SecureBucket, WorkQueue
from tests.constructs.lab import ENV, Made, actions, app, only, properties, synthesise, text, topic

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


def _advanced(stack: Stack) -> None:
    copies = SecureBucket(stack, "Copies")
    foreign = s3.Bucket.from_bucket_attributes(
        stack, "Foreign", bucket_name="foreign", account="210987654321", region="us-east-1"
    )
    lists = SecureBucket(stack, "Lists")
    bucket = SecureBucket(
        stack,
        "Photos",
        replicate_to=[copies, foreign],
        inventory_to=lists,
        lock_days=30,
        lock_mode="compliance",
        lifecycle_rules=[s3.LifecycleRule(prefix="tmp/", expiration=Duration.days(1))],
        tiers={s3.StorageClass.INTELLIGENT_TIERING: 0},
        alarm_topic=topic(stack),
        props=s3.BucketProps(transfer_acceleration=True, minimum_tls_version=1.3),
    )
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    function = PythonFunction(stack, "Resize", code=code, handler="index.handler")
    bucket.on_object("New", function, prefix="in/", suffix=".jpg")
    bucket.on_object("Gone", WorkQueue(stack, "Work"), event="Object Deleted")


def _existing(stack: Stack) -> None:
    old = s3.Bucket.from_bucket_name(stack, "Old", "old-photos")
    bucket = SecureBucket.from_existing(stack, "Photos", old)
    reader = iam.Role(stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    bucket.grant_read(reader)
    bucket.grant_put(iam.ServicePrincipal("delivery.logs.amazonaws.com"))
    bucket.on_object("New", WorkQueue(stack, "Work"))


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
        advanced=_advanced,
        existing=_existing,
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


def _photos(made: Made) -> dict[str, object]:
    return next(
        bucket
        for bucket in properties(made["advanced"], BUCKET)
        if "ReplicationConfiguration" in bucket
    )


def test_new_objects_are_copied_also_to_another_account_which_then_owns_them(made: Made) -> None:
    rules = _photos(made)["ReplicationConfiguration"]["Rules"]  # type: ignore[index]

    assert [rule["DeleteMarkerReplication"]["Status"] for rule in rules] == ["Enabled"] * 2
    assert [
        rule["Destination"].get("AccessControlTranslation", {}).get("Owner") for rule in rules
    ] == [None, "Destination"]
    assert {"s3:ReplicateObject", "s3:GetReplicationConfiguration"} <= actions(made["advanced"])


def test_a_weekly_inventory_is_written_to_another_bucket(made: Made) -> None:
    inventories = str(_photos(made)["InventoryConfigurations"])

    assert "'ScheduleFrequency': 'Weekly'" in inventories
    assert "'Format': 'Parquet'" in inventories


def test_further_lifecycle_rules_locks_and_props_are_taken(made: Made) -> None:
    rules = _photos(made)["LifecycleConfiguration"]["Rules"]  # type: ignore[index]

    assert [rule.get("Prefix") for rule in rules] == [None, "tmp/"]
    assert '"Mode": "COMPLIANCE"' in text(made["advanced"])
    assert _photos(made)["AccelerateConfiguration"] == {"AccelerationStatus": "Enabled"}
    assert '"s3:TlsVersion": 1.3' in text(made["advanced"])


@pytest.mark.parametrize(
    ("event", "key"),
    [("Object Created", [{"wildcard": "in/*.jpg"}]), ("Object Deleted", None)],
)
def test_events_of_objects_reach_functions_and_queues_and_are_not_lost(
    made: Made, event: str, key: object
) -> None:
    rule = next(
        each
        for each in properties(made["advanced"], "AWS::Events::Rule")
        if each["EventPattern"]["detail-type"] == [event]  # type: ignore[index]
    )

    target = rule["Targets"][0]  # type: ignore[index]
    assert rule["EventPattern"]["detail"].get("object") == (key and {"key": key})  # type: ignore[index]
    assert "PhotosUndelivered" in str(target["DeadLetterConfig"])
    assert target["RetryPolicy"]["MaximumRetryAttempts"] == 8
    assert _photos(made)["NotificationConfiguration"] == {
        "EventBridgeConfiguration": {"EventBridgeEnabled": True}
    }
    made["advanced"].resource_count_is("AWS::CloudWatch::Alarm", 1)


def test_an_existing_bucket_has_grants_and_its_owner_is_told_what_to_add(made: Made) -> None:
    stack = Stack(app(), "Existing", env=ENV)
    _existing(stack)

    made["existing"].resource_count_is(BUCKET, 0)
    assert {"s3:GetObject", "s3:ListBucket"} <= actions(made["existing"])
    for warning in (
        "the owner of an existing bucket must see to",
        "must turn on its events",
        "delivery.logs.amazonaws.com",
    ):
        Annotations.from_stack(stack).has_warning("*", Match.string_like_regexp(warning))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"lock_days": 1, "lock_mode": "soft"}, "lock_mode 'soft': must be one of"),
        ({"access_logs": "logs"}, "access_logs is a str: must be an IBucket"),
    ],
)
def test_what_cannot_be_deployed_is_refused(arguments: dict[str, object], why: str) -> None:
    with pytest.raises(ConstructError, match=why):
        SecureBucket(Stack(), "Photos", **arguments)  # type: ignore[arg-type]


def test_copies_need_versions() -> None:
    stack = Stack()
    with pytest.raises(ConstructError, match="replicate_to requires versioned=True"):
        SecureBucket(stack, "Photos", versioned=False, replicate_to=[SecureBucket(stack, "Copies")])
