"""Sources of market data, each filling the `Provider` port.

A provider is a package here that offers `create`, `notice` and `response_format`; importing it
loads neither an HTTP library nor parsers. `docs/add-a-provider.md` shows how to write one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..errors import SettingsError

__all__ = ["PROVIDERS", "live_extra"]

PROVIDERS: Final = {
    "alpaca": "signal9_core.providers.alpaca",
    "alphavantage": "signal9_core.providers.alphavantage",
    "sample": "signal9_core.providers.sample",
}
"""The package of each provider, by the name that the setting `provider` has."""


@contextmanager
def live_extra() -> Iterator[None]:
    """Name the extra to install if a package that live providers need is missing."""
    try:
        yield
    except ImportError as error:
        raise SettingsError(
            "live providers need more packages: pip install 'signal9-core[live]'"
        ) from error
