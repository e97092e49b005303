"""The time, as something that is passed in."""

from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Clock", "utc_now"]

Clock = Callable[[], datetime]
"""Returns the present instant, aware and in UTC."""


def utc_now() -> datetime:
    """Return the present instant by this machine's clock, in UTC."""
    return datetime.now(UTC)
