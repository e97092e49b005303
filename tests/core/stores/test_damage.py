"""Damage in stores: whatever changes outside of them is an error, and never a wrong figure."""

import random
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from signal9_core.errors import DamagedItemError, StoreError
from signal9_core.ports import Damage, Item, Store, Value, no_progress
from signal9_core.stores.dynamodb import DynamoStore
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import ASSETS, FINANCIALS, NEWS, TABLES, TIME_SERIES, TableSpec
from tests.fakes import SetClock

from .conftest import OpenStore
from .dynamodb_tables import TablesOnDemand
from .items import article, asset, attributes, lease, report

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FLIPS: Final = 400
FIGURES: Final[dict[str, Value]] = {
    "revenue": 1234567,
    "margin": Decimal("12.5"),
    "name": "Größe",
    "raw": b"\0\1",
}
DIFFERS: Final = "its checksum differs"


def written(number: int) -> Iterator[tuple[TableSpec, Item]]:
    """Items of several tables, in every index, many enough for several pages."""
    for each in range(number):
        ticker = f"T{each}"
        listed = {"status": "active", "nameKey": f"name {each}", "checkedAt": f"{each:05}"}
        yield ASSETS, asset(ticker, **listed, overview={**FIGURES, "about": "x" * 300})
        yield FINANCIALS, report(ticker, "cash_flow", "2024-01-01", values=FIGURES)
        yield NEWS, article(ticker, f"2024#{each}", month="2024-01", title=f"t{each}" * 20)
        prices = {"ticker#dataType": f"{ticker}#1d", "timestamp": "2024-01-01"}
        yield TIME_SERIES, {**prices, "bars": bytes(range(256))}


def fill(store: Store, number: int) -> dict[tuple[str, ...], tuple[TableSpec, Item]]:
    """Write items, and return them by table and key."""
    items = {}
    for table, item in written(number):
        store.put(table, item)
        items[table.name, *(str(item[name]) for name in table.key_attributes)] = table, item
    return items


def key_of(table: TableSpec, item: Item) -> dict[str, str]:
    return {name: str(item[name]) for name in table.key_attributes}


def test_what_is_whole_verifies_and_survives_a_repair(store: Store) -> None:
    items = fill(store, 3)
    store.put_many(TABLES[-1], [lease("gone", 1), lease("ever")])

    assert store.verify(no_progress) == []
    store.remove_damage()

    assert store.verify(no_progress) == []
    for table, item in items.values():
        stored = store.get(table, key_of(table, item))
        assert stored is not None
        assert stored.item == item


def test_progress_of_a_check_counts_the_items_of_each_table(open_store: OpenStore) -> None:
    counted: dict[str, int] = {}

    def count(data_set: str, done: int, total: int) -> None:
        assert done <= total
        counted[data_set] = done

    with open_store(SetClock()) as store:
        fill(store, 3)
        store.verify(count)

    assert counted == {"Assets": 3, "Financials": 3, "News": 3, "TimeSeries": 3}


class Sqlite:
    """A SQLite store whose rows can be changed behind its back."""

    def __init__(self) -> None:
        self.store = SqliteStore.open(":memory:")

    def run(self, statement: str, *parameters: object) -> None:
        self.store._connection.execute(statement, parameters)

    def body(self) -> str:
        [(body,)] = self.store._connection.execute("SELECT body FROM Assets").fetchall()
        return str(body.decode())


@pytest.fixture
def sqlite() -> Iterator[Sqlite]:
    sqlite = Sqlite()
    with closing(sqlite.store):
        yield sqlite


@given(item=attributes(), data=st.data())
@settings(max_examples=100)
def test_every_changed_character_of_a_row_is_found(item: dict[str, Any], data: Any) -> None:
    sqlite = Sqlite()
    sqlite.store.put(ASSETS, asset("AAPL", **item))
    body = sqlite.body()
    at = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda text: text != body[at]))
    sqlite.run("UPDATE Assets SET body = ?", body[:at] + other + body[at + 1 :])

    with pytest.raises(DamagedItemError, match=r"^Assets AAPL: damaged"):
        sqlite.store.get(ASSETS, {"ticker": "AAPL"})
    with pytest.raises(DamagedItemError):
        sqlite.store.query(ASSETS, "AAPL")
    assert sqlite.store.verify(no_progress) == [Damage(DIFFERS, ASSETS, {"ticker": "AAPL"})]
    sqlite.store.close()


@pytest.mark.parametrize(
    "change",
    [
        "body = '{'",
        "body = CAST(x'ff' AS TEXT)",
        "body = 7",
        "version = version + 1",
        "version = 1.5",
        "checksum = checksum + 1",
        "checksum = 'x'",
    ],
)
def test_a_damaged_row_names_its_item_and_is_replaced_by_the_next_write(
    sqlite: Sqlite, change: str
) -> None:
    sqlite.store.put(ASSETS, asset("AAPL", n=1))
    sqlite.run(f"UPDATE Assets SET {change}")

    with pytest.raises(DamagedItemError, match=rf"^Assets AAPL: damaged, {DIFFERS}$"):
        sqlite.store.get(ASSETS, {"ticker": "AAPL"})

    sqlite.store.put(ASSETS, asset("AAPL", n=1))
    assert sqlite.store.verify(no_progress) == []


