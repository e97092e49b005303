"""A record of who read and wrote which object."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, RemovalPolicy, Stack, aws_iam, aws_kms
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .bucket import SecureBucket
from .errors import ConstructError
from .kinds import prepare
from .logs import make_log_group

__all__ = ["AccessTrail"]


class AccessTrail(Construct):
    """CloudTrail's S3 data events of some buckets, in a locked bucket of their own.

    Files are validated and encrypted, and kept for `keep_days`; nobody can change them for
    `lock_days`. The same events go to a log group for `log_retention_days`. Management events,
    which an account usually records once elsewhere, are left out unless asked for.
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
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if not buckets:
            raise ConstructError(f"{self.node.path}: a trail needs at least one bucket")
        self.encryption_key = encryption_key or aws_kms.Key(
            self, "Key", enable_key_rotation=True, removal_policy=removal_policy
        )
        self._let_cloudtrail_use(self.encryption_key)
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
        self.trail = self._make_trail(management_events=management_events)
        self.trail.add_s3_event_selector(
            [cloudtrail.S3EventSelector(bucket=bucket) for bucket in buckets],
            include_management_events=False,
            read_write_type=_read_write(reads=read_events),
        )

    def _make_trail(self, *, management_events: bool) -> cloudtrail.Trail:
        return cloudtrail.Trail(
            self,
            "Default",
            bucket=self.log_bucket.bucket,
            encryption_key=self.encryption_key,
            enable_file_validation=True,
            include_global_service_events=management_events,
            is_multi_region_trail=management_events,
            management_events=_management(wanted=management_events),
            send_to_cloud_watch_logs=True,
            cloud_watch_log_group=self.log_group,
        )

    def _let_cloudtrail_use(self, key: aws_kms.IKey) -> None:
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


def _management(*, wanted: bool) -> cloudtrail.ReadWriteType:
    return cloudtrail.ReadWriteType.ALL if wanted else cloudtrail.ReadWriteType.NONE


def _read_write(*, reads: bool) -> cloudtrail.ReadWriteType:
    return cloudtrail.ReadWriteType.ALL if reads else cloudtrail.ReadWriteType.WRITE_ONLY
