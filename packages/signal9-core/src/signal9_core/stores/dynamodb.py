"""The store on AWS: DynamoDB tables, for as many readers and writers as there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConflictError, StoreError, StoreUnavailableError
from ..ports import ABSENT, Page, Stored, utc_now
from .batches import WRITES_PER_BATCH, read_all, write_all
from .dynamodb_client import CONNECTIONS, ConditionFailedError, dynamodb_client, dynamodb_errors
from .expressions import condition_of, query_of
from .keys import (
    VERSION_ATTRIBUTE,
    check_item,
    conflict,
    described,
    key_of,
    new_version,
    place_of,
)
from .retries import Backoff, chunks, send_all
from .selection import select
from .wire import attributes_of, item_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from ..ports import Clock, Cursor, Item, Key, Span
    from ..tables import IndexSpec, TableSpec

    Attributes = Mapping[str, AttributeValueTypeDef]
    Place = tuple[str, str]
    Candidate = tuple[Place, Attributes]

__all__ = ["DynamoStore", "dynamodb_client"]


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
