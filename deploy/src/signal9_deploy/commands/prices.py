"""What things cost: a dated file that names its sources."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from .toolkit import DEPLOY

__all__ = ["AtRest", "Prices", "Usage", "load_prices"]

_FILE: Final = DEPLOY / "prices.toml"
_STRICT: Final = ConfigDict(frozen=True, extra="forbid")


class AtRest(BaseModel):
    """What a unit of a resource costs a month, and how many units are never charged for."""

    model_config = _STRICT

    unit: str
    price: Decimal
    free: int = 0


class Usage(BaseModel):
    """How much of something is used, and what it costs; by `each` resource of its type, or once."""

    model_config = _STRICT

    resource: str
    unit: str
    amount: Decimal
    price: Decimal
    each: bool = False


class Prices(BaseModel):
    """All prices, as they were on a date."""

    model_config = _STRICT

    date: date
    region: str
    sources: tuple[str, ...] = Field(min_length=1)
    at_rest: Mapping[str, AtRest]
    per_million: tuple[Usage, ...]
    per_10k_tickers: tuple[Usage, ...]


def load_prices(file: Path = _FILE) -> Prices:
    """Read the file; numbers keep every digit."""
    text = file.read_text("utf-8")
    return Prices.model_validate(tomllib.loads(text, parse_float=Decimal))
