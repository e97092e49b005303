"""A DynamoDB table that cannot be lost by accident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from aws_cdk import RemovalPolicy, aws_iam, aws_kms, aws_sns
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from .errors import ConstructError
from .kinds import prepare
from .watches import watch_throttling

__all__ = ["DataTable", "IndexShape", "TableIndex", "TableShape"]

_READ: Final = (
    "dynamodb:BatchGetItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:Query",
)
_SCAN: Final = ("dynamodb:Scan",)
_WRITE: Final = (
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
)

# What grant_encrypt_decrypt allows, without its wildcards.
_KEY: Final = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


class IndexShape(Protocol):
    """What a global secondary index looks like, whoever defines it."""

    @property
    def name(self) -> str:
        """The index's name."""

    @property
    def partition_key(self) -> str:
        """The attribute that chooses the partition."""

    @property
    def sort_key(self) -> str | None:
        """The attribute that orders it, if any."""

    @property
    def include(self) -> Sequence[str] | None:
        """The attributes it carries beside all keys; `None` means the whole item."""


class TableShape(Protocol):
    """What a table looks like, whoever defines it."""

    @property
    def name(self) -> str:
        """The table's name, for messages."""

    @property
    def partition_key(self) -> str:
        """The attribute that chooses the partition."""

    @property
    def sort_key(self) -> str | None:
        """The attribute that orders it, if any."""

    @property
    def indexes(self) -> Sequence[IndexShape]:
        """Second orders over the table."""

    @property
    def ttl_attribute(self) -> str | None:
        """The attribute with the second in which an item expires, if any."""


@dataclass(frozen=True, slots=True)
class TableIndex:
    """A global secondary index; `include` names what it carries beside all keys, `None` all."""

    name: str
    partition_key: str
    sort_key: str | None = None
    include: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Shape:
    name: str
    partition_key: str
    sort_key: str | None
    indexes: Sequence[IndexShape]
    ttl_attribute: str | None


class DataTable(Construct):
    """A table on demand: recoverable, encrypted, protected against deletion, kept with its data.

    Give it either `shape`, any object with a table's keys, or the keys one by one. Key attributes
    are strings unless `attribute_types` says otherwise. Alarms are made when there is a topic.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shape: TableShape | None = None,
        partition_key: str | None = None,
        sort_key: str | None = None,
        indexes: Sequence[IndexShape] = (),
        ttl_attribute: str | None = None,
        attribute_types: Mapping[str, dynamodb.AttributeType] | None = None,
        table_name: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
        encryption_key: aws_kms.IKey | None = None,
        recovery_days: int | None = 35,
        deletion_protection: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        contributor_insights: bool = False,
        max_read_units: int | None = None,
        max_write_units: int | None = None,
        alarm_topic: aws_sns.ITopic | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if (shape is None) == (partition_key is None):
            raise ConstructError(f"{self.node.path}: give either a shape or a partition key")
        self._shape = shape or _Shape(id_, partition_key or "", sort_key, indexes, ttl_attribute)
        self._types = dict(attribute_types or {})
        self.encryption_key = encryption_key
        self.table = dynamodb.TableV2(
            self,
            "Default",
            table_name=table_name,
            partition_key=self._attribute(self._shape.partition_key),
            sort_key=self._optional_attribute(self._shape.sort_key),
            global_secondary_indexes=[self._index(index) for index in self._shape.indexes],
            time_to_live_attribute=self._shape.ttl_attribute,
            dynamo_stream=stream,
            billing=dynamodb.Billing.on_demand(
                max_read_request_units=max_read_units, max_write_request_units=max_write_units
            ),
            encryption=_encryption(encryption_key),
            point_in_time_recovery_specification=_recovery(recovery_days),
            contributor_insights_specification=_insights(wanted=contributor_insights),
            deletion_protection=deletion_protection,
            removal_policy=removal_policy,
        )
        if alarm_topic:
            self._watch_throttling(alarm_topic)

    @property
    def index_names(self) -> tuple[str, ...]:
        """The names of the table's indexes."""
        return tuple(index.name for index in self._shape.indexes)

    def grant_read(self, grantee: aws_iam.IGrantable, *, scan: bool = False) -> aws_iam.Grant:
        """Let `grantee` get and query items and, if asked, scan the table."""
        return self._grant(grantee, (*_READ, *(_SCAN if scan else ())))

    def grant_write(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` put, update and delete items."""
        return self._grant(grantee, _WRITE)

    def grant_read_write(self, grantee: aws_iam.IGrantable, *, scan: bool = False) -> aws_iam.Grant:
        """Let `grantee` do all that `grant_read` and `grant_write` allow."""
        actions = sorted({*_READ, *_WRITE, *(_SCAN if scan else ())})
        return self._grant(grantee, actions)

    def grant_stream(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` read the table's stream."""
        return self.table.grant_stream_read(grantee)

    def _grant(self, grantee: aws_iam.IGrantable, actions: Sequence[str]) -> aws_iam.Grant:
        # Every index by name: the L2's grants say index/*, which rule packs rightly question.
        arns = [f"{self.table.table_arn}/index/{name}" for name in self.index_names]
        if self.encryption_key:
            self.encryption_key.grant(grantee, *_KEY)
        return aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self.table.table_arn, *arns],
            resource=self.table,
            resource_self_arns=["*"],  # by name, a table would have to be there before itself
        )

    def _attribute(self, name: str) -> dynamodb.Attribute:
        kind = self._types.get(name, dynamodb.AttributeType.STRING)
        return dynamodb.Attribute(name=name, type=kind)

    def _optional_attribute(self, name: str | None) -> dynamodb.Attribute | None:
        return None if name is None else self._attribute(name)

    def _index(self, index: IndexShape) -> dynamodb.GlobalSecondaryIndexPropsV2:
        projection, carried = _projection(index.include)
        return dynamodb.GlobalSecondaryIndexPropsV2(
            index_name=index.name,
            partition_key=self._attribute(index.partition_key),
            sort_key=self._optional_attribute(index.sort_key),
            projection_type=projection,
            non_key_attributes=carried,
        )

    def _watch_throttling(self, topic: aws_sns.ITopic) -> None:
        """Alarm for the table and for each index, which DynamoDB throttles apart."""
        alarms = Construct(self, "Alarms")
        here = {"TableName": self.table.table_name}
        watch_throttling(Construct(alarms, "Table"), self._shape.name, here, topic=topic)
        for name in self.index_names:
            place = here | {"GlobalSecondaryIndexName": name}
            watch_throttling(
                Construct(alarms, name), f"{self._shape.name}/{name}", place, topic=topic
            )


def _projection(
    include: Sequence[str] | None,
) -> tuple[dynamodb.ProjectionType, list[str] | None]:
    if include is None:
        return dynamodb.ProjectionType.ALL, None
    if not include:
        return dynamodb.ProjectionType.KEYS_ONLY, None
    return dynamodb.ProjectionType.INCLUDE, list(include)


def _encryption(key: aws_kms.IKey | None) -> dynamodb.TableEncryptionV2:
    if key is None:
        return dynamodb.TableEncryptionV2.aws_managed_key()
    return dynamodb.TableEncryptionV2.customer_managed_key(key)


def _insights(*, wanted: bool) -> dynamodb.ContributorInsightsSpecification:
    return dynamodb.ContributorInsightsSpecification(enabled=wanted)


def _recovery(days: int | None) -> dynamodb.PointInTimeRecoverySpecification:
    if days is None:
        return dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=False)
    return dynamodb.PointInTimeRecoverySpecification(
        point_in_time_recovery_enabled=True, recovery_period_in_days=days
    )
