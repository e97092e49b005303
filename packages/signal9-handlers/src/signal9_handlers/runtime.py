"""What every handler shares: the application, and what the request at work is called."""

from contextvars import ContextVar
from functools import cache
from typing import Final

from signal9_core.bootstrap import App
from signal9_core.settings import load_settings

__all__ = ["application", "request_id"]

request_id: Final = ContextVar("request_id", default="")
"""What the request at work is called in answers and in the log."""


@cache
def application() -> App:
    """Return the application that the environment describes, built on first use and then kept."""
    return App(load_settings())
