"""Checks of what callers ask for; an `InputError` names the parameter that is wrong."""

from collections.abc import Iterable
from datetime import date

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..domain.model import Ticker
from ..domain.news import topic_of
from ..errors import InputError

__all__ = ["check_limit", "check_range", "parse_ticker", "parse_tickers", "parse_topic"]

_ticker: TypeAdapter[str] = TypeAdapter(Ticker, config=ConfigDict(defer_build=True))


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
