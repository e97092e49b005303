"""What every handler shares: the application and the log."""

from functools import cache

from aws_lambda_powertools import Logger

from signal9_core.app import App, build
from signal9_core.settings import load_settings

__all__ = ["application", "logger"]

logger = Logger(service="signal9")


@cache
def application() -> App:
    """Return the application that the environment describes, built on first use and then kept."""
    return build(load_settings())
