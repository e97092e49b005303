"""An S3 bucket that is private, encrypted and versioned."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from aws_cdk import Annotations, Duration, RemovalPolicy, Stack, Token, aws_iam, aws_kms
from aws_cdk import aws_events as events
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .alarms import AlarmTarget, add_dead_letter_alarm
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError, choose
from .feature_flags import prepare
from .policies import allow_in_policy, warned
from .queue import make_dead_letters
from .targets import RuleTarget, add_rule_target

__all__ = ["SecureBucket"]

_READ_METHODS: Final = (s3.HttpMethods.GET, s3.HttpMethods.HEAD)
_MIN_TLS: Final = 1.2
_LOCKS: Final = {
    "compliance": s3.ObjectLockRetention.compliance,
    "governance": s3.ObjectLockRetention.governance,
}
_PUT: Final = ("s3:AbortMultipartUpload", "s3:PutObject")


@checked
class SecureBucket(Construct):
    """A bucket without public access, over TLS only, that keeps old versions for a while.

    `tiers` maps storage classes to the age in days at which objects move there. Browsers at
    `cors_origins` may use `cors_methods`; without origins there is no CORS. With `lock_days` a
    version cannot be deleted or overwritten for that long: in the mode `governance` only with
    permission to bypass it, in the mode `compliance` by nobody. New objects are copied to each
    bucket of `replicate_to`, which must be versioned.
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
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
        access_logs: s3.IBucket | Wrapper[s3.IBucket] | None = None,
        access_logs_prefix: str | None = None,
        lock_days: int | None = None,
        lock_mode: str = "governance",
        replicate_to: Sequence[s3.IBucket | Wrapper[s3.IBucket]] = (),
        inventory_to: s3.IBucket | Wrapper[s3.IBucket] | None = None,
        events_to_bus: bool = False,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: s3.BucketProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.encryption_key = encryption_key
        if replicate_to and not versioned:
            raise ConstructError(f"{self.node.path}: replicate_to requires versioned=True")
        housekeeping = s3.LifecycleRule(
            id="Housekeeping",
            abort_incomplete_multipart_upload_after=Duration.days(incomplete_upload_days),
            noncurrent_version_expiration=_days(noncurrent_version_days if versioned else None),
            expiration=_days(expire_days),
            transitions=_transitions(tiers or {}),
        )
        lock = choose(_LOCKS, "lock_mode", lock_mode)
        own = s3.BucketProps(
            bucket_name=bucket_name,
            encryption=s3.BucketEncryption.KMS if encryption_key else None,
            encryption_key=encryption_key,
            versioned=versioned,
            lifecycle_rules=[housekeeping, *lifecycle_rules],
            cors=_cors(cors_origins, cors_methods, cors_headers),
            server_access_logs_bucket=unwrap(access_logs),
            server_access_logs_prefix=access_logs_prefix if access_logs else None,
            object_lock_enabled=True if lock_days else None,
            object_lock_default_retention=lock(Duration.days(lock_days)) if lock_days else None,
            replication_rules=self._replication([unwrap(each) for each in replicate_to]),
            inventories=_inventories(unwrap(inventory_to)),
            removal_policy=removal_policy,
        )
        defaults = s3.BucketProps(
            bucket_key_enabled=True if encryption_key else None,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=None if props and props.enforce_ssl is False else _MIN_TLS,
            encryption=None if encryption_key else s3.BucketEncryption.S3_MANAGED,
        )
        self._removal_policy, self._alarm_topic = removal_policy, alarm_topic
        self.bucket: s3.IBucket = s3.Bucket(self, "Default", **merge(self, props, own, defaults))
        if events_to_bus:
            self._send_events_to_bus()

    @classmethod
    def from_existing(
        cls,
        scope: Construct,
        id_: str,
        bucket: s3.IBucket,
        *,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: AlarmTarget | None = None,
    ) -> "SecureBucket":
        """Return an existing bucket with these grants; its settings are its owner's."""
        return _ExistingBucket(scope, id_, bucket, encryption_key, alarm_topic)

    @property
    def resource(self) -> s3.IBucket:
        """The bucket, so that the construct can stand for it."""
        return self.bucket

    def on_object(
        self,
        id_: str,
        target: RuleTarget,
        *,
        event: str = "Object Created",
        prefix: str = "",
        suffix: str = "",
        retries: int = 8,
        max_event_age_s: int = 7200,
    ) -> events.Rule:
        """Send events of objects, such as `Object Created`, to a target through the default bus.

        What cannot be delivered goes to a dead-letter queue. The keys of the objects begin with
        `prefix` and end with `suffix`.
        """
        self._send_events_to_bus()
        dead_letters = self._dead_letters_of_events()
        key = [{"wildcard": f"{prefix}*{suffix}"}] if prefix or suffix else None
        rule = events.Rule(
            self,
            id_,
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=[event],
                detail={
                    "bucket": {"name": [self.bucket.bucket_name]},
                    **({"object": {"key": key}} if key else {}),
                },
            ),
        )
        add_rule_target(
            rule,
            target,
            {
                "dead_letter_queue": dead_letters,
                "retry_attempts": retries,
                "max_event_age": Duration.seconds(max_event_age_s),
            },
        )
        return rule

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

    def _dead_letters_of_events(self) -> sqs.Queue:
        existing = self.node.try_find_child("Undelivered")
        if existing is not None:
            return cast("sqs.Queue", existing)
        queue = make_dead_letters(
            self,
            "Undelivered",
            removal_policy=self._removal_policy,
            encryption_key=self.encryption_key,
        )
        if self.encryption_key:
            statement = aws_iam.PolicyStatement(
                principals=[aws_iam.ServicePrincipal("events.amazonaws.com")],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
            allow_in_policy(self, self.encryption_key, statement)
        if self._alarm_topic:
            add_dead_letter_alarm(Construct(self, "Alarms"), queue, self._alarm_topic)
        return queue

    def _send_events_to_bus(self) -> None:
        # The L2 would add a function that does the same.
        cast("s3.CfnBucket", self.bucket.node.default_child).add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", value=True
        )

    def _replication(self, buckets: Sequence[s3.IBucket]) -> list[s3.ReplicationRule] | None:
        return [
            s3.ReplicationRule(
                destination=bucket,
                priority=position,
                delete_marker_replication=True,
                kms_key=bucket.encryption_key,
                sse_kms_encrypted_objects=True if self.encryption_key else None,
                access_control_transition=True if self._in_other_account(bucket) else None,
            )
            for position, bucket in enumerate(buckets)
        ] or None

    def _in_other_account(self, bucket: s3.IBucket) -> bool:
        account, here = bucket.env.account, Stack.of(self).account
        return account != here and not Token.is_unresolved(account)

    def _objects(self, prefix: str) -> str:
        return self.bucket.arn_for_objects(f"{prefix}*")

    def _grant(
        self, grantee: aws_iam.IGrantable, actions: Sequence[str], arn: str
    ) -> aws_iam.Grant:
        # The L2's grants have wildcard actions, which rule packs reject.
        grant = aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee, actions=list(actions), resource_arns=[arn], resource=self.bucket
        )
        return warned(self, self.bucket, grant)


