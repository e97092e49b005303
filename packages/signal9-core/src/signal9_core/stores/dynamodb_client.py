"""The edge to botocore: a client that gives up in bounded time, and its errors as our own."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from ..errors import ConflictError, StoreError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.exceptions import ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

__all__ = ["CONNECTIONS", "ConditionFailedError", "dynamodb_client", "dynamodb_errors"]

CONNECTIONS: Final = 8
"""Requests that one call of a store has under way at once."""

_SERVER_ERROR: Final = 500
_TRANSIENT: Final = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
    }
)


class ConditionFailedError(ConflictError):
    """A condition did not hold; `found` is what stood in the place of the item, if anything."""

    def __init__(self, message: str, found: Mapping[str, AttributeValueTypeDef]) -> None:
        super().__init__(message)
        self.found = found


def dynamodb_client(
    *, region: str | None = None, endpoint_url: str | None = None
) -> DynamoDBClient:
    """Return a client that tries four times, and waits seconds rather than minutes each time.

    Region, endpoint and credentials come from where AWS's tools take them, unless given.
    """
    # boto3 adds nothing to a client but a sixth of its time to start.
    from botocore.config import Config  # noqa: PLC0415  # core runs without it
    from botocore.session import Session  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=2,
        read_timeout=5,
        max_pool_connections=2 * CONNECTIONS,
        tcp_keepalive=True,
    )
    client = Session().create_client(
        "dynamodb", region_name=region, endpoint_url=endpoint_url, config=config
    )
    return cast("DynamoDBClient", client)


@contextmanager
def dynamodb_errors(where: str) -> Iterator[None]:
    """Turn whatever botocore raises inside into a `StoreError`."""
    from botocore import exceptions  # noqa: PLC0415  # core runs without it

    try:
        yield
    except exceptions.ClientError as error:
        raise _mapped(where, error) from error
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise StoreUnavailableError(f"{where}: {error}") from error
    except exceptions.BotoCoreError as error:
        raise StoreError(f"{where}: {error}") from error


def _mapped(where: str, error: ClientError) -> StoreError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ConditionalCheckFailedException":
        found: Mapping[str, AttributeValueTypeDef] = error.response.get("Item", {})  # type: ignore[assignment]  # the stubs know no members of one error
        return ConditionFailedError(f"{where}: the condition failed", found)
    if code in _TRANSIENT or status >= _SERVER_ERROR:
        return StoreUnavailableError(f"{where}: {error}")
    return StoreError(f"{where}: {error}")
