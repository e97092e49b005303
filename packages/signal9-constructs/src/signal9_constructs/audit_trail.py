"""A CloudTrail trail of reads and writes of S3 objects and of calls of functions."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, RemovalPolicy, Resource, Stack, aws_iam, aws_kms
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .arguments import Wrapper, checked, merge, unwrap
from .bucket import SecureBucket
from .errors import ConstructError
from .feature_flags import prepare
from .logs import make_log_group
from .policies import allow_in_policy

__all__ = ["AccessTrail"]


@checked
class AccessTrail(Construct):
    """CloudTrail's data events of some buckets and functions, stored in a locked bucket.

    Log files are validated and encrypted, kept for `keep_days`, and cannot be changed for
    `lock_days`. The same events go to a log group for `log_retention_days`. Management events,
    which an account usually records once elsewhere, are off by default. With a `log_bucket` of
    yours, its own settings decide how long files are kept.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        buckets: Sequence[s3.IBucket | Wrapper[s3.IBucket]] = (),
        functions: Sequence[lambda_.IFunction | Wrapper[lambda_.IFunction]] = (),
        encryption_key: aws_kms.IKey | None = None,
        management_events: bool = False,
        read_events: bool = True,
        keep_days: int = 365,
        lock_days: int | None = 90,
        log_retention_days: int = 90,
        access_logs: s3.IBucket | Wrapper[s3.IBucket] | None = None,
        log_bucket: SecureBucket | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: cloudtrail.TrailProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if not (buckets or functions):
            raise ConstructError(
                f"{self.node.path}: at least one bucket is required, or a function"
            )
        self.encryption_key = encryption_key or aws_kms.Key(
            self, "Key", enable_key_rotation=True, removal_policy=removal_policy
        )
        self._grant_to_cloudtrail(self.encryption_key)
        self.log_bucket = log_bucket or SecureBucket(
            self,
            "Files",
            encryption_key=self.encryption_key,
            expire_days=keep_days,
            lock_days=lock_days,
            access_logs=None if access_logs is None else unwrap(access_logs),
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
        own = cloudtrail.TrailProps(
            bucket=self.log_bucket.bucket,
            encryption_key=self.encryption_key,
            management_events=kinds.ALL if management_events else kinds.NONE,
            send_to_cloud_watch_logs=True,
            cloud_watch_log_group=self.log_group,
        )
        defaults = cloudtrail.TrailProps(
            enable_file_validation=True,
            # A bucket may be in another region; a trail of all regions must include global events.
            include_global_service_events=True,
            is_multi_region_trail=True,
        )
        self.trail = cloudtrail.Trail(self, "Default", **merge(self, props, own, defaults))
        if not Resource.is_owned_resource(self.log_bucket.bucket):
            self._grant_to_write(self.log_bucket.bucket)
        events = kinds.ALL if read_events else kinds.WRITE_ONLY
        if buckets:
            self.trail.add_s3_event_selector(
                [cloudtrail.S3EventSelector(bucket=unwrap(bucket)) for bucket in buckets],
                include_management_events=False,
                read_write_type=events,
            )
        if functions:
            self.trail.add_lambda_event_selector(
                [unwrap(function) for function in functions],
                include_management_events=False,
                read_write_type=events,
            )

    @property
    def resource(self) -> cloudtrail.Trail:
        """The trail, so that the construct can stand for it."""
        return self.trail

    def _grant_to_write(self, bucket: s3.IBucket) -> None:
        """Say what the owner of the bucket must allow; the L2 allows it for a bucket of its own."""
        files = bucket.arn_for_objects(f"AWSLogs/{Stack.of(self).account}/*")
        owner = {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}}
        for action, resource, conditions in (
            ("s3:GetBucketAcl", bucket.bucket_arn, None),
            ("s3:PutObject", files, owner),
        ):
            statement = aws_iam.PolicyStatement(
                principals=[aws_iam.ServicePrincipal("cloudtrail.amazonaws.com")],
                actions=[action],
                resources=[resource],
                conditions=conditions,
            )
            allow_in_policy(self, bucket, statement)

    def _grant_to_cloudtrail(self, key: aws_kms.IKey) -> None:
        trails = Stack.of(self).format_arn(
            service="cloudtrail",
            region="*",
            resource="trail",
            resource_name="*",
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        allow_in_policy(
            self,
            key,
            aws_iam.PolicyStatement(
                sid="CloudTrail",
                principals=[aws_iam.ServicePrincipal("cloudtrail.amazonaws.com")],
                actions=["kms:DescribeKey", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"ArnLike": {"aws:SourceArn": trails}},
            ),
        )
