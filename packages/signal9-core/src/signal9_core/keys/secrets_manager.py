"""Keys in AWS Secrets Manager."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from pydantic import SecretStr

from ..errors import SecretNotSetError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from .found import KeyName

__all__ = ["SecretsManagerKeys", "read_fields", "secret_call", "secrets_client"]

_FIELDS: Final[Mapping[KeyName, tuple[str, str]]] = {
    "alphavantage_key": ("alphavantage", "apiKey"),
    "alpaca_key": ("alpaca", "apiKey"),
    "alpaca_secret": ("alpaca", "secretKey"),
}
_PLACEHOLDER: Final = "set-me"
"""What a secret holds that was deployed and never filled in."""


def secrets_client() -> Any:
    """Return a client that gives up in seconds; region and credentials come from where AWS's do."""
    # boto3 adds nothing to a client but a sixth of its time to start.
    from botocore.config import Config  # noqa: PLC0415  # core runs without it
    from botocore.session import Session  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=2, read_timeout=5
    )
    return Session().create_client("secretsmanager", config=config)


class SecretsManagerKeys:
    """The secrets of a stage: `signal9/alphavantage/<stage>`, `signal9/alpaca/<stage>`."""

    name = "Secrets Manager"

    def __init__(self, client: Any, stage: str) -> None:
        self._client = client
        self._stage = stage
        self._known: dict[str, Mapping[str, object]] = {}

    def get(self, key: KeyName) -> SecretStr | None:
        """Return a key; `None` where there is no such secret, or nothing in it.

        `SecretNotSetError` where it holds its placeholder, which is looked at anew each time.
        """
        provider, field = _FIELDS[key]
        secret = f"signal9/{provider}/{self._stage}"
        found = self._known.get(secret) or self._read(secret)
        if _PLACEHOLDER in found.values():
            raise SecretNotSetError(
                f"secret {secret} still holds its placeholder: "
                f"`hatch run deploy:secrets {self._stage}` sets it"
            )
        self._known[secret] = found
        value = found.get(field)
        return SecretStr(value) if isinstance(value, str) and value else None

    def _read(self, secret: str) -> Mapping[str, object]:
        return read_fields(self._client, secret) or {}


def read_fields(client: Any, secret: str, **version: str) -> Mapping[str, object] | None:
    """Return what a version of a secret holds, the present one unless another is named.

    `None` where there is no such version, or nothing in it yet.
    """
    found = secret_call(secret, client.get_secret_value, **version)
    return None if found is None else _object(secret, found["SecretString"])


def secret_call(secret: str, call: Callable[..., Any], **arguments: object) -> Any:
    """Return what Secrets Manager answers about a secret; `None` where it has no such thing."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        return call(SecretId=secret, **arguments)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "ResourceNotFoundException":
            return None
        raise SettingsError(f"secret {secret} cannot be used: {error}") from error
    except BotoCoreError as error:
        raise SettingsError(f"secret {secret} cannot be used: {error}") from error


def _object(secret: str, text: str) -> Mapping[str, object]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SettingsError(f"secret {secret} is no JSON object")
    return found
