"""What people type in notebooks, as the application takes it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeVar

from ..errors import InputError

__all__ = ["choice_of", "day_of", "span_of", "yes_or_no"]

E = TypeVar("E", bound=StrEnum)

_DAY: Final = len("2013-03-01")


def day_of(value: date | str | None, field: str) -> date | None:
    """Return the day that a date or a `YYYY-MM-DD` text names; `InputError` where it names none."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    # NumPy's moments are none of Python's, and read like them.
    text = str(value)[:_DAY] if type(value).__name__ == "datetime64" else value
    try:
        return date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise InputError(field, f"{value!r} is no day as 2013-03-01") from error


def span_of(start: date | str | None, end: date | str | None) -> tuple[date | None, date | None]:
    """Return the first and the last day; `InputError` where the first comes after the last."""
    first, last = day_of(start, "start"), day_of(end, "end")
    if first is not None and last is not None and first > last:
        raise InputError("start", f"{first} is after end={last}")
    return first, last


def choice_of(kind: type[E], value: str, field: str) -> E:
    """Return the member that a text names; `InputError`, with all of them, where it names none."""
    try:
        return kind(value)
    except ValueError as error:
        raise InputError(field, f"{value!r} is none of {', '.join(kind)}") from error


def yes_or_no(value: object, field: str) -> bool:
    """Return a truth value as it is; `InputError` for what is only taken for one, as a name."""
    if not isinstance(value, bool):
        raise InputError(field, f"{value!r} is neither True nor False")
    return value
