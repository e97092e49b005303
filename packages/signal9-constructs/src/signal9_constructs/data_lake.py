"""Parquet files in a bucket, described as tables and queried with Athena."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial, reduce
from typing import Final

from aws_cdk import ArnFormat, Names, RemovalPolicy, Stack, aws_iam, aws_kms, aws_s3
from aws_cdk import aws_athena as athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from .alarms import AlarmTarget, make_alarm, service_metric
from .arguments import Wrapper, checked, unwrap
from .bucket import SecureBucket
from .errors import ConstructError
from .feature_flags import prepare

__all__ = ["DataLake", "LakeTable", "Partition"]

_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
_MAX_NAME: Final = 128
_MIN_SCAN_BYTES: Final = 10_000_000
_PARQUET: Final = "org.apache.hadoop.hive.ql.io.parquet"
_QUERY: Final = (
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryResultsStream",
    "athena:GetWorkGroup",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
_CATALOG: Final = (
    "glue:GetDatabase",
    "glue:GetPartition",
    "glue:GetPartitions",
    "glue:GetTable",
    "glue:GetTables",
)


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition column, whose values Athena computes instead of looking them up."""

    name: str
    type: str
    settings: Mapping[str, str]
    glue_type: str = "string"

    @classmethod
    def by_day(cls, name: str, *, first: date, format_: str = "yyyy-MM-dd") -> "Partition":
        """Return a partition for each day from `first` to today."""
        settings = {"range": f"{first.isoformat()},NOW", "interval": "1", "interval.unit": "DAYS"}
        return cls(name, "date", {**settings, "format": format_})

    @classmethod
    def by_number(cls, name: str, *, first: int, last: int, digits: int = 1) -> "Partition":
        """Return a partition for each number, both included, with at least `digits` digits."""
        settings = {"range": f"{first},{last}", "digits": str(digits)}
        return cls(name, "integer", settings, "int")

    @classmethod
    def by_value(cls, name: str, values: Sequence[str]) -> "Partition":
        """Return a partition for each of a few values."""
        return cls(name, "enum", {"values": ",".join(values)})

    @classmethod
    def by_request(cls, name: str) -> "Partition":
        """Return partitions of too many values to list: each query must name one."""
        return cls(name, "injected", {})


@dataclass(frozen=True, slots=True)
class LakeTable:
    """A table of Parquet files below `prefix`, by default `name/`, in folders `column=value`."""

    name: str
    columns: Mapping[str, str]
    partitions: Sequence[Partition] = ()
    prefix: str | None = None
    description: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def folder(self) -> str:
        """The prefix of the table's files, with a slash at its end."""
        return self.prefix if self.prefix is not None else f"{self.name}/"