def test_swapped_rows_are_found_in_one_table_and_between_tables(sqlite: Sqlite) -> None:
    sqlite.store.put_many(ASSETS, [asset("AAPL", n=1), asset("IBM", n=2)])
    sqlite.store.put(NEWS, article("AAPL", "1"))
    sqlite.run("CREATE TEMP TABLE before AS SELECT * FROM Assets")
    columns = "version, body, checksum"
    other = "FROM before WHERE before.partition != Assets.partition"
    apple = "FROM before WHERE before.partition = 'AAPL'"
    sqlite.run(f"UPDATE Assets SET ({columns}) = (SELECT {columns} {other})")
    sqlite.run(f"UPDATE News SET ({columns}) = (SELECT {columns} {apple})")

    for ticker in ("AAPL", "IBM"):
        with pytest.raises(DamagedItemError):
            sqlite.store.get(ASSETS, {"ticker": ticker})
    with pytest.raises(DamagedItemError):
        sqlite.store.query(NEWS, "AAPL")


@pytest.mark.parametrize("change", ["status = 'inactive'", "nameKey = NULL", "partition = 'AAPM'"])
def test_columns_that_differ_from_the_body_are_found_and_put_right(
    sqlite: Sqlite, change: str
) -> None:
    sqlite.store.put(ASSETS, asset("AAPL", status="active", nameKey="apple", n=1))
    sqlite.run(f"UPDATE Assets SET {change}")

    [damage] = sqlite.store.verify(no_progress)
    sqlite.store.remove_damage()

    assert (damage.table, damage.key) == (ASSETS, {"ticker": "AAPL"})
    assert sqlite.store.verify(no_progress) == []
    [stored] = sqlite.store.query(ASSETS, "active", index=ASSETS.indexes[0]).items
    assert stored.item["nameKey"] == "apple"


def test_an_index_that_lost_an_entry_is_found_and_made_again(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    with SqliteStore.open(path) as store:
        fill(store, 2)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        create = "SELECT sql FROM sqlite_schema WHERE name = 'Assets.CompanyNameIndex'"
        ((sql,),) = connection.execute(create).fetchall()
        narrower = "UPDATE sqlite_schema SET sql = ? WHERE name = 'Assets.CompanyNameIndex'"
        connection.execute(narrower, (f"{sql} AND partition != 'T1'",))
        connection.commit()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("REINDEX")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(narrower, (sql,))
        connection.commit()

    with SqliteStore.open(path) as store:
        assert any("missing from index" in damage.reason for damage in store.verify(no_progress))
        store.remove_damage()
        assert store.verify(no_progress) == []
        assert len(store.query(ASSETS, "active", index=ASSETS.indexes[0]).items) == 2


def contents(
    store: SqliteStore, items: Iterable[tuple[TableSpec, Item]]
) -> list[tuple[Item, object]]:
    """Return what a store answers for each item, an error as its type."""
    answers: list[tuple[Item, object]] = []
    for table, item in items:
        try:
            stored = store.get(table, key_of(table, item))
        except StoreError:
            answers.append((item, StoreError))
        else:
            answers.append((item, None if stored is None else stored.item))
    return answers


def test_every_flipped_byte_is_found_or_harmless(tmp_path: Path) -> None:
    path, flipped = tmp_path / "whole.db", tmp_path / "flipped.db"
    with SqliteStore.open(path) as store:
        items = fill(store, 25)
    whole = path.read_bytes()
    chance = random.Random(9)
    found = 0

    for _ in range(FLIPS):
        at, bits = chance.randrange(len(whole)), chance.randrange(1, 256)
        flipped.write_bytes(whole[:at] + bytes([whole[at] ^ bits]) + whole[at + 1 :])
        for left in tmp_path.glob("flipped.db-*"):
            left.unlink()
        try:
            store = SqliteStore.open(flipped)
        except StoreError:
            found += 1
            continue
        with store:
            damaged = bool(store.verify(no_progress))
            answers = contents(store, items.values())
            found += damaged
        for item, answer in answers:
            assert answer == item or (damaged and answer in (None, StoreError)), (at, bits)

    assert found > FLIPS / 4


def test_what_is_whole_in_a_file_with_a_broken_page_is_saved(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    with SqliteStore.open(path) as store:
        items = fill(store, 60)
    pages = path.stat().st_size // 8192
    with path.open("r+b") as file:
        file.seek(8192 * (pages - 3))
        file.write(bytes(8192))

    with SqliteStore.open(path) as store:
        assert store.verify(no_progress)
        store.remove_damage()
        assert store.verify(no_progress) == []
        kept = [answer for item, answer in contents(store, items.values()) if answer]

    assert len(items) - 40 < len(kept) <= len(items)
    assert all(answer is not StoreError for answer in kept)


@pytest.fixture
def dynamo(mocked: "DynamoDBClient") -> Iterator[DynamoStore]:
    with mock_aws():
        yield DynamoStore(mocked, TablesOnDemand(mocked, "x"))


@pytest.mark.parametrize("name", ["revenue", "margin", "name", "raw"])
def test_every_changed_attribute_of_an_item_in_dynamodb_is_found(
    dynamo: DynamoStore, mocked: "DynamoDBClient", name: str
) -> None:
    item = asset("AAPL", **FIGURES, deep={"list": [Decimal("1.50"), {"x": None}]})
    dynamo.put_many(ASSETS, [item, asset("IBM")])
    changed: dict[str, Any] = {
        "revenue": {"N": "1234568"},
        "margin": {"N": "12.51"},
        "name": {"S": "Größ"},
    }
    mocked.update_item(
        TableName="x-Assets",
        Key={"ticker": {"S": "AAPL"}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": changed.get(name, {"B": b"\0\2"})},
    )

    with pytest.raises(DamagedItemError, match=rf"^Assets AAPL: damaged, {DIFFERS}$"):
        dynamo.get(ASSETS, {"ticker": "AAPL"})
    assert dynamo.verify(no_progress) == [Damage(DIFFERS, ASSETS, {"ticker": "AAPL"})]
    dynamo.remove_damage()
    assert dynamo.get(ASSETS, {"ticker": "AAPL"}) is None
    assert dynamo.get(ASSETS, {"ticker": "IBM"}) is not None
