"""Clients of AWS with short timeouts and standard retries, and botocore's errors as our own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from .errors import Signal9Error

_CONNECTIONS: Final = 16
_SERVER_ERROR: Final = 500
_TRANSIENT_CODES: Final = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TransactionConflictException",
    }
)

MakeError = Callable[[str], Signal9Error]
"""Makes an error of a message; most often the class itself."""


def aws_client(
    service: str, *, region: str | None = None, endpoint_url: str | None = None, attempts: int = 4
) -> Any:  # its type is the caller's business, since it differs per service
    """Return a client that tries some times and waits for seconds rather than minutes.

    Region, endpoint and credentials come from where AWS's tools take them, unless passed.
    """
    # A process without AWS never loads it; boto3 on top would only take longer to start.
    from botocore.config import Config
    from botocore.session import Session

    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=_CONNECTIONS,
        tcp_keepalive=True,
    )
    return Session().create_client(
        service, region_name=region, endpoint_url=endpoint_url, config=config
    )


@contextmanager
def aws_errors(
    where: str, error: MakeError, *, unavailable: MakeError | None = None
) -> Iterator[None]:
    """Raise what botocore raises inside as `error`, or as `unavailable` where it may pass."""
    from botocore import exceptions

    transient = unavailable or error
    try:
        yield
    except exceptions.ClientError as failure:
        make = transient if _is_transient(failure.response) else error
        raise make(f"{where}: {failure}") from failure
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as failure:
        raise transient(f"{where}: {failure}") from failure
    except exceptions.BotoCoreError as failure:
        raise error(f"{where}: {failure}") from failure


def _is_transient(response: Any) -> bool:
    code = response.get("Error", {}).get("Code", "")
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return code in _TRANSIENT_CODES or status >= _SERVER_ERROR
