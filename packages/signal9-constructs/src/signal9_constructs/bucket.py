"""An S3 bucket that is private, encrypted and versioned."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from aws_cdk import Annotations, Duration, RemovalPolicy, aws_iam, aws_kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .feature_flags import prepare

__all__ = ["SecureBucket"]

_READ_METHODS: Final = (s3.HttpMethods.GET, s3.HttpMethods.HEAD)
_MIN_TLS: Final = 1.2
_PUT: Final = ("s3:AbortMultipartUpload", "s3:PutObject")


class SecureBucket(Construct):
    """A bucket without public access, over TLS only, that keeps old versions for a while.

    `tiers` maps storage classes to the age in days at which objects move there. Browsers at
    `cors_origins` may use `cors_methods`; without origins there is no CORS. With `lock_days` a
    version cannot be deleted or overwritten for that long without permission to bypass governance.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        bucket_name: str | None = None,
        encryption_key: aws_kms.IKey | None = None,
        versioned: bool = True,
        noncurrent_version_days: int | None = 30,
        incomplete_upload_days: int = 7,
        expire_days: int | None = None,
        tiers: Mapping[s3.StorageClass, int] | None = None,
        cors_origins: Sequence[str] = (),
        cors_methods: Sequence[s3.HttpMethods] = _READ_METHODS,
        cors_headers: Sequence[str] = ("*",),
        access_logs: s3.IBucket | None = None,
        access_logs_prefix: str | None = None,
        lock_days: int | None = None,
        events_to_bus: bool = False,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.encryption_key = encryption_key
        lock = s3.ObjectLockRetention.governance(Duration.days(lock_days)) if lock_days else None
        self.bucket: s3.IBucket = s3.Bucket(
            self,
            "Default",
            bucket_name=bucket_name,
            encryption=s3.BucketEncryption.KMS
            if encryption_key
            else s3.BucketEncryption.S3_MANAGED,
            encryption_key=encryption_key,
            bucket_key_enabled=True if encryption_key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=_MIN_TLS,
            versioned=versioned,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="Housekeeping",
                    abort_incomplete_multipart_upload_after=Duration.days(incomplete_upload_days),
                    noncurrent_version_expiration=_days(
                        noncurrent_version_days if versioned else None
                    ),
                    expiration=_days(expire_days),
                    transitions=[
                        s3.Transition(storage_class=tier, transition_after=Duration.days(days))
                        for tier, days in (tiers or {}).items()
                    ]
                    or None,
                )
            ],
            cors=_cors(cors_origins, cors_methods, cors_headers),
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=access_logs_prefix if access_logs else None,
            object_lock_enabled=True if lock_days else None,
            object_lock_default_retention=lock,
            removal_policy=removal_policy,
        )
        if events_to_bus:
            # The L2 would add a function that does the same.
            to_bus = s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
            cast(
                "s3.CfnBucket", self.bucket.node.default_child
            ).notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                event_bridge_configuration=to_bus
            )

    @staticmethod
    def from_existing(
        scope: Construct,
        id_: str,
        bucket: s3.IBucket,
        *,
        encryption_key: aws_kms.IKey | None = None,
    ) -> "SecureBucket":
        """Return an existing bucket with these grants; its settings are its owner's."""
        return _ExistingBucket(scope, id_, bucket, encryption_key)

    def grant_read(self, grantee: aws_iam.IGrantable, *, prefix: str = "") -> aws_iam.Grant:
        """Let `grantee` get and list objects whose keys begin with `prefix`."""
        if self.encryption_key:
            self.encryption_key.grant(grantee, "kms:Decrypt")
        listing = self._grant(grantee, ["s3:ListBucket"], self.bucket.bucket_arn)
        if prefix:
            for statement in (*listing.principal_statements, *listing.resource_statements):
                statement.add_condition("StringLike", {"s3:prefix": f"{prefix}*"})
        return listing.combine(self._grant(grantee, ["s3:GetObject"], self._objects(prefix)))

    def grant_put(self, grantee: aws_iam.IGrantable, *, prefix: str = "") -> aws_iam.Grant:
        """Let `grantee` write objects under `prefix`, but neither read nor delete them."""
        if self.encryption_key:
            # S3 decrypts the parts of a multipart upload.
            self.encryption_key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")
        return self._grant(grantee, _PUT, self._objects(prefix))

    def grant_read_write(self, grantee: aws_iam.IGrantable, *, prefix: str = "") -> aws_iam.Grant:
        """Let `grantee` read, write and delete objects whose keys begin with `prefix`."""
        read = self.grant_read(grantee, prefix=prefix)
        put = self.grant_put(grantee, prefix=prefix)
        delete = self._grant(grantee, ["s3:DeleteObject"], self._objects(prefix))
        return read.combine(put).combine(delete)

    def _objects(self, prefix: str) -> str:
        return self.bucket.arn_for_objects(f"{prefix}*")

    def _grant(
        self, grantee: aws_iam.IGrantable, actions: Sequence[str], arn: str
    ) -> aws_iam.Grant:
        # The L2's grants have wildcard actions, which rule packs reject.
        return aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee, actions=list(actions), resource_arns=[arn], resource=self.bucket
        )


class _ExistingBucket(SecureBucket):
    """A bucket that this library did not make, so nothing about it is enforced."""

    def __init__(
        self, scope: Construct, id_: str, bucket: s3.IBucket, encryption_key: aws_kms.IKey | None
    ) -> None:
        Construct.__init__(self, scope, id_)
        prepare(self)
        self.bucket, self.encryption_key = bucket, encryption_key or bucket.encryption_key
        Annotations.of(self).add_warning_v2(
            "signal9-constructs:existingBucket",
            "the owner of an existing bucket must see to its encryption, versions, expiry, public "
            "access block and TLS; acknowledge this warning when that is done",
        )


def _cors(
    origins: Sequence[str], methods: Sequence[s3.HttpMethods], headers: Sequence[str]
) -> list[s3.CorsRule] | None:
    if not origins:
        return None
    return [
        s3.CorsRule(
            allowed_origins=list(origins),
            allowed_methods=list(methods),
            allowed_headers=list(headers),
            exposed_headers=["ETag"],
            max_age=3600,
        )
    ]


def _days(days: int | None) -> Duration | None:
    return None if days is None else Duration.days(days)
