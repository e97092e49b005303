"""What all handlers share: the application, the log and the id of the current request."""

import logging
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Final

from signal9_core.bootstrap import App
from signal9_core.settings import load_settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

__all__ = ["application", "logger", "request_id"]

request_id: Final = ContextVar("request_id", default="")
"""The id of the current request, as answers and log lines carry it."""


@cache
def application() -> App:
    """Return the application for the environment's settings, built on first use."""
    return App(load_settings())


@cache
def logger() -> "Logger":
    """Return the logger; its lines carry the request's id.

    It is imported on first use, since most requests log nothing.
    """
    from aws_lambda_powertools import Logger  # noqa: PLC0415

    log = Logger(service="signal9")
    log.addFilter(_add_request_id)
    return log


def _add_request_id(record: logging.LogRecord) -> bool:
    if value := request_id.get():
        record.correlation_id = value
    return True
