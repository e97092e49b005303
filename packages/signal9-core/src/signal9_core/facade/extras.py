"""Libraries that come with an extra, loaded when they are first needed."""

from importlib import import_module
from types import ModuleType

from ..errors import Signal9Error

__all__ = ["MissingExtraError", "load_extra"]


class MissingExtraError(Signal9Error, ImportError):
    """A library that this needs is not installed; the message says how to install it."""


def load_extra(module: str, extra: str) -> ModuleType:
    """Return a module of a library that the extra brings."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        raise MissingExtraError(
            f'this needs {library}: pip install "signal9-core[{extra}]"'
        ) from error
