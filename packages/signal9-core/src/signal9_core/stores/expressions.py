"""DynamoDB's conditions and queries, with a placeholder for every name and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from ..ports import ABSENT
from .keys import VERSION_ATTRIBUTE
from .wire import attributes_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import NotRequired

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, QueryInputTypeDef

    from ..ports import Value
    from ..tables import TableSpec
    from .selection import Selection

__all__ = ["Condition", "condition_of", "query_of"]


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
