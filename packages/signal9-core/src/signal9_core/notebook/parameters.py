"""Checks of what callers pass to `Signal9`."""

from datetime import date, datetime
from enum import StrEnum
from typing import TypeVar

from ..errors import InputError

E = TypeVar("E", bound=StrEnum)


def parse_date(value: object, field: str) -> date | None:
    """Return the day of a date, a datetime (also NumPy's) or a `YYYY-MM-DD` text."""
    from ..domain.model import parse_day

    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    text = str(value)
    try:
        return parse_day(text[:10] if type(value).__name__ == "datetime64" else text)
    except ValueError as error:
        raise InputError(field, f"invalid date {value!r}, must be YYYY-MM-DD") from error


def parse_range(start: object, end: object) -> tuple[date | None, date | None]:
    """Return the first and the last day; `InputError` if they are in the wrong order."""
    first, last = parse_date(start, "start"), parse_date(end, "end")
    if first is not None and last is not None and first > last:
        raise InputError("start", f"{first} is after end={last}")
    return first, last


def parse_choice(kind: type[E], value: str, field: str) -> E:
    """Return the member of an enumeration with this value."""
    try:
        return kind(value)
    except ValueError as error:
        raise InputError(field, f"{value!r} must be one of {', '.join(kind)}") from error


def check_bool(value: object, field: str) -> bool:
    """Return a boolean unchanged; `InputError` for any other value."""
    if not isinstance(value, bool):
        raise InputError(field, f"{value!r} must be True or False")
    return value
