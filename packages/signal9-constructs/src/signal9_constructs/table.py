"""A DynamoDB table that is recoverable, encrypted and protected against deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from aws_cdk import Annotations, ArnFormat, Duration, RemovalPolicy, Stack, aws_iam, aws_kms
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .alarms import AlarmTarget, add_dead_letter_alarm
from .alarms_tables import add_throttling_alarms
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError
from .feature_flags import prepare
from .policies import warned
from .queue import make_dead_letters

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

# The actions of grant_encrypt_decrypt without its wildcards.
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
    """A description of a global secondary index."""

    @property
    def name(self) -> str:
        """The index's name."""

    @property
    def partition_key(self) -> str:
        """The partition key attribute."""

    @property
    def sort_key(self) -> str | None:
        """The sort key attribute, if any."""

    @property
    def include(self) -> Sequence[str] | None:
        """The projected attributes besides the keys; `None` is the whole item."""


class TableShape(Protocol):
    """A description of a table, from any source."""

    @property
    def name(self) -> str:
        """The table's name, for messages."""

    @property
    def partition_key(self) -> str:
        """The partition key attribute."""

    @property
    def sort_key(self) -> str | None:
        """The sort key attribute, if any."""

    @property
    def indexes(self) -> Sequence[IndexShape]:
        """The global secondary indexes."""

    @property
    def ttl_attribute(self) -> str | None:
        """The attribute with the second at which an item expires, if any."""


@dataclass(frozen=True, slots=True)
class TableIndex:
    """A global secondary index; `include` names attributes besides the keys, `None` is all."""

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


