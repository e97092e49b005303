"""Models as items: dates and enumerations as text, absence as absence, figures as numbers."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum

from ..domain import Model
from ..ports import Item, Value

__all__ = ["instant_key", "to_item", "to_value"]


def to_value(value: object) -> Value:
    """Return a dumped value as what stores keep; `TypeError` for a kind of value they do not."""
    match value:
        case Enum():
            return str(value.value)
        case None | str() | int() | Decimal() | bytes():
            return value
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): to_value(each) for name, each in value.items()}
        case list() | tuple():
            return [to_value(each) for each in value]
    raise TypeError(f"{value!r} cannot be stored")


def to_item(model: Model) -> Item:
    """Return a model as an item: without what is `None`, with unknown fields under `other`."""
    dumped = model.model_dump(exclude_none=True)
    other = {name: dumped.pop(name) for name in model.model_extra or () if name in dumped}
    item = {name: to_value(value) for name, value in dumped.items()}
    return item | {"other": to_value(other)} if other else item


def instant_key(moment: datetime) -> str:
    """Return a moment in UTC as text of one width, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
