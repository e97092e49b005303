"""The store on AWS: DynamoDB tables, for as many readers and writers as there are."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypedDict, TypeVar, cast

from ..errors import ConflictError, StoreError, StoreUnavailableError
from ..ports import ABSENT, Page, Stored, utc_now
from .values import (
    VERSION_ATTRIBUTE,
    ByType,
    check_item,
    checked_decimal,
    checked_int,
    checked_text,
    conflict,
    described,
    key_of,
    new_version,
    place_of,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import NotRequired

    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        AttributeValueTypeDef,
        QueryInputTypeDef,
        WriteRequestTypeDef,
    )

    from ..ports import Clock, Cursor, Item, Key, Span, Value
    from ..tables import IndexSpec, TableSpec
    from .values import Selection
__all__ = [
    "CONNECTIONS",
    "WRITES_PER_BATCH",
    "Backoff",
    "Condition",
    "ConditionFailedError",
    "DynamoStore",
    "attributes_of",
    "chunks",
    "condition_of",
    "dynamodb_client",
    "dynamodb_errors",
    "item_of",
    "query_of",
    "read_all",
    "send_all",
    "write_all",
]

T = TypeVar("T")

Send = Callable[[Sequence[T]], Sequence[T]]
"""Sends a batch; returns what of it was not processed and may be sent again."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to go on trying: pauses of random length below a growing ceiling ("full jitter")."""

    limit_s: float = 20.0
    first_s: float = 0.05
    longest_s: float = 2.0
    sleep: Callable[[float], None] = time.sleep
    elapsed_s: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random

    def tries(self) -> Iterator[None]:
        """Yield at once, and again after every pause until the limit would be passed."""
        deadline = self.elapsed_s() + self.limit_s
        ceiling = self.first_s
        while True:
            yield
            pause = self.random() * ceiling
            if self.elapsed_s() + pause > deadline:
                return
            self.sleep(pause)
            ceiling = min(2 * ceiling, self.longest_s)


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`, the last one shorter, without running ahead."""
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


def send_all(
    send: Send[T], items: Sequence[T], *, size: int, at_once: int, backoff: Backoff, where: str
) -> None:
    """Send everything in batches of `size`; `StoreUnavailableError` says how much was refused."""
    batches = list(chunks(items, size))
    drain = partial(_drain, send, backoff)
    if len(batches) == 1:
        outcomes = [drain(batches[0])]
    else:
        with ThreadPoolExecutor(at_once) as threads:
            outcomes = list(threads.map(drain, batches))
    refused = sum(count for count, _ in outcomes)
    if refused:
        raise StoreUnavailableError(
            f"{where}: {refused} of {len(items)} still not processed after {backoff.limit_s:g} s"
        ) from next((cause for _, cause in outcomes if cause is not None), None)


def _drain(
    send: Send[T], backoff: Backoff, batch: Sequence[T]
) -> tuple[int, StoreUnavailableError | None]:
    """Return how many of the batch were refused to the end, and the last error."""
    cause = None
    for _ in backoff.tries():
        try:
            batch, cause = send(batch), None
        except StoreUnavailableError as error:
            cause = error
        if not batch:
            return 0, None
    return len(batch), cause


Attributes: TypeAlias = "Mapping[str, AttributeValueTypeDef]"


WRITES_PER_BATCH: Final = 25
_READS_PER_BATCH: Final = 100


def write_all(
    client: DynamoDBClient, table: str, items: Sequence[Attributes], backoff: Backoff
) -> None:
    """Put every item; no two may have the same key."""
    send_all(
        partial(_write, client, table),
        items,
        size=WRITES_PER_BATCH,
        at_once=CONNECTIONS,
        backoff=backoff,
        where=table,
    )


def read_all(
    client: DynamoDBClient, table: str, keys: Sequence[Attributes], backoff: Backoff
) -> list[Attributes]:
    """Return what stands under these keys, read consistently; no key may occur twice."""
    found: list[Attributes] = []
    send_all(
        partial(_read, client, table, found),
        keys,
        size=_READS_PER_BATCH,
        at_once=CONNECTIONS,
        backoff=backoff,
        where=table,
    )
    return found


def _write(client: DynamoDBClient, table: str, batch: Sequence[Attributes]) -> Sequence[Attributes]:
    requests: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": item}} for item in batch]
    with dynamodb_errors(table):
        answer = client.batch_write_item(RequestItems={table: requests})
    left = answer["UnprocessedItems"].get(table, ())
    return [request["PutRequest"]["Item"] for request in left]


def _read(
    client: DynamoDBClient, table: str, found: list[Attributes], batch: Sequence[Attributes]
) -> Sequence[Attributes]:
    with dynamodb_errors(table):
        answer = client.batch_get_item(
            RequestItems={table: {"Keys": batch, "ConsistentRead": True}}
        )
    found += answer["Responses"].get(table, ())
    left = answer["UnprocessedKeys"].get(table)
    return () if left is None else left["Keys"]


Attribute: TypeAlias = "Mapping[str, Any]"


_DIGITS: Final = 38
_EXACT: Final = Context(prec=_DIGITS)


def attributes_of(item: Item) -> dict[str, AttributeValueTypeDef]:
    """Return what stands for `item` on the wire; `StoreError` for values that cannot be held."""
    return cast("dict[str, AttributeValueTypeDef]", _encoded_members(item))


def item_of(attributes: Mapping[str, AttributeValueTypeDef]) -> dict[str, Value]:
    """Return the item that stands behind what came over the wire."""
    return _decoded_members(cast("Mapping[str, Attribute]", attributes))


def _encoded_members(members: Mapping[str, Any]) -> dict[str, Attribute]:
    attributes: dict[str, Attribute] = {}
    name = ""
    try:
        for name, value in members.items():
            kind = type(value)
            if kind is str and value.isascii():
                attributes[name] = {"S": value}
            elif (
                kind is Decimal
                and value.is_finite()
                and len(digits := str(value)) <= _DIGITS
                and "E" not in digits  # few digits and no exponent: surely within bounds
            ):
                attributes[name] = {"N": digits}
            elif kind is list:
                attributes[name] = {"L": _encoded_elements(value)}
            else:
                attributes[name] = _ENCODERS[kind](value)
    except StoreError as error:
        raise StoreError(f"{name}: {error}") from error
    # Names that are no texts at all are refused by botocore.
    if "" in members:
        raise StoreError("'' is no name for an attribute")
    return attributes


def _encoded_elements(values: Iterable[Any]) -> list[Attribute]:
    return [
        {"S": value}
        if (kind := type(value)) is str and value.isascii()
        else {"M": _encoded_members(value)}
        if kind is dict
        else _ENCODERS[kind](value)
        for value in values
    ]


_ENCODERS: Final = ByType["Attribute"]()
_ENCODERS[str] = lambda value: {"S": checked_text(value)}
_ENCODERS[int] = lambda value: {"N": str(checked_int(value))}
_ENCODERS[Decimal] = lambda value: {"N": str(checked_decimal(value))}
_ENCODERS[bool] = lambda value: {"BOOL": value}
_ENCODERS[type(None)] = lambda _: {"NULL": True}
_ENCODERS[bytes] = lambda value: {"B": value}
_ENCODERS[list] = _ENCODERS[tuple] = lambda value: {"L": _encoded_elements(value)}
_ENCODERS[dict] = lambda value: {"M": _encoded_members(value)}


def _decoded_members(attributes: Mapping[str, Attribute]) -> dict[str, Value]:
    item: dict[str, Value] = {}
    for name, attribute in attributes.items():
        if "S" in attribute:
            item[name] = attribute["S"]
        elif "N" in attribute:
            digits = attribute["N"]
            item[name] = Decimal(digits) if "." in digits else _number(digits)
        elif "L" in attribute:
            item[name] = _decoded_elements(attribute["L"])
        elif "M" in attribute:
            item[name] = _decoded_members(attribute["M"])
        else:
            item[name] = _decoded(attribute)
    return item


def _decoded_elements(attributes: Iterable[Attribute]) -> list[Value]:
    return [
        attribute["S"]
        if "S" in attribute
        else _decoded_members(attribute["M"])
        if "M" in attribute
        else _decoded(attribute)
        for attribute in attributes
    ]


def _decoded(attribute: Attribute) -> Value:
    [(kind, value)] = attribute.items()
    try:
        return _DECODERS[kind](value)
    except KeyError as error:
        raise StoreError(f"an attribute of type {kind} came back, which no store writes") from error


def _number(digits: str) -> int | Decimal:
    if not digits.lstrip("-").isdecimal():
        return Decimal(digits)
    if len(digits) <= _DIGITS:
        return int(digits)
    # 1E+100 comes back written out; as an integer of so many digits it could not be stored again.
    number = _EXACT.create_decimal(digits)
    return int(number) if number.adjusted() < _DIGITS else number.normalize(_EXACT)


def _same(value: Any) -> Value:
    return value  # type: ignore[no-any-return]  # botocore gives the very type of the letter


_DECODERS: Final[Mapping[str, Callable[[Any], Value]]] = {
    "N": _number,
    "BOOL": _same,
    "NULL": lambda _: None,
    "B": _same,
    "L": _decoded_elements,
    "M": _decoded_members,
}


CONNECTIONS: Final = 8
"""Requests that one call of a store has under way at once."""

_SERVER_ERROR: Final = 500
_TRANSIENT: Final = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    }
)


class ConditionFailedError(ConflictError):
    """A condition did not hold; `found` is what stood in the place of the item, if anything."""

    def __init__(self, message: str, found: Mapping[str, AttributeValueTypeDef]) -> None:
        super().__init__(message)
        self.found = found


def dynamodb_client(
    *, region: str | None = None, endpoint_url: str | None = None
) -> DynamoDBClient:
    """Return a client that tries four times, and waits seconds rather than minutes each time.

    Region, endpoint and credentials come from where AWS's tools take them, unless given.
    """
    # boto3 adds nothing to a client but a sixth of its time to start.
    from botocore.config import Config  # noqa: PLC0415  # core runs without it
    from botocore.session import Session  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=2 * CONNECTIONS,
        tcp_keepalive=True,
    )
    client = Session().create_client(
        "dynamodb", region_name=region, endpoint_url=endpoint_url, config=config
    )
    return cast("DynamoDBClient", client)


@contextmanager
def dynamodb_errors(where: str) -> Iterator[None]:
    """Turn whatever botocore raises inside into a `StoreError`."""
    from botocore import exceptions  # noqa: PLC0415  # core runs without it

    try:
        yield
    except exceptions.ClientError as error:
        raise _mapped(where, error) from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise StoreUnavailableError(f"{where}: {error}") from error
    except exceptions.BotoCoreError as error:
        raise StoreError(f"{where}: {error}") from error


def _mapped(where: str, error: ClientError) -> StoreError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ConditionalCheckFailedException":
        found: Mapping[str, AttributeValueTypeDef] = error.response.get("Item", {})  # type: ignore[assignment]  # the stubs know no members of one error
        return ConditionFailedError(f"{where}: the condition failed", found)
    if code in _TRANSIENT or status >= _SERVER_ERROR:
        return StoreUnavailableError(f"{where}: {error}")
    return StoreError(f"{where}: {error}")


class Condition(TypedDict):
    """The part of a write request that says when to write."""

    ConditionExpression: str
    ExpressionAttributeNames: dict[str, str]
    ExpressionAttributeValues: NotRequired[dict[str, AttributeValueTypeDef]]


class _Placeholders:
    """Names and values of one request; names may hold characters that expressions may not."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, AttributeValueTypeDef] = {}

    def name(self, attribute: str) -> str:
        placeholder = f"#n{len(self.names)}"
        self.names[placeholder] = attribute
        return placeholder

    def value(self, value: Value) -> str:
        placeholder = f":v{len(self.values)}"
        self.values |= attributes_of({placeholder: value})
        return placeholder


def condition_of(table: TableSpec, expected: int, now: int) -> Condition:
    """Return what holds while an item has this version; expired ones count as absent."""
    holders = _Placeholders()
    if expected == ABSENT:
        expression = f"attribute_not_exists({holders.name(table.partition_key)})"
        if table.ttl_attribute is not None:
            expression += f" OR {holders.name(table.ttl_attribute)} <= {holders.value(now)}"
    else:
        expression = f"{holders.name(VERSION_ATTRIBUTE)} = {holders.value(expected)}"
        if table.ttl_attribute is not None:
            expires = holders.name(table.ttl_attribute)
            alive = f"attribute_not_exists({expires}) OR {expires} > {holders.value(now)}"
            expression += f" AND ({alive})"
    condition: Condition = {
        "ConditionExpression": expression,
        "ExpressionAttributeNames": holders.names,
    }
    if holders.values:
        condition["ExpressionAttributeValues"] = holders.values
    return condition


def query_of(
    selection: Selection, table_name: str, *, newest_first: bool, consistent: bool
) -> QueryInputTypeDef:
    """Return the request for the first page of `selection`."""
    holders = _Placeholders()
    conditions = " AND ".join(_key_conditions(selection, holders))
    request: QueryInputTypeDef = {
        "TableName": table_name,
        "KeyConditionExpression": conditions,
        "ExpressionAttributeNames": holders.names,
        "ExpressionAttributeValues": holders.values,
        "ScanIndexForward": not newest_first,
        # Indexes of DynamoDB follow their table a little later, and refuse to be asked for more.
        "ConsistentRead": consistent and selection.index is None,
    }
    if selection.index is not None:
        request["IndexName"] = selection.index.name
    if selection.cursor is not None:
        request["ExclusiveStartKey"] = attributes_of(selection.cursor)
    return request


def _key_conditions(selection: Selection, holders: _Placeholders) -> Iterator[str]:
    yield f"{holders.name(selection.partition_key)} = {holders.value(selection.partition)}"
    first, last, prefix = selection.first, selection.last, selection.prefix
    if selection.sort_key is None or (first is None and last is None and prefix is None):
        return
    sort = holders.name(selection.sort_key)
    if prefix is not None:
        yield f"begins_with({sort}, {holders.value(prefix)})"
    elif first is not None and last is not None:
        yield f"{sort} BETWEEN {holders.value(first)} AND {holders.value(last)}"
    elif first is not None:
        yield f"{sort} >= {holders.value(first)}"
    else:
        yield f"{sort} <= {holders.value(last)}"


Place: TypeAlias = "tuple[str, str]"


Candidate: TypeAlias = "tuple[Place, Attributes]"


class DynamoStore:
    """A `Store` over DynamoDB tables; `names` tells what each `TableSpec` is called there.

    Tables are read consistently unless a query asks for less; indexes follow a little later. What
    an index with a projection returns is only part of an item, so that its version is `ABSENT`:
    whoever writes it back under that version meets a `ConflictError`.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        names: Mapping[str, str],
        *,
        clock: Clock = utc_now,
        backoff: Backoff | None = None,
    ) -> None:
        self._client = client
        self._names = names
        self._clock = clock
        self._backoff = backoff or Backoff()

    def get(self, table: TableSpec, key: Key) -> Stored | None:
        """Return the item with this key, as of the last completed write."""
        name, now, wanted = self._name(table), self._now(), attributes_of(key_of(table, key))
        with dynamodb_errors(described(table, key)):
            answer = self._client.get_item(TableName=name, Key=wanted, ConsistentRead=True)
        return _stored(table, answer["Item"], now) if "Item" in answer else None

    def get_many(self, table: TableSpec, keys: Iterable[Key]) -> list[Stored]:
        """Return those that exist, in no particular order; each once, however often asked."""
        now = self._now()
        wanted = {place_of(table, key): key for key in keys}
        pending = [attributes_of(key_of(table, key)) for key in wanted.values()]
        found = read_all(self._client, self._name(table), pending, self._backoff)
        alive = (_stored(table, attributes, now) for attributes in found)
        return [each for each in alive if each is not None]

    def put(self, table: TableSpec, item: Item, *, expected: int | None = None) -> int:
        """Write one item and return its new version; `ConflictError` if not over `expected`."""
        version = new_version()
        attributes = _attributes(table, item, version)
        if expected is None:
            with dynamodb_errors(described(table, item)):
                self._client.put_item(TableName=self._name(table), Item=attributes)
        elif not self._put_over(table, attributes, expected):
            raise ConflictError(conflict(table, item, expected))
        return version

    def put_many(self, table: TableSpec, items: Iterable[Item]) -> None:
        """Write every item, several batches at once; of equal keys the last one stays."""
        name = self._name(table)
        for chunk in chunks(items, CONNECTIONS * WRITES_PER_BATCH):
            # No batch may name a key twice, and batches overtake one another.
            latest = {place_of(table, item): item for item in chunk}
            pending = [_attributes(table, item, new_version()) for item in latest.values()]
            write_all(self._client, name, pending, self._backoff)

    def put_new(self, table: TableSpec, items: Iterable[Item]) -> list[Item]:
        """Write the items whose key is still free, several at once; return the others."""
        taken: list[Item] = []
        for chunk in chunks(items, CONNECTIONS * WRITES_PER_BATCH):
            places = [place_of(table, item) for item in chunk]
            refused: list[int] = []
            for positions in _rounds(places):
                free = {places[at]: chunk[at] for at in positions}
                lost = self._put_free(table, free)
                refused += (at for at in positions if places[at] in lost)
            taken += (chunk[at] for at in sorted(refused))
        return taken

    def delete(self, table: TableSpec, key: Key, *, expected: int | None = None) -> None:
        """Remove an item if it is there; with `expected`, that version or `ConflictError`."""
        name, place = self._name(table), attributes_of(key_of(table, key))
        where = described(table, key)
        if expected is None:
            with dynamodb_errors(where):
                self._client.delete_item(TableName=name, Key=place)
            return
        condition = condition_of(table, expected, self._now())
        try:
            with dynamodb_errors(where):
                self._client.delete_item(TableName=name, Key=place, **condition)
        except ConditionFailedError as error:
            raise ConflictError(conflict(table, key, expected)) from error

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
        selection = select(
            table, partition, index=index, span=span, prefix=prefix, limit=limit, cursor=cursor
        )
        if selection is None:
            return Page([], None)
        request = query_of(selection, name, newest_first=newest_first, consistent=consistent)
        found: list[Stored] = []
        while True:
            if limit is not None:
                request["Limit"] = limit - len(found)
            with dynamodb_errors(f"{table.name} {partition}"):
                answer = self._client.query(**request)
            alive = (_stored(table, attributes, now) for attributes in answer["Items"])
            found += [each for each in alive if each is not None]
            last = answer.get("LastEvaluatedKey")
            if last is None:
                return Page(found, None)
            if len(found) == limit:
                return Page(found, {key: str(value) for key, value in item_of(last).items()})
            request["ExclusiveStartKey"] = last

    def _put_over(self, table: TableSpec, attributes: Attributes, expected: int) -> bool:
        """Write over `expected` and tell whether that was what stood there."""
        where = f"{table.name} {attributes[table.partition_key].get('S')}"
        try:
            with dynamodb_errors(where):
                self._client.put_item(
                    TableName=self._name(table),
                    Item=attributes,
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                    **condition_of(table, expected, self._now()),
                )
        except ConditionFailedError as error:
            # A repeated request meets its own write, where the first answer was lost on its way.
            return error.found.get(VERSION_ATTRIBUTE) == attributes[VERSION_ATTRIBUTE]
        return True

    def _put_free(self, table: TableSpec, items: Mapping[Place, Item]) -> set[Place]:
        """Write items over nothing, and return the places that were not free."""
        taken: set[Place] = set()

        def send(batch: Sequence[Candidate]) -> Sequence[Candidate]:
            for position, (place, attributes) in enumerate(batch):
                try:
                    written = self._put_over(table, attributes, ABSENT)
                except StoreUnavailableError:
                    if position == 0:
                        raise
                    return batch[position:]
                if not written:
                    taken.add(place)
            return ()

        candidates = [
            (place, _attributes(table, item, new_version())) for place, item in items.items()
        ]
        send_all(
            send,
            candidates,
            size=WRITES_PER_BATCH,
            at_once=CONNECTIONS,
            backoff=self._backoff,
            where=table.name,
        )
        return taken

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _name(self, table: TableSpec) -> str:
        try:
            return self._names[table.name]
        except KeyError as error:
            raise StoreError(f"there is no table {table.name!r}") from error


def _attributes(table: TableSpec, item: Item, version: int) -> Attributes:
    """Return an item as it is written; `StoreError` if it cannot be held."""
    key_of(table, item)
    check_item(table, item)
    try:
        attributes = attributes_of(item)
    except StoreError as error:
        raise StoreError(f"{described(table, item)}: {error}") from error
    return {**attributes, VERSION_ATTRIBUTE: {"N": str(version)}}


def _stored(table: TableSpec, attributes: Attributes, now: int) -> Stored | None:
    """Return an item as it was read; `None` where it has expired."""
    item = item_of(attributes)
    version = item.pop(VERSION_ATTRIBUTE, ABSENT)
    expires = None if table.ttl_attribute is None else item.get(table.ttl_attribute)
    if isinstance(expires, int) and expires <= now:
        return None
    return Stored(item, version if isinstance(version, int) else ABSENT)


def _rounds(places: Sequence[Place]) -> Iterator[list[int]]:
    """Yield the positions of all places, none of which occurs twice in one round."""
    waiting = list(range(len(places)))
    while waiting:
        first: dict[Place, int] = {}
        for at in waiting:
            first.setdefault(places[at], at)
        yield list(first.values())
        waiting = [at for at in waiting if first[places[at]] != at]
