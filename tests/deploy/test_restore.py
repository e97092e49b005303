"""Tables are restored into new ones, from a point in time and from an export, on an emulator."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from signal9_core.tables import ASSETS, TABLES, TableSpec
from signal9_deploy.commands import restore as restore_module
from signal9_deploy.commands.aws import Account
from signal9_deploy.commands.restore import _creation, restore
from signal9_deploy.errors import DeployError
from tests.deploy.lab import settings_of
from tests.emulator import CREDENTIALS, running_emulator

NUMBER = "000000000000"
BUCKET = f"signal9-backup-test-{NUMBER}"
SETTINGS = settings_of("test")


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    with running_emulator() as address:
        for table in TABLES:
            client = _client("dynamodb", address)
            client.create_table(**_creation(table, f"signal9-test-{table.name}"))
        for ticker in ("AAPL", "MSFT"):
            _client("dynamodb", address).put_item(
                TableName="signal9-test-Assets", Item={"ticker": {"S": ticker}}
            )
        _client("s3", address).create_bucket(Bucket=BUCKET)
        yield address


@pytest.fixture
def account(emulator: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(restore_module, "_POLL_S", 0.2)
    return Account("us-east-1", {**CREDENTIALS, "AWS_ENDPOINT_URL": emulator})


def _client(service: str, emulator: str) -> Any:
    session = boto3.Session("test", "test", region_name="us-east-1")
    return session.client(service, endpoint_url=emulator)  # type: ignore[call-overload]


def _export(emulator: str, day: int, tickers: list[str], *, count: int | None = None) -> None:
    """Write what DynamoDB writes when it exports the companies."""
    s3, folder = _client("s3", emulator), f"tables/Assets/AWSDynamoDB/0{day}-a"
    lines = [json.dumps({"Item": {"ticker": {"S": ticker}}}) for ticker in tickers]
    summary = {
        "exportTime": f"2026-11-{day:02}T02:31:00.123Z",
        "itemCount": len(tickers) if count is None else count,
    }
    data = gzip.compress("\n".join(lines).encode())
    s3.put_object(Bucket=BUCKET, Key=f"{folder}/data/x.json.gz", Body=data)
    body = json.dumps(summary)
    s3.put_object(Bucket=BUCKET, Key=f"{folder}/manifest-summary.json", Body=body)


def _tickers(emulator: str, table: str) -> set[str]:
    items = _client("dynamodb", emulator).scan(TableName=table)["Items"]
    return {item["ticker"]["S"] for item in items}


def test_all_tables_are_restored_from_a_point_in_time(account: Account, emulator: str) -> None:
    lines: list[str] = []

    prefix = restore(SETTINGS, account, lines.append)

    assert len(lines) == len(TABLES)
    assert f"{prefix}Assets: 2 items, 2 in the table of today" in lines
    assert _tickers(emulator, f"{prefix}Assets") == {"AAPL", "MSFT"}


def test_the_newest_export_before_a_time_is_restored(account: Account, emulator: str) -> None:
    _export(emulator, 1, ["IBM"])
    _export(emulator, 2, ["IBM", "KO", "GE"])
    _export(emulator, 3, ["IBM", "KO", "GE", "T"])
    lines: list[str] = []

    prefix = restore(
        SETTINGS,
        account,
        lines.append,
        names=["Assets"],
        at=datetime(2026, 11, 2, 12, tzinfo=UTC),
        from_export=True,
    )

    assert lines == [f"{prefix}Assets: 3 items, 3 expected"]
    assert _tickers(emulator, f"{prefix}Assets") == {"IBM", "KO", "GE"}


def test_an_export_that_is_not_complete_is_an_error(account: Account, emulator: str) -> None:
    _export(emulator, 9, ["IBM"], count=2)

    with pytest.raises(DeployError, match=r"Assets: 1 items, but 2 expected$"):
        restore(SETTINGS, account, print, names=["Assets"], from_export=True)


def test_a_table_without_an_export_and_an_unknown_table_are_refused(account: Account) -> None:
    with pytest.raises(DeployError, match=r"Users: signal9-backup-test-.* has no export"):
        restore(SETTINGS, account, print, names=["Users"], from_export=True)
    with pytest.raises(DeployError, match="table Stocks: must be one of Users, Assets"):
        restore(SETTINGS, account, print, names=["Stocks"])


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_new_table_has_the_keys_and_indexes_of_its_specification(table: TableSpec) -> None:
    created = _creation(table, "new")

    keys = [key["AttributeName"] for key in created["KeySchema"]]
    indexes = [index["IndexName"] for index in created.get("GlobalSecondaryIndexes", ())]
    assert keys == list(table.key_attributes)
    assert indexes == [index.name for index in table.indexes]
    assert table is not ASSETS or len(indexes) > 1
