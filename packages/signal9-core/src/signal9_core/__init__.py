"""Market data you can trust: collected inside the providers' quotas, stored exactly, served simply.

`from signal9_core import Signal9` is the way in for notebooks. Names are loaded when they are first
used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from .notebook.client import Signal9

__all__ = ["Signal9", "__version__"]


def __getattr__(name: str) -> object:
    if name == "Signal9":
        return import_module(".notebook", __name__).Signal9
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
