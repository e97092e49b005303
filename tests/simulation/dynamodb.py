"""DynamoDB in memory: the calls that the store makes, and what AWS would charge for them.

The contract suite of the stores runs over it, as over the emulators.
"""

# ruff: noqa: N803 - the arguments have the names that botocore gives them

import re
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from threading import RLock
from typing import Any, Final

from botocore.exceptions import ClientError

__all__ = ["FakeDynamoDB", "Units", "size_of"]

Attributes = Mapping[str, Any]
Row = tuple[bytes, ...]
"""Where an item is in a partition: its sort key and, in an index, the key of the table, too."""

_PAGE: Final = 1024 * 1024
_LARGEST: Final = 400 * 1024
_WRITE_UNIT: Final = 1024
_READ_UNIT: Final = 4096
_DOLLARS_PER_WRITE: Final = 0.625 / 1e6
_DOLLARS_PER_READ: Final = 0.125 / 1e6


def size_of(attributes: Attributes) -> int:
    """Return the bytes of an item, by the rules in DynamoDB's documentation."""
    return sum(len(name.encode()) + _size(value) for name, value in attributes.items())


def _size(attribute: Any) -> int:
    [(kind, value)] = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "B":
            return len(value)
        case "N":
            return ceil(len(value.strip("-").replace(".", "").strip("0")) / 2) + 1
        case "M":
            return 3 + len(value) + size_of(value)
        case "L":
            return 3 + sum(1 + _size(element) for element in value)
    return 1


@dataclass
class Units:
    """What was consumed."""

    write: float = 0
    read: float = 0

    @property
    def dollars(self) -> float:
        """The price on demand in us-east-1."""
        return self.write * _DOLLARS_PER_WRITE + self.read * _DOLLARS_PER_READ


@dataclass
class _Index:
    """An order over items by partition: that of a table, or a second one."""

    partition_key: str
    sort_key: str | None
    carried: frozenset[str] | None = None
    rows: dict[str, list[Row]] = field(default_factory=dict)
    items: dict[str, dict[Row, Attributes]] = field(default_factory=dict)

    def put(self, partition: str, row: Row, item: Attributes) -> None:
        stored = self.items.setdefault(partition, {})
        if row not in stored:
            insort(self.rows.setdefault(partition, []), row)
        stored[row] = item

    def remove(self, partition: str, row: Row) -> None:
        rows = self.rows[partition]
        del rows[bisect_left(rows, row)]
        del self.items[partition][row]

    def carries(self, item: Attributes) -> Attributes | None:
        """Return what of an item is in the index; `None` without its keys."""
        if self.partition_key not in item or self.sort_key not in item:
            return None
        if self.carried is None:
            return item
        return {name: value for name, value in item.items() if name in self.carried}


@dataclass
class _Table:
    order: _Index
    indexes: dict[str, _Index]

    def place(self, key: Attributes) -> tuple[str, Row]:
        sort = self.order.sort_key
        names = {self.order.partition_key, *([sort] if sort else [])}
        if any(not key.get(name, {}).get("S") for name in names):
            raise _refusal("ValidationException", "invalid key")
        row = (key[sort]["S"].encode(),) if sort else (b"",)
        return key[self.order.partition_key]["S"], row

    def get(self, key: Attributes) -> Attributes | None:
        partition, row = self.place(key)
        return self.order.items.get(partition, {}).get(row)

    def write(self, key: Attributes, item: Attributes | None) -> float:
        """Put an item, or delete it; return the units that it takes."""
        before = self.get(key)
        partition, row = self.place(key)
        if item is not None:
            self.order.put(partition, row, item)
        elif before is not None:
            self.order.remove(partition, row)
        larger = max(size_of(item or {}), size_of(before or {}))
        units = max(1, ceil(larger / _WRITE_UNIT))
        return units + sum(self._follow(index, before, item) for index in self.indexes.values())

    def _follow(self, index: _Index, before: Attributes | None, item: Attributes | None) -> int:
        old = None if before is None else index.carries(before)
        new = None if item is None else index.carries(item)
        if old == new:
            return 0
        if old is not None:
            index.remove(*self._row(index, old))
        if new is not None:
            index.put(*self._row(index, new), new)
        changed: list[Attributes] = [max((old or {}, new or {}), key=size_of)]
        if old and new and self._row(index, old) != self._row(index, new):
            changed = [old, new]
        return sum(max(1, ceil(size_of(each) / _WRITE_UNIT)) for each in changed)

    def _row(self, index: _Index, item: Attributes) -> tuple[str, Row]:
        assert index.sort_key is not None
        partition, row = self.place(item)
        sort = item[index.sort_key]["S"].encode()
        return item[index.partition_key]["S"], (sort, partition.encode(), *row)


