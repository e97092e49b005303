"""Bars shorter than a day."""

from typing import Self

from pydantic import NonNegativeInt, model_validator

from ..domain import Exact, Instant, Model, Ticker

__all__ = ["IntradayBar"]


class IntradayBar(Model):
    """Trading in one company from an instant on, for as long as was asked."""

    ticker: Ticker
    start: Instant
    open: Exact
    high: Exact
    low: Exact
    close: Exact
    volume: NonNegativeInt

    @model_validator(mode="after")
    def _open_and_close_lie_within_the_range(self) -> Self:
        if not self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise ValueError(f"{self.ticker} at {self.start}: open or close outside low..high")
        return self
