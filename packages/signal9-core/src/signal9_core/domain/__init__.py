"""Facts and their rules: immutable models that know neither stores nor providers.

This package offers what notebooks compute with, loaded when it is first used. Everything else is
imported from the module that has it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .adjustment import Adjustment, CorporateAction, adjust
    from .prices import Bar, Interval, LongInterval, PriceSeries, find_invalid_bar
    from .timeseries import (
        concat,
        merge,
        resample,
        returns,
        rolling_mean,
        rolling_volatility,
        split,
    )

__all__ = [
    "Adjustment",
    "Bar",
    "CorporateAction",
    "Interval",
    "LongInterval",
    "PriceSeries",
    "adjust",
    "concat",
    "find_invalid_bar",
    "merge",
    "resample",
    "returns",
    "rolling_mean",
    "rolling_volatility",
    "split",
]


def __getattr__(name: str) -> object:
    if name in __all__:
        for module in ("prices", "timeseries", "adjustment"):
            names = vars(import_module(f".{module}", __name__))
            if name in names:
                return names[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