@checked
class DataLake(Construct):
    """A bucket of Parquet files, a Glue database and an Athena workgroup.

    Without a `bucket` one is made; `SecureBucket.from_existing` takes any other. Every query of
    the workgroup writes encrypted results to `results`, and is stopped when it has read
    `max_scan_bytes`. With a topic there is an alarm on failed queries. Access is granted by IAM
    alone.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        tables: Sequence[LakeTable] = (),
        bucket: SecureBucket | None = None,
        database_name: str | None = None,
        workgroup_name: str | None = None,
        description: str | None = None,
        max_scan_bytes: int = 100_000_000_000,
        result_days: int = 30,
        encryption_key: aws_kms.IKey | None = None,
        access_logs: aws_s3.IBucket | Wrapper[aws_s3.IBucket] | None = None,
        max_failed_queries: int = 5,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if max_scan_bytes < _MIN_SCAN_BYTES:
            raise ConstructError(
                f"{self.node.path}: max_scan_bytes={max_scan_bytes}: must be at least "
                f"{_MIN_SCAN_BYTES}"
            )
        self.encryption_key = encryption_key
        make_bucket = partial(
            SecureBucket,
            self,
            encryption_key=encryption_key,
            access_logs=unwrap(access_logs),
            removal_policy=removal_policy,
        )
        self.files = bucket or make_bucket("Files", access_logs_prefix="files/")
        self.results = make_bucket(
            "Results",
            access_logs_prefix="results/",
            noncurrent_version_days=1,
            expire_days=result_days,
        )
        self.database_name = self._checked(database_name or self._unique("_").lower())
        self.database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Stack.of(self).account,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database_name, description=description
            ),
        )
        self.database.apply_removal_policy(removal_policy)
        self.workgroup_name = workgroup_name or self._unique("-")
        self.workgroup = self._make_workgroup(description, max_scan_bytes)
        self.tables: dict[str, glue.CfnTable] = {}
        self._shapes: dict[str, LakeTable] = {}
        for table in tables:
            self.add_table(table)
        if alarm_topic:
            self._add_alarm(alarm_topic, max_failed_queries)

    def add_table(self, table: LakeTable) -> glue.CfnTable:
        """Add a table; new partitions are found without a crawler or a repair."""
        self._checked(table.name)
        for column in (*table.columns, *(partition.name for partition in table.partitions)):
            self._checked(column)
        if not table.columns or {part.name for part in table.partitions} & set(table.columns):
            raise ConstructError(
                f"{self.node.path}: table {table.name}: columns must not be empty or partitions too"
            )
        made = glue.CfnTable(
            self,
            f"Table{''.join(part.capitalize() for part in table.name.split('_'))}",
            catalog_id=Stack.of(self).account,
            database_name=self.database.ref,
            table_input=self._table_input(table),
        )
        self._shapes[table.name], self.tables[table.name] = table, made
        return made

    def grant_query(self, grantee: aws_iam.IGrantable, *tables: str) -> aws_iam.Grant:
        """Let `grantee` query the tables, by default all, in the workgroup."""
        names = self._known(tables)
        folders = sorted({self._shapes[name].folder for name in names})
        grants = [self.files.grant_read(grantee, prefix=folder) for folder in folders]
        grants.append(self.results.grant_read_write(grantee))
        self._grant(grantee, ["s3:GetBucketLocation"], [self.results.bucket.bucket_arn])
        self._grant(grantee, _QUERY, [self._arn("athena", "workgroup", self.workgroup_name)])
        return reduce(
            aws_iam.Grant.combine, grants, self._grant(grantee, _CATALOG, self._catalog(names))
        )

    def grant_write(self, grantee: aws_iam.IGrantable, table: str) -> aws_iam.Grant:
        """Let `grantee` write and delete files of one table."""
        (name,) = self._known([table])
        return self.files.grant_read_write(grantee, prefix=self._shapes[name].folder)

    def _grant(
        self, grantee: aws_iam.IGrantable, actions: Sequence[str], arns: Sequence[str]
    ) -> aws_iam.Grant:
        return aws_iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=list(arns)
        )

    def _catalog(self, names: Sequence[str]) -> list[str]:
        return [
            self._arn("glue", "catalog"),
            self._arn("glue", "database", self.database_name),
            *(self._arn("glue", "table", f"{self.database_name}/{name}") for name in names),
        ]

    def _arn(self, service: str, resource: str, name: str | None = None) -> str:
        return Stack.of(self).format_arn(
            service=service,
            resource=resource,
            resource_name=name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME if name else ArnFormat.NO_RESOURCE_NAME,
        )

    def _known(self, tables: Sequence[str]) -> Sequence[str]:
        unknown = sorted(set(tables) - set(self._shapes))
        if unknown or not self._shapes:
            raise ConstructError(
                f"{self.node.path}: tables {unknown}: must be among {sorted(self._shapes)}"
            )
        return list(tables) or list(self._shapes)

    def _checked(self, name: str) -> str:
        if not _NAME.fullmatch(name) or len(name) > _MAX_NAME:
            raise ConstructError(
                f"{self.node.path}: invalid name {name!r}: use lower case letters, digits and _"
            )
        return name

    def _unique(self, separator: str) -> str:
        return Names.unique_resource_name(self, max_length=_MAX_NAME, separator=separator)

    def _table_input(self, table: LakeTable) -> glue.CfnTable.TableInputProperty:
        location = f"s3://{self.files.bucket.bucket_name}/{table.folder}"
        return glue.CfnTable.TableInputProperty(
            name=table.name,
            description=table.description,
            table_type="EXTERNAL_TABLE",
            parameters={
                "EXTERNAL": "TRUE",
                "classification": "parquet",
                **_projection(table.partitions, location),
                **table.parameters,
            },
            partition_keys=_columns({part.name: part.glue_type for part in table.partitions}),
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                columns=_columns(table.columns),
                location=location,
                input_format=f"{_PARQUET}.MapredParquetInputFormat",
                output_format=f"{_PARQUET}.MapredParquetOutputFormat",
                serde_info=glue.CfnTable.SerdeInfoProperty(
                    serialization_library=f"{_PARQUET}.serde.ParquetHiveSerDe"
                ),
            ),
        )

    def _make_workgroup(self, description: str | None, max_scan_bytes: int) -> athena.CfnWorkGroup:
        group = athena.CfnWorkGroup
        encryption = group.EncryptionConfigurationProperty(
            encryption_option="SSE_KMS" if self.encryption_key else "SSE_S3",
            kms_key=self.encryption_key.key_arn if self.encryption_key else None,
        )
        return group(
            self,
            "Default",
            name=self.workgroup_name,
            description=description,
            state="ENABLED",
            recursive_delete_option=False,
            work_group_configuration=group.WorkGroupConfigurationProperty(
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                requester_pays_enabled=False,
                bytes_scanned_cutoff_per_query=max_scan_bytes,
                result_configuration=group.ResultConfigurationProperty(
                    output_location=f"s3://{self.results.bucket.bucket_name}/",
                    encryption_configuration=encryption,
                    expected_bucket_owner=Stack.of(self).account,
                ),
            ),
        )

    def _add_alarm(self, topic: AlarmTarget, failed: int) -> None:
        dimensions = {
            "WorkGroup": self.workgroup_name,
            "QueryState": "FAILED",
            "QueryType": "DML",
        }
        metric = service_metric(
            "AWS/Athena", "TotalExecutionTime", dimensions, statistic="SampleCount"
        )
        description = f"{self.node.path}: at least {failed} queries failed in 5 minutes"
        make_alarm(self, "FailedQueries", metric, failed, description, topic)


def _columns(types: Mapping[str, str]) -> list[glue.CfnTable.ColumnProperty]:
    return [glue.CfnTable.ColumnProperty(name=name, type=type_) for name, type_ in types.items()]


def _projection(partitions: Sequence[Partition], location: str) -> dict[str, str]:
    if not partitions:
        return {}
    folders = "/".join(f"{part.name}=${{{part.name}}}" for part in partitions)
    settings = {
        f"projection.{part.name}.{key}": value
        for part in partitions
        for key, value in {"type": part.type, **part.settings}.items()
    }
    return {
        "projection.enabled": "true",
        "storage.location.template": f"{location}{folders}/",
        **settings,
    }
