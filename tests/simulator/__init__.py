"""Both providers on this machine: their wire protocols, keys, quotas, pages and errors.

The data are a `Provider`'s, such as the bundled sample. `python -m tests.simulator` serves it.
"""

from .app import Simulator, running
from .recent import RecentSample, SmallSample, action
from .replies import ALPACA_FAULTS, ALPHAVANTAGE_FAULTS

__all__ = [
    "ALPACA_FAULTS",
    "ALPHAVANTAGE_FAULTS",
    "RecentSample",
    "Simulator",
    "SmallSample",
    "action",
    "running",
]