class _ExistingBucket(SecureBucket):
    """A bucket that this library did not make, so nothing about it is enforced."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        bucket: s3.IBucket,
        encryption_key: aws_kms.IKey | None,
        alarm_topic: AlarmTarget | None,
    ) -> None:
        Construct.__init__(self, scope, id_)
        prepare(self)
        self.bucket, self.encryption_key = bucket, encryption_key or bucket.encryption_key
        self._alarm_topic = alarm_topic
        self._removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        Annotations.of(self).add_warning_v2(
            "signal9-constructs:existingBucket",
            "the owner of an existing bucket must see to its encryption, versions, expiry, public "
            "access block and TLS; acknowledge this warning when that is done",
        )

    def _send_events_to_bus(self) -> None:
        Annotations.of(self).add_warning_v2(
            "signal9-constructs:existingBucketEvents",
            "the owner of an existing bucket must turn on its events to EventBridge",
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


def _transitions(tiers: Mapping[s3.StorageClass, int]) -> list[s3.Transition] | None:
    return [
        s3.Transition(storage_class=tier, transition_after=Duration.days(days))
        for tier, days in tiers.items()
    ] or None


def _inventories(bucket: s3.IBucket | None) -> list[s3.Inventory] | None:
    if bucket is None:
        return None
    return [
        s3.Inventory(
            destination=s3.InventoryDestination(bucket=bucket, prefix="inventory"),
            format=s3.InventoryFormat.PARQUET,
            frequency=s3.InventoryFrequency.WEEKLY,
            include_object_versions=s3.InventoryObjectVersion.ALL,
        )
    ]


def _days(days: int | None) -> Duration | None:
    return None if days is None else Duration.days(days)
