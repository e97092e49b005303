"""Restores tables into new ones: from a point in time, or from an export in the backup bucket."""

import json
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from signal9_core.tables import TABLES, TableSpec

from ..errors import DeployError
from ..names import bucket_name, table_prefix
from ..settings import StageSettings
from .aws import Account, aws_errors
from .cdk_cli import Echo

__all__ = ["Restore", "restore"]

_POLL_S: Final = 15
_MAX_POLLS: Final = 4 * 60 * 12
_SUMMARY: Final = "manifest-summary.json"


class _Export(NamedTuple):
    """A completed export: the moment that it shows, the prefix of its files, its items."""

    moment: datetime
    prefix: str
    items: int


def restore(
    settings: StageSettings,
    account: Account,
    echo: Echo,
    *,
    names: Sequence[str] = (),
    at: datetime | None = None,
    from_export: bool = False,
) -> str:
    """Restore tables, all by default, and return the prefix of the new ones' names.

    Without `at`, the state is the latest that there is.
    """
    known = {table.name: table for table in TABLES}
    if unknown := sorted(set(names) - set(known)):
        raise DeployError(f"table {', '.join(unknown)}: must be one of {', '.join(known)}")
    prefix = f"{table_prefix(settings)}restored-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-"
    job = Restore(settings, account, prefix, at)
    tables = [known[name] for name in names or known]
    begin = job.from_export if from_export else job.from_point_in_time
    for table, expected in [(table, begin(table)) for table in tables]:
        restored = job.wait(table, expected)
        compared = "expected" if from_export else "in the table of today"
        echo(f"{prefix}{table.name}: {restored:,} items, {expected:,} {compared}")
    return prefix


class Restore:
    """The restoring of some tables at once, under names that begin with `prefix`."""

    def __init__(
        self, settings: StageSettings, account: Account, prefix: str, at: datetime | None
    ) -> None:
        self._source = table_prefix(settings)
        self._prefix = prefix
        self._at = at
        self._bucket = bucket_name(settings, "backup", account.number())
        self._dynamodb = account.client("dynamodb")
        self._s3 = account.client("s3")
        self._imports: dict[str, str] = {}

    def from_point_in_time(self, table: TableSpec) -> int:
        """Begin to restore a table, and return the items that it has now."""
        moment = {"RestoreDateTime": self._at} if self._at else {"UseLatestRestorableTime": True}
        with aws_errors(f"table {table.name}"):
            self._dynamodb.restore_table_to_point_in_time(
                SourceTableName=self._source + table.name,
                TargetTableName=self._prefix + table.name,
                **moment,
            )
        return self._count(self._source + table.name)

    def from_export(self, table: TableSpec) -> int:
        """Begin to import the newest export not later than `at`, and return its items."""
        exports = [
            export
            for export in self._exports(table)
            if self._at is None or export.moment <= self._at
        ]
        if not exports:
            raise DeployError(f"table {table.name}: {self._bucket} has no export of that time")
        export = max(exports)
        with aws_errors(f"table {table.name}"):
            response = self._dynamodb.import_table(
                S3BucketSource={"S3Bucket": self._bucket, "S3KeyPrefix": f"{export.prefix}data/"},
                InputFormat="DYNAMODB_JSON",
                InputCompressionType="GZIP",
                TableCreationParameters=_creation(table, self._prefix + table.name),
            )
        self._imports[table.name] = response["ImportTableDescription"]["ImportArn"]
        return export.items

    def wait(self, table: TableSpec, expected: int) -> int:
        """Wait until a table is restored, and return its items; `DeployError` if they are lost."""
        name = self._prefix + table.name
        for _ in range(_MAX_POLLS):
            if self._is_done(table, name):
                break
            time.sleep(_POLL_S)
        else:
            raise DeployError(f"table {name}: not restored after {_MAX_POLLS * _POLL_S} s")
        restored = self._count(name)
        # A table goes on changing after the moment that is restored, but an export does not.
        if restored != expected if table.name in self._imports else expected and not restored:
            raise DeployError(f"table {name}: {restored:,} items, but {expected:,} expected")
        return restored

    def _is_done(self, table: TableSpec, name: str) -> bool:
        with aws_errors(f"table {name}"):
            if arn := self._imports.get(table.name):
                found = self._dynamodb.describe_import(ImportArn=arn)["ImportTableDescription"]
                if found["ImportStatus"] in ("FAILED", "CANCELLED"):
                    raise DeployError(f"table {name}: {found.get('FailureMessage')}")
                return bool(found["ImportStatus"] == "COMPLETED")
            status = self._dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
        return bool(status == "ACTIVE")

    def _count(self, name: str) -> int:
        """Count the items by reading them all: DynamoDB's own count is six hours old."""
        with aws_errors(f"table {name}"):
            pages = self._dynamodb.get_paginator("scan").paginate(TableName=name, Select="COUNT")
            return sum(page["Count"] for page in pages)

    def _exports(self, table: TableSpec) -> Iterator[_Export]:
        with aws_errors(f"bucket {self._bucket}"):
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"tables/{table.name}/"
            )
            for page in pages:
                for key in (found["Key"] for found in page.get("Contents", ())):
                    if key.endswith(_SUMMARY):
                        body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
                        yield _export(key, json.loads(body))


def _export(key: str, summary: dict[str, Any]) -> _Export:
    moment = datetime.fromisoformat(summary["exportTime"])
    return _Export(moment, key.removesuffix(_SUMMARY), int(summary["itemCount"]))


def _creation(table: TableSpec, name: str) -> dict[str, Any]:
    keys = {*table.key_attributes}
    for index in table.indexes:
        keys |= {index.partition_key, index.sort_key}
    attributes = [{"AttributeName": key, "AttributeType": "S"} for key in sorted(keys)]
    indexes = [
        {
            "IndexName": index.name,
            "KeySchema": _key_schema((index.partition_key, index.sort_key)),
            "Projection": _projection(index.include),
        }
        for index in table.indexes
    ]
    return {
        "TableName": name,
        "AttributeDefinitions": attributes,
        "KeySchema": _key_schema(table.key_attributes),
        "BillingMode": "PAY_PER_REQUEST",
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    }


def _key_schema(keys: Sequence[str]) -> list[dict[str, str]]:
    types = ("HASH", "RANGE")
    return [
        {"AttributeName": key, "KeyType": type_} for key, type_ in zip(keys, types, strict=False)
    ]


def _projection(include: Sequence[str] | None) -> dict[str, Any]:
    if include is None:
        return {"ProjectionType": "ALL"}
    if not include:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(include)}
