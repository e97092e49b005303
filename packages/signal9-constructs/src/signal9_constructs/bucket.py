"""An S3 bucket that is private, encrypted and versioned."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration, RemovalPolicy, aws_iam, aws_kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .kinds import prepare

__all__ = ["SecureBucket"]

_READING: Final = (s3.HttpMethods.GET, s3.HttpMethods.HEAD)
_MIN_TLS: Final = 1.2
_PUT: Final = ("s3:AbortMultipartUpload", "s3:PutObject")


class SecureBucket(Construct):
    """A bucket without public access, over TLS only, that keeps old versions for a while.

    `tiers` moves objects to a cheaper class after so many days. Browsers of `cors_origins` may
    use `cors_methods`; without origins there is no CORS. With `lock_days` no version can be
    deleted or overwritten for that long, save by those who may bypass governance.
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
        cors_methods: Sequence[s3.HttpMethods] = _READING,
        cors_headers: Sequence[str] = ("*",),
        access_logs: s3.IBucket | None = None,
        access_logs_prefix: str | None = None,
        lock_days: int | None = None,
        events_to_bus: bool = False,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.encryption_key = encryption_key
        self.bucket = s3.Bucket(
            self,
            "Default",
            bucket_name=bucket_name,
            encryption=_encryption(encryption_key),
            encryption_key=encryption_key,
            bucket_key_enabled=True if encryption_key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=_MIN_TLS,
            versioned=versioned,
            lifecycle_rules=_lifecycle(
                noncurrent_version_days if versioned else None,
                incomplete_upload_days,
                expire_days,
                tiers or {},
            ),
            cors=_cors(cors_origins, cors_methods, cors_headers),
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=access_logs_prefix if access_logs else None,
            object_lock_enabled=True if lock_days else None,
            object_lock_default_retention=_lock(lock_days),
            event_bridge_enabled=events_to_bus,
            removal_policy=removal_policy,
        )

    def grant_read(self, grantee: aws_iam.IGrantable, *, prefix: str = "") -> aws_iam.Grant:
        """Let `grantee` get and list objects whose keys begin with `prefix`."""
        if self.encryption_key:
            self.encryption_key.grant(grantee, "kms:Decrypt")
        listing = self._allow(grantee, ["s3:ListBucket"], self.bucket.bucket_arn)
        if prefix:
            for statement in (*listing.principal_statements, *listing.resource_statements):
                statement.add_condition("StringLike", {"s3:prefix": f"{prefix}*"})
        return listing.combine(self._allow(grantee, ["s3:GetObject"], self._objects(prefix)))

    def grant_put(self, grantee: aws_iam.IGrantable, *, prefix: str = "") -> aws_iam.Grant:
        """Let `grantee` write objects below `prefix`, but neither read nor delete them."""
        if self.encryption_key:
            # An upload in parts is decrypted part by part.
            self.encryption_key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")
        return self._allow(grantee, _PUT, self._objects(prefix))

    def grant_read_write(self, grantee: aws_iam.IGrantable, *, prefix: str = "") -> aws_iam.Grant:
        """Let `grantee` read, write and delete objects whose keys begin with `prefix`."""
        reading = self.grant_read(grantee, prefix=prefix)
        writing = self.grant_put(grantee, prefix=prefix)
        deleting = self._allow(grantee, ["s3:DeleteObject"], self._objects(prefix))
        return reading.combine(writing).combine(deleting)

    def _objects(self, prefix: str) -> str:
        return self.bucket.arn_for_objects(f"{prefix}*")

    def _allow(
        self, grantee: aws_iam.IGrantable, actions: Sequence[str], arn: str
    ) -> aws_iam.Grant:
        # By name: the L2's grants hold wildcards, which rule packs rightly question.
        return aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[arn],
            resource=self.bucket,
        )


def _encryption(key: aws_kms.IKey | None) -> s3.BucketEncryption:
    return s3.BucketEncryption.KMS if key else s3.BucketEncryption.S3_MANAGED


def _lifecycle(
    noncurrent_days: int | None,
    incomplete_days: int,
    expire_days: int | None,
    tiers: Mapping[s3.StorageClass, int],
) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            id="Housekeeping",
            enabled=True,
            abort_incomplete_multipart_upload_after=Duration.days(incomplete_days),
            noncurrent_version_expiration=_days(noncurrent_days),
            expiration=_days(expire_days),
            transitions=[
                s3.Transition(storage_class=tier, transition_after=Duration.days(days))
                for tier, days in tiers.items()
            ]
            or None,
        )
    ]


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


def _lock(days: int | None) -> s3.ObjectLockRetention | None:
    return s3.ObjectLockRetention.governance(Duration.days(days)) if days else None


def _days(days: int | None) -> Duration | None:
    return None if days is None else Duration.days(days)
