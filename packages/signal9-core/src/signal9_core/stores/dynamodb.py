"""The store on AWS: DynamoDB tables, for any number of readers and writers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from ..aws import aws_errors
from ..errors import StoreError, StoreUnavailableError
from ..ports import (
    ABSENT,
    Clock,
    Cursor,
    Damage,
    Item,
    Key,
    Page,
    Progress,
    Span,
    Stored,
    Value,
    no_progress,
    utc_now,
)
from ..tables import TABLES, IndexSpec, TableSpec
from .values import (
    CHECKSUM_ATTRIBUTE,
    CHUNK,
    DIGITS,
    VERSION_ATTRIBUTE,
    QuerySpec,
    check_item,
    checksum_of,
    chunks,
    conflict,
    damaged,
    describe,
    key_of,
    new_version,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, WriteRequestTypeDef

T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE: Final = 8
"""How many requests one call of the store may have in flight."""

_WRITES_PER_BATCH: Final = 25
_READS_PER_BATCH: Final = 100
_EXACT: Final = Context(prec=DIGITS)
_CANONICAL: Final = msgspec.json.Encoder(order="sorted")
_KINDS: Final = {str: "S", int: "N", Decimal: "N", bool: "BOOL", bytes: "B"}
_SORT_CONDITIONS: Final = {
    (): "",
    (":first",): " AND #sort >= :first",
    (":last",): " AND #sort <= :last",
    (":first", ":last"): " AND #sort BETWEEN :first AND :last",
    (":prefix",): " AND begins_with(#sort, :prefix)",
}


def to_attributes(item: Mapping[str, Value]) -> dict[str, AttributeValueTypeDef]:
    """Return a validated item in DynamoDB's format."""
    return {name: _to_attribute(value) for name, value in item.items()}


def from_attributes(attributes: Mapping[str, AttributeValueTypeDef]) -> dict[str, Value]:
    """Return an item from DynamoDB's format."""
    return {name: _from_attribute(attribute) for name, attribute in attributes.items()}


def _to_attribute(value: Value) -> AttributeValueTypeDef:
    if value is None:
        return {"NULL": True}
    if isinstance(value, dict):
        return {"M": to_attributes(value)}
    if isinstance(value, list):
        return {"L": [_to_attribute(element) for element in value]}
    kind = _KINDS[type(value)]
    attribute: Any = {kind: str(value) if kind == "N" else value}
    return attribute  # type: ignore[no-any-return]  # the type goes with the letter


def _from_attribute(attribute: Any) -> Value:
    [(kind, value)] = attribute.items()
    match kind:
        case "S" | "BOOL" | "B":
            return value  # type: ignore[no-any-return]  # botocore returns the type of the letter
        case "N":
            return _number(value)
        case "NULL":
            return None
        case "M":
            return from_attributes(value)
        case "L":
            return [_from_attribute(element) for element in value]
    raise StoreError(f"unexpected attribute of type {kind}")


def _canonical(attribute: Any) -> object:
    """Return an attribute in the one form that it has before and after DynamoDB stored it."""
    [(kind, value)] = attribute.items()
    match kind:
        case "N":  # without trailing zeros and without the sign of a zero
            return {kind: str((Decimal(value) or Decimal()).normalize(_EXACT))}
        case "M":
            return {kind: {name: _canonical(inner) for name, inner in value.items()}}
        case "L":
            return {kind: list(map(_canonical, value))}
    return attribute


def _number(digits: str) -> int | Decimal:
    if not digits.lstrip("-").isdecimal():
        return Decimal(digits)
    # DynamoDB returns 1E+100 written out; an integer with so many digits could not be stored again.
    number = _EXACT.create_decimal(digits)
    return int(digits) if number.adjusted() < DIGITS else number.normalize(_EXACT)


