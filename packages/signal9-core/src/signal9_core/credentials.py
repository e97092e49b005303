"""The keys of providers: from the environment, the keyring or Secrets Manager."""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple, Protocol

import msgspec
from pydantic import SecretStr

from .aws import aws_errors
from .errors import SecretNotSetError, SettingsError
from .schemas.operations import KeyAnswer, KeysAnswer

KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "alphavantage": {"alphavantage_key": "apiKey"},
    "alpaca": {"alpaca_key": "apiKey", "alpaca_secret": "secretKey"},
}
"""The settings of the keys that each provider needs, and their fields in Secrets Manager."""

_KEYRING_SERVICE: Final = "signal9"
_PLACEHOLDER: Final = "set-me"
"""What a secret holds that was deployed and never set."""


class Credential(NamedTuple):
    """A key, and where it comes from."""

    value: SecretStr
    source: str


class CredentialSource(Protocol):
    """A place that may hold keys."""

    def get(self, key: str) -> Credential | None:
        """Return a key; `None` if it is not there, `SettingsError` if it cannot be read."""


class Credentials:
    """Looks for keys in several sources; the first one that has a key counts."""

    def __init__(self, sources: Sequence[CredentialSource]) -> None:
        self._sources = sources

    def get(self, key: str) -> Credential | None:
        """Return a key; `None` if no source has it, errors as the sources raise them."""
        found = (source.get(key) for source in self._sources)
        return next((credential for credential in found if credential is not None), None)

    def of(self, provider: str) -> dict[str, SecretStr]:
        """Return those of a provider's keys that are set, by their settings."""
        found = {key: self.get(key) for key in KEYS.get(provider, ())}
        return {key: credential.value for key, credential in found.items() if credential}

    def list(self) -> KeysAnswer:
        """Return where every provider's keys come from."""
        return KeysAnswer(
            keys=[
                KeyAnswer(
                    provider=provider, setting=f"SIGNAL9_{key.upper()}", source=self._source_of(key)
                )
                for provider, keys in KEYS.items()
                for key in keys
            ]
        )

    def _source_of(self, key: str) -> str | None:
        try:
            credential = self.get(key)
        except SecretNotSetError:
            return None
        return None if credential is None else credential.source


class EnvironmentCredentials:
    """The values of the settings: from the environment, or else the file `.env`."""

    def __init__(self, values: Mapping[str, SecretStr | None]) -> None:
        self._values = values

    def get(self, key: str) -> Credential | None:
        """Return a key that is among the settings."""
        value = self._values.get(key)
        source = "environment" if os.environ.get(f"SIGNAL9_{key.upper()}") else ".env"
        return None if value is None else Credential(value, source)


class KeyringCredentials:
    """The keyring, if the package `keyring` is installed; the service is `signal9`."""

    def get(self, key: str) -> Credential | None:
        """Return a key; `None` if there is no keyring."""
        if find_spec("keyring") is None:
            return None
        keyring, errors = import_module("keyring"), import_module("keyring.errors")
        try:
            value = keyring.get_password(_KEYRING_SERVICE, key)
        except errors.NoKeyringError:
            return None
        except errors.KeyringError as error:
            raise SettingsError(f"cannot read {key} from the keyring: {error}") from error
        return Credential(SecretStr(value), "keyring") if value else None


class SecretsManagerCredentials:
    """The secrets of a stage: `signal9/alphavantage/<stage>`, `signal9/alpaca/<stage>`."""

    def __init__(self, client: Any, stage: str) -> None:
        self._client = client
        self._stage = stage
        self._secrets: dict[str, Mapping[str, str | None]] = {}

    def get(self, key: str) -> Credential | None:
        """Return a key; `None` if there is no such secret, or nothing in it.

        `SecretNotSetError` while the secret holds its placeholder; it is then read again each time.
        """
        provider = next(provider for provider, fields in KEYS.items() if key in fields)
        secret = f"signal9/{provider}/{self._stage}"
        fields = self._secrets.get(secret) or self._read(secret)
        if _PLACEHOLDER in fields.values():
            raise SecretNotSetError(
                f"secret {secret} still holds its placeholder: "
                f"set it with `hatch run deploy:secrets {self._stage}`"
            )
        self._secrets[secret] = fields
        value = fields.get(KEYS[provider][key])
        return Credential(SecretStr(value), "Secrets Manager") if value else None

    def _read(self, secret: str) -> Mapping[str, str | None]:
        with aws_errors(f"secret {secret}", SettingsError):
            try:
                text = self._client.get_secret_value(SecretId=secret)["SecretString"]
            except self._client.exceptions.ResourceNotFoundException:
                return {}
        try:
            return msgspec.json.decode(text, type=dict[str, str | None])
        except msgspec.DecodeError as error:  # its message does not quote the text
            raise SettingsError(f"secret {secret} must hold a JSON object of texts") from error
