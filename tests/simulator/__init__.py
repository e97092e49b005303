"""Both providers on this machine: their wire protocols, keys, quotas, pages and errors.

The data are a `Provider`'s, such as the bundled sample. `python -m tests.simulator` serves it.
"""

from .app import Simulator
from .faults import ALPACA_FAULTS, ALPHAVANTAGE_FAULTS
from .limits import Limit
from .recent import RecentSample, SmallSample, action
from .running import running

__all__ = [
    "ALPACA_FAULTS",
    "ALPHAVANTAGE_FAULTS",
    "Limit",
    "RecentSample",
    "Simulator",
    "SmallSample",
    "action",
    "running",
]