class FakeDynamoDB:
    """A boto3 client as far as the store uses it.

    `before` is called with the name of each operation; it may raise what botocore raises when its
    own retries are used up. `keep` returns how many requests of a batch are processed.
    """

    class exceptions:  # noqa: N801 - its name in botocore
        """The errors that the store tells apart."""

        class ConditionalCheckFailedException(ClientError):  # noqa: N818
            """A condition was not met."""

    def __init__(self) -> None:
        self.units = Units()
        self.before: Callable[[str], object] = lambda _: None
        self.keep: Callable[[int], int] = lambda count: count
        self._tables: dict[str, _Table] = {}
        self._lock = RLock()

    def create_table(
        self,
        *,
        TableName: str,
        KeySchema: Sequence[Attributes],
        GlobalSecondaryIndexes: Sequence[Attributes] = (),
        **_: object,
    ) -> None:
        order = _index(KeySchema)
        keys = [order.partition_key, *([order.sort_key] if order.sort_key else [])]
        indexes = {each["IndexName"]: _secondary(each, keys) for each in GlobalSecondaryIndexes}
        self._tables[TableName] = _Table(order, indexes)

    def get_item(self, *, TableName: str, Key: Attributes, ConsistentRead: bool) -> Any:
        with self._lock:
            self.before("GetItem")
            item = self._tables[TableName].get(Key)
            self._read(size_of(item or {}), consistent=ConsistentRead)
            return {} if item is None else {"Item": item}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> Any:
        with self._lock:
            self.before("BatchGetItem")
            [(name, request)] = RequestItems.items()
            keys = request["Keys"]
            _check_batch(keys, 100)
            kept = self.keep(len(keys))
            found = [self._tables[name].get(key) for key in keys[:kept]]
            for item in found:
                self._read(size_of(item or {}), consistent=request["ConsistentRead"])
            left = {name: {**request, "Keys": keys[kept:]}} if keys[kept:] else {}
            items = [item for item in found if item is not None]
            return {"Responses": {name: items}, "UnprocessedKeys": left}

    def put_item(self, *, TableName: str, Item: Attributes, **condition: Any) -> None:
        with self._lock:
            self.before("PutItem")
            if size_of(Item) > _LARGEST:
                raise _refusal("ValidationException", "Item size has exceeded the maximum")
            table = self._tables[TableName]
            self._check(table.get(Item), condition)
            self.units.write += table.write(Item, Item)

    def batch_write_item(self, *, RequestItems: Mapping[str, Any]) -> Any:
        with self._lock:
            self.before("BatchWriteItem")
            [(name, requests)] = RequestItems.items()
            table, items = self._tables[name], [each["PutRequest"]["Item"] for each in requests]
            _check_batch([table.place(item) for item in items], 25)
            kept = self.keep(len(items))
            for item in items[:kept]:
                self.units.write += table.write(item, item)
            return {"UnprocessedItems": {name: requests[kept:]} if requests[kept:] else {}}

    def delete_item(self, *, TableName: str, Key: Attributes, **condition: Any) -> None:
        with self._lock:
            self.before("DeleteItem")
            table = self._tables[TableName]
            self._check(table.get(Key), condition)
            self.units.write += table.write(Key, None)

    def query(self, *, TableName: str, IndexName: str | None = None, **request: Any) -> Any:
        with self._lock:
            self.before("Query")
            table = self._tables[TableName]
            order = table.order if IndexName is None else table.indexes[IndexName]
            values = request["ExpressionAttributeValues"]
            partition = values[":partition"]["S"]
            rows = _within(order.rows.get(partition, []), request["KeyConditionExpression"], values)
            rows = rows if request["ScanIndexForward"] else rows[::-1]
            if "ExclusiveStartKey" in request:
                start = request["ExclusiveStartKey"]
                at = table.place(start)[1] if IndexName is None else table._row(order, start)[1]
                forward = request["ScanIndexForward"]
                rows = [row for row in rows if (row > at if forward else row < at)]
            stored = order.items.get(partition, {})
            answer = self._page(table, order, ((row, stored[row]) for row in rows), request)
            size = sum(map(size_of, answer["Items"]))
            self._read(size, consistent=request.get("ConsistentRead", False))
            return answer

    def scan(self, *, TableName: str, **request: Any) -> Any:
        with self._lock:
            self.before("Scan")
            order = self._tables[TableName].order
            items = [item for some in order.items.values() for item in some.values()]
            return {"Items": items}

    def close(self) -> None:
        """Close nothing."""

    def _page(
        self,
        table: _Table,
        order: _Index,
        rows: Iterator[tuple[Row, Attributes]],
        request: Mapping[str, Any],
    ) -> dict[str, Any]:
        items: list[Attributes] = []
        size, limit = 0, request.get("Limit")
        for _, item in rows:
            items.append(item)
            size += size_of(item)
            if len(items) == limit or size >= _PAGE:
                names = {table.order.partition_key, table.order.sort_key}
                names |= {order.partition_key, order.sort_key}
                last = {name: item[name] for name in names if name is not None}
                return {"Items": items, "LastEvaluatedKey": last}
        return {"Items": items}

    def _read(self, size: int, *, consistent: bool) -> None:
        units = max(1, ceil(size / _READ_UNIT))
        self.units.read += units if consistent else units / 2

    def _check(self, item: Attributes | None, condition: Mapping[str, Any]) -> None:
        expression = condition.get("ConditionExpression")
        if expression is None:
            return
        names = condition["ExpressionAttributeNames"]
        values = condition.get("ExpressionAttributeValues", {})
        if not _compiled(expression)(item or {}, names, values):
            self.units.write += max(1, ceil(size_of(item or {}) / _WRITE_UNIT))
            response: Any = {"Error": {"Code": "ConditionalCheckFailedException", "Message": ""}}
            if "ReturnValuesOnConditionCheckFailure" in condition and item is not None:
                response["Item"] = item
            raise self.exceptions.ConditionalCheckFailedException(response, "PutItem")


