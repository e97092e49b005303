"""Where the bodies that providers send are kept, just as they came."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..domain import Ticker

__all__ = ["RawCache", "RawResponse"]


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A whole body that a provider sent with success, and what had been asked.

    `function` is what the provider calls the question (`OVERVIEW`, `stocks_bars`), `request` its
    parameters without any key; `ticker` is `None` where it was not about exactly one company.
    Neither request nor body holds a key: the client has cut it out, whatever the provider echoes.
    """

    provider: str
    function: str
    ticker: Ticker | None
    request: Mapping[str, str]
    body: bytes
    received_at: datetime


class RawCache(Protocol):
    """Keeps raw responses, so that the tables can be rebuilt without a call."""

    def keep(self, response: RawResponse) -> None:
        """Keep one response; one that is kept already, byte for byte, is not kept twice."""
