"""What parameters may be; whatever is wrong is named by its field."""

from collections.abc import Callable, Iterable
from datetime import date

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ..domain import AssetProfile, Ticker, topic_of
from ..errors import InputError, NotFoundError
from ..repositories import AssetRepository

__all__ = [
    "Nearest",
    "check_limit",
    "check_range",
    "check_topic",
    "existing",
    "several_tickers",
    "ticker_of",
]

Nearest = Callable[[str], tuple[str, ...]]
"""Returns the tickers that are most like a text."""

_ticker: TypeAdapter[str] = TypeAdapter(Ticker, config=ConfigDict(defer_build=True))


def ticker_of(text: str) -> Ticker:
    """Return the canonical form of a ticker; `InputError` where it can be none."""
    try:
        return _ticker.validate_python(text)
    except ValidationError as error:
        raise InputError("ticker", f"{text!r:.42} is no ticker") from error


def several_tickers(texts: Iterable[str], at_most: int) -> list[Ticker]:
    """Return these tickers in canonical form, each once, in their order."""
    found = list(dict.fromkeys(ticker_of(each) for each in texts))
    if len(found) > at_most:
        raise InputError("tickers", f"{len(found)} are too many; at most {at_most} in one call")
    return found


def check_limit(limit: int, at_most: int) -> None:
    """`InputError` unless `limit` is from 1 to `at_most`."""
    if not 1 <= limit <= at_most:
        raise InputError("limit", f"{limit} is not from 1 to {at_most}")


def check_range(first: date | None, last: date | None) -> None:
    """`InputError` unless `first` comes before or is `last`."""
    if first is not None and last is not None and first > last:
        raise InputError("from", f"{first} is after to={last}")


def check_topic(text: str) -> str:
    """Return the canonical form of a topic; `InputError` where it has no letter or digit."""
    topic = topic_of(text)
    if not topic:
        raise InputError("topic", f"{text[:40]!r} is no topic")
    return topic


def existing(assets: AssetRepository, ticker: str, nearest: Nearest) -> AssetProfile:
    """Return the company's profile; `NotFoundError`, with what may have been meant, if unknown.

    Some write `BRK-B` for `BRK.B`; both are understood.
    """
    canonical = ticker_of(ticker)
    profile = assets.get(canonical)
    if profile is None and "-" in canonical:
        profile = assets.get(canonical.replace("-", "."))
    if profile is None:
        raise NotFoundError("ticker", canonical, nearest(canonical))
    return profile
