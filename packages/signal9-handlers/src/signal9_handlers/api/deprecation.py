"""What is to go: told in the document and in every answer, half a year before it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime
from typing import Final

__all__ = ["NOTICE", "Deprecation"]

NOTICE: Final = timedelta(days=182)
"""How long before its end something is announced, at least."""


@dataclass(frozen=True)
class Deprecation:
    """Since when nobody should begin to use something, and from when on it may be gone."""

    since: date
    sunset: date

    def __post_init__(self) -> None:
        """Refuse what would come too suddenly."""
        if self.sunset - self.since < NOTICE:
            raise ValueError(f"{self.sunset} is less than {NOTICE.days} days after {self.since}")

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers that tell (RFC 9745, RFC 8594)."""
        return {
            "Deprecation": f"@{int(_midnight(self.since).timestamp())}",
            "Sunset": format_datetime(_midnight(self.sunset), usegmt=True),
        }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