def _repeat(send: Callable[[Sequence[T]], Sequence[T]], batch: Sequence[T]) -> None:
    """Send a batch, then resend its unprocessed items until none is left."""
    remaining = batch

    def send_remaining() -> None:
        nonlocal remaining
        remaining = send(remaining)
        if remaining:
            raise StoreUnavailableError(f"{len(remaining)} of {len(batch)} not processed")

    _retry(send_remaining)


def _retry(call: Callable[[], R]) -> R:
    """Return what `call` returns; repeat it for twenty seconds while the table is unavailable."""
    import stamina  # noqa: PLC0415

    waits = {"wait_initial": 0.05, "wait_max": 2.0}
    return stamina.retry(on=StoreUnavailableError, attempts=None, timeout=20, **waits)(call)()


def _in_parallel(call: Callable[[T], R], arguments: Sequence[T]) -> list[R]:
    if len(arguments) <= 1:
        return [call(argument) for argument in arguments]
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        return list(threads.map(call, arguments))


class DynamoStore:
    """A `Store` over DynamoDB tables; `names` maps the name of each `TableSpec` to its table.

    Reads of tables are consistent unless a query says otherwise; indexes follow a little later.
    """

    def __init__(
        self, client: DynamoDBClient, names: Mapping[str, str], *, clock: Clock = utc_now
    ) -> None:
        self._client = client
        self._names = names
        self._clock = clock

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""
        name, wanted = self._name(table), to_attributes(key_of(table, key))
        with _errors(describe(table, key)):
            answer = self._client.get_item(TableName=name, Key=wanted, ConsistentRead=True)
        return _stored(table, answer["Item"], self._now()) if "Item" in answer else None

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return the items that exist, each once even if its key is repeated."""
        name, now = self._name(table), self._now()
        wanted = {_place(key): to_attributes(key) for key in (key_of(table, key) for key in keys)}
        answers: list[Mapping[str, AttributeValueTypeDef]] = []

        def read(batch: Sequence[Mapping[str, Any]]) -> Sequence[Any]:
            with _errors(name):
                answer = self._client.batch_get_item(
                    RequestItems={name: {"Keys": batch, "ConsistentRead": True}}
                )
            answers.extend(answer["Responses"].get(name, ()))
            left = answer["UnprocessedKeys"].get(name)
            return () if left is None else left["Keys"]

        batches = list(chunks(wanted.values(), _READS_PER_BATCH))
        _in_parallel(partial(_repeat, read), batches)
        items = (_stored(table, attributes, now) for attributes in answers)
        return [item for item in items if item is not None]

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write one item and return its version; `ConflictError` if `expected` is not stored."""
        version = new_version()
        attributes = _attributes(table, item, version)
        if expected is None:
            with _errors(describe(table, item)):
                self._client.put_item(TableName=self._name(table), Item=attributes)
        elif not self._put_over(table, attributes, expected):
            raise conflict(table, item, expected)
        return version

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write every item, several batches at once; of equal keys, the last item is stored."""
        name = self._name(table)

        def write(batch: Sequence[Any]) -> Sequence[Any]:
            requests: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": row}} for row in batch]
            with _errors(name):
                answer = self._client.batch_write_item(RequestItems={name: requests})
            left = answer["UnprocessedItems"].get(name, ())
            return [request["PutRequest"]["Item"] for request in left]

        for chunk in chunks(items, CHUNK):
            # A batch must not repeat a key, and batches may overtake one another.
            latest = {_place(key_of(table, item)): item for item in chunk}
            rows = [_attributes(table, item, new_version()) for item in latest.values()]
            _in_parallel(partial(_repeat, write), list(chunks(rows, _WRITES_PER_BATCH)))

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key is still free, several at once; return the others."""
        taken: list[Item] = []
        for chunk in chunks(items, CHUNK):
            rows = [_attributes(table, item, new_version()) for item in chunk]
            by_key: dict[tuple[str, ...], list[int]] = {}
            for at, item in enumerate(chunk):
                by_key.setdefault(_place(key_of(table, item)), []).append(at)
            write = partial(self._put_free, table, rows)
            refused = _in_parallel(write, list(by_key.values()))
            taken += (chunk[at] for at in sorted(at for group in refused for at in group))
        return taken

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Delete an item if it exists; `ConflictError` if `expected` is not its version."""
        name, place = self._name(table), to_attributes(key_of(table, key))
        condition = {} if expected is None else _condition(table, expected, self._now())
        with _errors(describe(table, key)):
            try:
                self._client.delete_item(TableName=name, Key=place, **condition)
            except self._client.exceptions.ConditionalCheckFailedException as error:
                raise conflict(table, key, expected or ABSENT) from error

    def query(
        self,
        table: TableSpec,
        partition: str,
        *,
        index: IndexSpec | None = None,
        span: Span | None = None,
        prefix: str | None = None,
        newest_first: bool = False,
        limit: int | None = None,
        cursor: Cursor | None = None,
        consistent: bool = True,
    ) -> Page:
        """Return one partition of the table or index in the order of its sort key."""
        name, now = self._name(table), self._now()
        spec = QuerySpec(table, partition, index, span, prefix, newest_first, limit, cursor)
        if spec.is_empty:
            return Page([], None)
        # Indexes follow their table a little later, and cannot be read consistently.
        consistent = consistent and index is None
        request = {"TableName": name, "ConsistentRead": consistent, **_query_request(spec)}
        items: list[Stored] = []
        while True:
            if limit is not None:
                request["Limit"] = limit - len(items)
            with _errors(f"{table.name} {partition}"):
                answer = self._client.query(**request)
            whole = spec.projection is None
            alive = (_stored(table, row, now, whole=whole) for row in answer["Items"])
            items += [item for item in alive if item is not None]
            last = answer.get("LastEvaluatedKey")
            if last is None:
                return Page(items, None)
            if len(items) == limit:
                return Page(
                    items, {key: str(value) for key, value in from_attributes(last).items()}
                )
            request["ExclusiveStartKey"] = last

    def verify(self, progress: Progress) -> list[Damage]:
        """Read every item of every table, and return those that are damaged."""
        damage: list[Damage] = []
        for table in TABLES:
            for done, attributes in enumerate(self._scan(table), 1):
                try:
                    _stored(table, attributes, 0)
                except StoreError as error:
                    key = {name: attributes[name]["S"] for name in table.key_attributes}
                    damage.append(Damage(getattr(error, "reason", str(error)), table, key))
                progress(table.name, done, done)
        return damage

    def remove_damage(self) -> None:
        """Delete every item that is damaged."""
        for damage in self.verify(no_progress):
            if damage.table is not None and damage.key is not None:
                self.delete(damage.table, damage.key)

    def _scan(self, table: TableSpec) -> Iterator[Mapping[str, AttributeValueTypeDef]]:
        request: dict[str, Any] = {"TableName": self._name(table), "ConsistentRead": True}

        def read() -> Any:
            with _errors(table.name):
                return self._client.scan(**request)

        while True:
            answer = _retry(read)
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _put_over(
        self, table: TableSpec, row: Mapping[str, AttributeValueTypeDef], expected: int
    ) -> bool:
        """Write if the stored version is `expected`; return whether it was."""
        with _errors(f"{table.name} {row[table.partition_key].get('S')}"):
            try:
                self._client.put_item(
                    TableName=self._name(table),
                    Item=row,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **_condition(table, expected, self._now()),
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                # If the first response was lost, the repeated request finds its own write.
                stored: Mapping[str, object] = error.response.get("Item", {})  # type: ignore[assignment]  # the stubs know no members of one error
                return stored.get(VERSION_ATTRIBUTE) == row[VERSION_ATTRIBUTE]
        return True

    def _put_free(
        self,
        table: TableSpec,
        rows: Sequence[Mapping[str, AttributeValueTypeDef]],
        group: Sequence[int],
    ) -> list[int]:
        """Write, one by one, the rows whose key is free; return the positions of the others."""
        return [at for at in group if not _retry(partial(self._put_over, table, rows[at], ABSENT))]

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _name(self, table: TableSpec) -> str:
        try:
            return self._names[table.name]
        except KeyError as error:
            raise StoreError(f"there is no table {table.name!r}") from error


def _errors(where: str) -> AbstractContextManager[None]:
    return aws_errors(where, StoreError, unavailable=StoreUnavailableError)


def _place(key: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(key.values())


def _attributes(table: TableSpec, item: Item, version: int) -> Mapping[str, AttributeValueTypeDef]:
    attributes = to_attributes(check_item(table, item))
    checksum = _checksum(table, attributes, version)
    own = {VERSION_ATTRIBUTE: version, CHECKSUM_ATTRIBUTE: checksum}
    return {**attributes, **to_attributes(own)}


def _checksum(
    table: TableSpec, attributes: Mapping[str, AttributeValueTypeDef], version: int
) -> int:
    body = {
        name: _canonical(attribute)
        for name, attribute in attributes.items()
        if name not in {VERSION_ATTRIBUTE, CHECKSUM_ATTRIBUTE}
    }
    return checksum_of(table, (), version, _CANONICAL.encode(body))  # its key is in the body


def _stored(
    table: TableSpec,
    attributes: Mapping[str, AttributeValueTypeDef],
    now: int,
    *,
    whole: bool = True,
) -> Stored | None:
    """Return an item as it was read; `None` if it has expired.

    `DamagedItemError` for a `whole` one that is not as it was written.
    """
    item = from_attributes(attributes)
    version, checksum = item.pop(VERSION_ATTRIBUTE, ABSENT), item.pop(CHECKSUM_ATTRIBUTE, None)
    if whole and (
        not isinstance(version, int) or checksum != _checksum(table, attributes, version)
    ):
        key = (str(item[name]) for name in table.key_attributes)
        raise damaged(table, key, "its checksum differs")
    expires = None if table.ttl_attribute is None else item.get(table.ttl_attribute)
    if isinstance(expires, int) and expires <= now:
        return None
    return Stored(item, version if isinstance(version, int) else ABSENT)


def _condition(table: TableSpec, expected: int, now: int) -> dict[str, Any]:
    """Return the condition of a write on a version; expired items count as absent."""
    names, values = {}, {}
    if expected == ABSENT:
        names["#key"] = table.partition_key
        expression, expired = "attribute_not_exists(#key)", " OR #ttl <= :now"
    else:
        names["#version"] = VERSION_ATTRIBUTE
        values[":version"] = {"N": str(expected)}
        expression = "#version = :version"
        expired = " AND (attribute_not_exists(#ttl) OR #ttl > :now)"
    if table.ttl_attribute is not None:
        names["#ttl"] = table.ttl_attribute
        values[":now"] = {"N": str(now)}
        expression += expired
    condition = {"ConditionExpression": expression, "ExpressionAttributeNames": names}
    return {**condition, "ExpressionAttributeValues": values} if values else condition


def _query_request(spec: QuerySpec) -> dict[str, Any]:
    """Return the part of a query that says what to read, in which order and from where on."""
    bounds = {":first": spec.first, ":last": spec.last, ":prefix": spec.prefix}
    given = {name: {"S": text} for name, text in bounds.items() if text}
    request: dict[str, Any] = {
        "KeyConditionExpression": f"#partition = :partition{_SORT_CONDITIONS[tuple(given)]}",
        "ExpressionAttributeNames": {"#partition": spec.partition_key},
        "ExpressionAttributeValues": {":partition": {"S": spec.partition}, **given},
        "ScanIndexForward": not spec.newest_first,
    }
    if given:
        request["ExpressionAttributeNames"]["#sort"] = spec.sort_key
    if spec.index is not None:
        request["IndexName"] = spec.index.name
    if spec.cursor is not None:
        request["ExclusiveStartKey"] = to_attributes(spec.cursor)
    return request