@checked
class DataTable(Construct):
    """A table that is on demand, recoverable, encrypted, protected against deletion and retained.

    Pass either `shape`, any object that describes a table, or the keys one by one. Key attributes
    are strings unless `attribute_types` says otherwise. With `read_capacity` and `write_capacity`
    it is provisioned instead. `replicas` are other regions; a table with an `encryption_key` needs
    a key in each of them. With a topic there are alarms.
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
        local_indexes: Sequence[IndexShape] = (),
        ttl_attribute: str | None = None,
        attribute_types: Mapping[str, dynamodb.AttributeType] | None = None,
        table_name: str | None = None,
        stream: dynamodb.StreamViewType | None = None,
        encryption_key: aws_kms.IKey | None = None,
        recovery_days: int | None = 35,
        deletion_protection: bool = True,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        contributor_insights: bool = False,
        max_read_units: int | None = None,
        max_write_units: int | None = None,
        read_capacity: dynamodb.Capacity | None = None,
        write_capacity: dynamodb.Capacity | None = None,
        replicas: Sequence[str] = (),
        replica_keys: Mapping[str, str] | None = None,
        alarm_topic: AlarmTarget | None = None,
        props: dynamodb.TableOptionsV2 | Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if (shape is None) == (partition_key is None):
            raise ConstructError(
                f"{self.node.path}: exactly one of shape and partition_key is required"
            )
        self._shape = shape or _Shape(id_, partition_key or "", sort_key, indexes, ttl_attribute)
        self._types = dict(attribute_types or {})
        self._local_indexes, self.replicas = tuple(local_indexes), tuple(replicas)
        self._check(replica_keys or {}, encrypted=encryption_key is not None)
        self.encryption_key = encryption_key
        self._alarm_topic, self._removal_policy = alarm_topic, removal_policy
        defaults: dict[str, object] = {}
        own: dict[str, object] = {
            "table_name": table_name,
            "partition_key": self._attribute(self._shape.partition_key),
            "sort_key": self._attribute(self._shape.sort_key) if self._shape.sort_key else None,
            "global_secondary_indexes": [self._index(index) for index in self._shape.indexes],
            "local_secondary_indexes": [self._local_index(each) for each in local_indexes] or None,
            "time_to_live_attribute": self._shape.ttl_attribute,
            "dynamo_stream": stream,
            "billing": self._billing(
                (max_read_units, max_write_units), read_capacity, write_capacity
            ),
            "replicas": [{"region": region} for region in replicas] or None,
            "encryption": (
                dynamodb.TableEncryptionV2.customer_managed_key(encryption_key, replica_keys or {})
                if encryption_key
                else dynamodb.TableEncryptionV2.aws_managed_key()
            ),
            "point_in_time_recovery_specification": dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=recovery_days is not None,
                recovery_period_in_days=recovery_days,
            ),
            "deletion_protection": deletion_protection,
            "removal_policy": removal_policy,
        }
        insights = dynamodb.ContributorInsightsSpecification(enabled=contributor_insights)
        (own if contributor_insights else defaults)["contributor_insights_specification"] = insights
        self.table: dynamodb.ITable = dynamodb.TableV2(
            self, "Default", **merge(self, props, own, defaults)
        )
        if alarm_topic:
            self._add_alarms(alarm_topic)

    @classmethod
    def from_existing(
        cls,
        scope: Construct,
        id_: str,
        table: dynamodb.ITable,
        *,
        shape: TableShape,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: AlarmTarget | None = None,
    ) -> "DataTable":
        """Return an existing table with these grants, functions and alarms; `shape` says its keys.

        Its settings are its owner's: recovery, encryption and protection are not enforced.
        """
        return _ExistingTable(scope, id_, table, shape, encryption_key, alarm_topic)

    @property
    def resource(self) -> dynamodb.ITable:
        """The table, so that the construct can stand for it."""
        return self.table

    @property
    def index_names(self) -> tuple[str, ...]:
        """The names of the table's indexes."""
        return tuple(index.name for index in (*self._shape.indexes, *self._local_indexes))

    def grant_read(
        self, grantee: aws_iam.IGrantable, *, scan: bool = False, replicas: bool = False
    ) -> aws_iam.Grant:
        """Let `grantee` get and query items and, with `scan`, scan the table.

        With `replicas`, the grants of this class cover the table in its other regions, too.
        """
        return self._grant(grantee, (*_READ, *(_SCAN if scan else ())), replicas=replicas)

    def grant_write(self, grantee: aws_iam.IGrantable, *, replicas: bool = False) -> aws_iam.Grant:
        """Let `grantee` put, update and delete items."""
        return self._grant(grantee, _WRITE, replicas=replicas)

    def grant_read_write(
        self, grantee: aws_iam.IGrantable, *, scan: bool = False, replicas: bool = False
    ) -> aws_iam.Grant:
        """Let `grantee` do everything that `grant_read` and `grant_write` allow."""
        actions = sorted({*_READ, *_WRITE, *(_SCAN if scan else ())})
        return self._grant(grantee, actions, replicas=replicas)

    def grant_stream(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` read the table's stream."""
        return self.table.grant_stream_read(grantee)

    def feed(
        self,
        id_: str,
        function: lambda_.IFunction | Wrapper[lambda_.IFunction],
        *,
        batch_size: int = 100,
        batching_window_s: int = 0,
        retries: int = 5,
        max_age_s: int = 21600,
        parallel: int = 1,
        filters: Sequence[Mapping[str, object]] = (),
        on_failure: lambda_.IEventSourceDlq | None = None,
        props: Mapping[str, Any] | None = None,
    ) -> sqs.Queue | None:
        """Let `function` process the changes of items, from now on, in the order of each partition.

        A batch that fails is divided, and retried until its record is too old. What still fails
        goes to `on_failure`, by default a queue that is returned, with the place in the stream.
        """
        dead_letters = None
        if on_failure is None:
            dead_letters = make_dead_letters(
                Construct(self, id_),
                "DeadLetters",
                removal_policy=self._removal_policy,
                encryption_key=self.encryption_key,
            )
            on_failure = sources.SqsDlq(dead_letters)
        own = {
            "batch_size": batch_size,
            "max_batching_window": Duration.seconds(batching_window_s)
            if batching_window_s
            else None,
            "retry_attempts": retries,
            "max_record_age": Duration.seconds(max_age_s),
            "parallelization_factor": parallel,
            "filters": [lambda_.FilterCriteria.filter(dict(each)) for each in filters] or None,
            "on_failure": on_failure,
        }
        defaults = {
            "starting_position": lambda_.StartingPosition.LATEST,
            "bisect_batch_on_error": True,
            "report_batch_item_failures": True,
        }
        merged = merge(self, props, own, defaults)
        unwrap(function).add_event_source(sources.DynamoEventSource(self.table, **merged))
        if dead_letters and self._alarm_topic:
            add_dead_letter_alarm(Construct(self, f"{id_}Alarms"), dead_letters, self._alarm_topic)
        return dead_letters

    def _check(self, replica_keys: Mapping[str, str], *, encrypted: bool) -> None:
        path = self.node.path
        if encrypted and set(replica_keys) != set(self.replicas):
            raise ConstructError(
                f"{path}: replica_keys: must name the ARN of a key in each of {self.replicas}"
            )
        other = [
            index.name
            for index in self._local_indexes
            if index.partition_key != self._shape.partition_key or not index.sort_key
        ]
        if other or (self._local_indexes and not self._shape.sort_key):
            raise ConstructError(
                f"{path}: local_indexes {other}: must have the partition key "
                f"{self._shape.partition_key!r} and a sort key, as the table has"
            )

    def _billing(
        self,
        limits: tuple[int | None, int | None],
        read: dynamodb.Capacity | None,
        write: dynamodb.Capacity | None,
    ) -> dynamodb.Billing:
        if read and write and limits == (None, None):
            return dynamodb.Billing.provisioned(read_capacity=read, write_capacity=write)
        if read or write:
            raise ConstructError(
                f"{self.node.path}: read_capacity and write_capacity are required together, and "
                "without max_read_units and max_write_units"
            )
        return dynamodb.Billing.on_demand(
            max_read_request_units=limits[0], max_write_request_units=limits[1]
        )

    def _grant(
        self, grantee: aws_iam.IGrantable, actions: Sequence[str], *, replicas: bool
    ) -> aws_iam.Grant:
        # The L2's grants name index/*, which rule packs reject.
        tables = [self.table.table_arn]
        if replicas:
            tables += [self._arn_in(region) for region in self.replicas]
        arns = [f"{table}/index/{name}" for table in tables for name in self.index_names]
        if self.encryption_key:
            self.encryption_key.grant(grantee, *_KEY)
        table = cast("dynamodb.TableV2", self.table)
        grant = aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[*tables, *arns],
            resource=table,
            resource_self_arns=["*"],  # its ARN would make the table depend on itself
        )
        return warned(self, table, grant)

    def _arn_in(self, region: str) -> str:
        return Stack.of(self).format_arn(
            service="dynamodb",
            region=region,
            resource="table",
            resource_name=self.table.table_name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )

    def _attribute(self, name: str) -> dynamodb.Attribute:
        type_ = self._types.get(name, dynamodb.AttributeType.STRING)
        return dynamodb.Attribute(name=name, type=type_)

    def _index(self, index: IndexShape) -> dynamodb.GlobalSecondaryIndexPropsV2:
        projection, attributes = _projection(index.include)
        return dynamodb.GlobalSecondaryIndexPropsV2(
            index_name=index.name,
            partition_key=self._attribute(index.partition_key),
            sort_key=self._attribute(index.sort_key) if index.sort_key else None,
            projection_type=projection,
            non_key_attributes=attributes,
        )

    def _local_index(self, index: IndexShape) -> dynamodb.LocalSecondaryIndexProps:
        projection, attributes = _projection(index.include)
        return dynamodb.LocalSecondaryIndexProps(
            index_name=index.name,
            sort_key=self._attribute(index.sort_key or ""),
            projection_type=projection,
            non_key_attributes=attributes,
        )

    def _add_alarms(self, topic: AlarmTarget) -> None:
        """Alarm for the table and for each index, because DynamoDB throttles them separately."""
        alarms = Construct(self, "Alarms")
        dimensions = {"TableName": self.table.table_name}
        name = self._shape.name
        add_throttling_alarms(Construct(alarms, "Table"), name, dimensions, topic)
        for index in (index.name for index in self._shape.indexes):
            add_throttling_alarms(
                Construct(alarms, index),
                f"{name}/{index}",
                dimensions | {"GlobalSecondaryIndexName": index},
                topic,
            )


class _ExistingTable(DataTable):
    """A table that this library did not make, so nothing about it is enforced."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        table: dynamodb.ITable,
        shape: TableShape,
        encryption_key: aws_kms.IKey | None,
        alarm_topic: AlarmTarget | None,
    ) -> None:
        Construct.__init__(self, scope, id_)
        prepare(self)
        self.table, self._shape = table, shape
        self._local_indexes, self.replicas = (), ()
        self.encryption_key = encryption_key or table.encryption_key
        self._alarm_topic = alarm_topic
        self._removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        Annotations.of(self).add_warning_v2(
            "signal9-constructs:existingTable",
            "the owner of an existing table must see to its recovery, encryption and protection "
            "against deletion; acknowledge this warning when that is done",
        )
        if alarm_topic:
            self._add_alarms(alarm_topic)


def _projection(include: Sequence[str] | None) -> tuple[dynamodb.ProjectionType, list[str] | None]:
    if include is None:
        return dynamodb.ProjectionType.ALL, None
    if not include:
        return dynamodb.ProjectionType.KEYS_ONLY, None
    return dynamodb.ProjectionType.INCLUDE, list(include)
