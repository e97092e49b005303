"""The log: structured lines, each with the name of the request that it belongs to.

Apart from the rest, since few requests have anything to log and loading it takes its time.
"""

import logging

from aws_lambda_powertools import Logger

from .runtime import request_id

__all__ = ["logger"]


def _with_request_id(record: logging.LogRecord) -> bool:
    if name := request_id.get():
        record.correlation_id = name
    return True


logger = Logger(service="signal9")
logger.addFilter(_with_request_id)
