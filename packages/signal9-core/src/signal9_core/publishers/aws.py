"""The edge to boto3: clients that give up in bounded time, and its errors as our own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import PublishError

if TYPE_CHECKING:
    from botocore.config import Config

__all__ = ["client_config", "publish_errors"]


def client_config() -> "Config":
    """Return how long a client waits and how often it tries: seconds, not minutes."""
    from botocore.config import Config  # noqa: PLC0415  # core runs without it

    return Config(
        retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=2, read_timeout=5
    )


@contextmanager
def publish_errors(where: str) -> Iterator[None]:
    """Turn whatever botocore raises inside into a `PublishError`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise PublishError(f"{where}: {error}") from error
