"""A CloudTrail trail of reads and writes of S3 objects."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, RemovalPolicy, Stack, aws_iam, aws_kms
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .bucket import SecureBucket
from .errors import ConstructError
from .feature_flags import prepare
from .logs import make_log_group

__all__ = ["AccessTrail"]


class AccessTrail(Construct):
    """CloudTrail's S3 data events of some buckets, stored in a locked bucket.

    Log files are validated and encrypted, kept for `keep_days`, and cannot be changed for
    `lock_days`. The same events go to a log group for `log_retention_days`. Management events,
    which an account usually records once elsewhere, are off by default.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        buckets: Sequence[s3.IBucket],
        encryption_key: aws_kms.IKey | None = None,
        management_events: bool = False,
        read_events: bool = True,
        keep_days: int = 365,
        lock_days: int | None = 90,
        log_retention_days: int = 90,
        access_logs: s3.IBucket | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if not buckets:
            raise ConstructError(f"{self.node.path}: at least one bucket is required")
        self.encryption_key = encryption_key or aws_kms.Key(
            self, "Key", enable_key_rotation=True, removal_policy=removal_policy
        )
        self._grant_to_cloudtrail(self.encryption_key)
        self.log_bucket = SecureBucket(
            self,
            "Files",
            encryption_key=self.encryption_key,
            expire_days=keep_days,
            lock_days=lock_days,
            access_logs=access_logs,
            removal_policy=removal_policy,
        )
        self.log_group = make_log_group(
            self,
            "Events",
            retention_days=log_retention_days,
            removal_policy=removal_policy,
            encryption_key=self.encryption_key,
        )
        kinds = cloudtrail.ReadWriteType
        self.trail = cloudtrail.Trail(
            self,
            "Default",
            bucket=self.log_bucket.bucket,
            encryption_key=self.encryption_key,
            enable_file_validation=True,
            # A bucket may be in another region; a trail of all regions must include global events.
            include_global_service_events=True,
            is_multi_region_trail=True,
            management_events=kinds.ALL if management_events else kinds.NONE,
            send_to_cloud_watch_logs=True,
            cloud_watch_log_group=self.log_group,
        )
        self.trail.add_s3_event_selector(
            [cloudtrail.S3EventSelector(bucket=bucket) for bucket in buckets],
            include_management_events=False,
            read_write_type=kinds.ALL if read_events else kinds.WRITE_ONLY,
        )

    def _grant_to_cloudtrail(self, key: aws_kms.IKey) -> None:
        trails = Stack.of(self).format_arn(
            service="cloudtrail",
            region="*",
            resource="trail",
            resource_name="*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        key.add_to_resource_policy(
            aws_iam.PolicyStatement(
                sid="CloudTrail",
                principals=[aws_iam.ServicePrincipal("cloudtrail.amazonaws.com")],
                actions=["kms:DescribeKey", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"ArnLike": {"aws:SourceArn": trails}},
            )
        )
