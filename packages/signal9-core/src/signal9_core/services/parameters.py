"""What callers pass: checked parameters, and cursors; an `InputError` names the one that is wrong.

A cursor is opaque to callers, and valid only for the query that it continues. It is not signed: it
says where to continue in data that the caller may read anyway.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..domain.model import Ticker
from ..domain.news import topic_of
from ..errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import date

    from ..ports import Cursor

_ticker: TypeAdapter[str] = TypeAdapter(Ticker, config=ConfigDict(defer_build=True))
_MAX_CHARACTERS: Final = 4_096
_MAX_VALUE: Final = 1_024
"""No key attribute is longer: DynamoDB allows sort keys of 1,024 bytes."""


def parse_ticker(text: str, field: str = "ticker") -> Ticker:
    """Return the canonical form of a ticker."""
    try:
        return _ticker.validate_python(text)
    except ValidationError as error:
        raise InputError(field, f"invalid ticker {text!r:.42}") from error


def parse_tickers(texts: Iterable[str], limit: int | None = None) -> list[Ticker]:
    """Return the canonical form of tickers, each once, in their order."""
    tickers = list(dict.fromkeys(map(parse_ticker, texts)))
    if limit is not None and len(tickers) > limit:
        raise InputError("tickers", f"at most {limit} in one request, not {len(tickers)}")
    return tickers


def parse_topic(text: str) -> str:
    """Return the canonical form of a topic."""
    topic = topic_of(text)
    if not topic:
        raise InputError("topic", f"invalid topic {text!r:.42}")
    return topic


def check_limit(limit: int, maximum: int) -> None:
    """Refuse a page size that is not from 1 to `maximum`."""
    if not 1 <= limit <= maximum:
        raise InputError("limit", f"must be from 1 to {maximum}, not {limit}")


def check_range(first: date | None, last: date | None) -> None:
    """Refuse a range that ends before it begins."""
    if first is not None and last is not None and first > last:
        raise InputError("from", f"{first} is after to={last}")


class _Token(msgspec.Struct, forbid_unknown_fields=True):
    query: str
    position: dict[str, Annotated[str, msgspec.Meta(min_length=1, max_length=_MAX_VALUE)]]


def encode_cursor(query: Mapping[str, object], position: Cursor | None) -> str | None:
    """Return the cursor that continues a query from a position; `None` at its end."""
    if position is None:
        return None
    token = msgspec.json.encode(_Token(_digest(query), dict(position)))
    return urlsafe_b64encode(token).decode().rstrip("=")


def decode_cursor(
    query: Mapping[str, object], cursor: str | None, attributes: Collection[str]
) -> Cursor | None:
    """Return the position in a cursor, which has just these attributes; `None` at the start."""
    if cursor is None:
        return None
    if len(cursor) > _MAX_CHARACTERS:
        raise invalid_cursor()
    try:
        body = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        token = msgspec.json.decode(body, type=_Token)
    except ValueError as error:
        raise invalid_cursor() from error
    if token.query != _digest(query) or token.position.keys() != set(attributes):
        raise invalid_cursor()
    return token.position


def invalid_cursor() -> InputError:
    """Return the error for a cursor that does not continue the query."""
    return InputError("cursor", "is not a cursor of this query")


def _digest(query: Mapping[str, object]) -> str:
    text = json.dumps(query, default=str, sort_keys=True)
    return blake2b(text.encode(), digest_size=8).hexdigest()
