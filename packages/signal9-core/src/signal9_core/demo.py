"""The simulator of the providers, for people who want to see the pipeline without any key."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from .ports import utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .settings import Settings

_KEY: Final = "demo"
_PER_MINUTE: Final = 100_000
"""Nobody waits for the quota of a simulator."""


class DemoClock:
    """A clock that is one day slow, until it is set right."""

    def __init__(self) -> None:
        self._behind = timedelta(days=1)

    def __call__(self) -> datetime:
        """Return the time, in UTC."""
        return utc_now() - self._behind

    def next_day(self) -> None:
        """Let the day pass."""
        self._behind = timedelta(0)


@contextmanager
def simulated(home: Path, provider: str, companies: int, clock: DemoClock) -> Iterator[Settings]:
    """Serve a market of so many companies on 127.0.0.1; yield the settings that lead to it.

    They keep everything in `home`, whatever the environment says.
    """
    from .providers import live_extra
    from .settings import Settings

    with live_extra():
        from .providers.simulator.market import Market
        from .providers.simulator.simulator import Simulator, running
    simulator = Simulator(Market(clock, companies), clock=clock, alpaca_per_minute=_PER_MINUTE)
    with running(simulator) as address:
        urls = dict.fromkeys(("alphavantage_url", "alpaca_url", "alpaca_data_url"), address)
        keys = dict.fromkeys(("alphavantage_key", "alpaca_key", "alpaca_secret"), _KEY)
        limits = dict.fromkeys(("alphavantage_per_minute", "alpaca_per_minute"), _PER_MINUTE)
        unset = dict.fromkeys(("cache_bucket", "event_bus", "notification_topic", "mail_sender"))
        known = {name: None for name in unset if name in Settings.model_fields}
        places = {"stage": "demo", "store": "sqlite", "home": home, "provider": provider}
        yield Settings.model_validate({**places, **urls, **keys, **limits, **known})