def _check_batch(requests: Sequence[Any], most: int) -> None:
    if not 0 < len(requests) <= most:
        raise _refusal("ValidationException", f"{len(requests)} requests")
    if len(set(map(repr, requests))) < len(requests):
        raise _refusal("ValidationException", "Provided list of item keys contains duplicates")


def _refusal(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


def _index(schema: Sequence[Attributes]) -> _Index:
    names = [element["AttributeName"] for element in schema]
    return _Index(names[0], names[1] if len(names) > 1 else None)


def _secondary(description: Attributes, keys: Sequence[str]) -> _Index:
    index, projection = _index(description["KeySchema"]), description["Projection"]
    if projection["ProjectionType"] != "ALL":
        carried = projection.get("NonKeyAttributes", ())
        index.carried = frozenset({*carried, *keys, index.partition_key, index.sort_key or ""})
    return index


def _within(rows: list[Row], expression: str, values: Attributes) -> list[Row]:
    """Return the rows whose sort keys meet the condition of a query."""
    bounds = {name: value["S"].encode() for name, value in values.items() if name != ":partition"}
    first = bounds.get(":first", bounds.get(":prefix", b""))
    start = bisect_left(rows, (first,))
    if ":prefix" in bounds:
        stop = start
        while stop < len(rows) and rows[stop][0].startswith(first):
            stop += 1
        return rows[start:stop]
    stop = bisect_left(rows, (bounds[":last"] + b"\0",)) if ":last" in bounds else len(rows)
    return rows[start:stop]


Condition = Callable[[Attributes, Mapping[str, str], Attributes], bool]


@cache
def _compiled(expression: str) -> Condition:
    """Return the conditions that the store writes as a function."""
    code = re.sub(r"attribute_not_exists\((#\w+)\)", r"absent('\1')", expression)
    code = re.sub(r"(#\w+) (=|<=|>) (:\w+)", r"compare('\1', '\2', '\3')", code)
    code = code.replace(" AND ", " and ").replace(" OR ", " or ")
    program = compile(code, expression, "eval")

    def holds(item: Attributes, names: Mapping[str, str], values: Attributes) -> bool:
        def compare(name: str, sign: str, value: str) -> bool:
            if names[name] not in item:
                return False
            left, right = (int(each["N"]) for each in (item[names[name]], values[value]))
            return {"=": left == right, "<=": left <= right, ">": left > right}[sign]

        known = {"absent": lambda name: names[name] not in item, "compare": compare}
        return bool(eval(program, {"__builtins__": {}}, known))

    return holds
