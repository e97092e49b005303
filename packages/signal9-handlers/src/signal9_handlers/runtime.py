"""What every handler shares: the application and the log."""

import logging
from contextvars import ContextVar
from functools import cache
from typing import Final

from aws_lambda_powertools import Logger

from signal9_core.app import App, build
from signal9_core.settings import load_settings

__all__ = ["application", "logger", "request_id"]

request_id: Final = ContextVar("request_id", default="")
"""What the request at work is called."""


def _with_request_id(record: logging.LogRecord) -> bool:
    if name := request_id.get():
        record.correlation_id = name
    return True


logger = Logger(service="signal9")
logger.addFilter(_with_request_id)


@cache
def application() -> App:
    """Return the application that the environment describes, built on first use and then kept."""
    return build(load_settings())
