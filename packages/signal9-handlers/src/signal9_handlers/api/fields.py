"""What `fields` selects: names checked against the answer's own."""

from functools import cache

from pydantic import BaseModel

from signal9_core.answers import Answer
from signal9_core.errors import InputError

__all__ = ["fields_of"]


def fields_of(text: str | None, model: type[Answer]) -> tuple[str, ...]:
    """Return the names in a text with commas between; `InputError` for one that `model` lacks."""
    if text is None:
        return ()
    names = tuple(dict.fromkeys(each.strip() for each in text.split(",")))
    known = _names(model)
    for name in names:
        if name not in known:
            raise InputError("fields", f"{name[:40]!r} is none of {', '.join(known)}")
    return names


@cache
def _names(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())
