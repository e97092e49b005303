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
    unknown = set(model.model_extra or ())
    known = model.model_dump(exclude_none=True, exclude=unknown)
    item = {name: to_value(value) for name, value in known.items()}
    return item | {"other": to_value(model.model_dump(include=unknown))} if unknown else item


def instant_key(moment: datetime) -> str:
    """Return a moment in UTC as text of one width, so that text order is time order."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
