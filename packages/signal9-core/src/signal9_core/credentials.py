"""Keys by name: the first source that has one is taken."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, Literal, Protocol

from pydantic import SecretStr

from .errors import InputError, SecretNotSetError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from .ports import Clock
__all__ = [
    "FIELD",
    "KEYS",
    "MIN_LENGTH",
    "FoundKey",
    "KeyName",
    "KeySource",
    "KeyringKeys",
    "RotateSigningKey",
    "SecretSigningKeys",
    "SecretsManagerKeys",
    "find_key",
    "read_fields",
    "secret_call",
    "secrets_client",
    "signing_key",
    "with_keys",
]

KeyName = Literal["alphavantage_key", "alpaca_key", "alpaca_secret"]
"""What the setting of a key is called."""

KEYS: Final[Mapping[str, tuple[KeyName, ...]]] = {
    "alphavantage": ("alphavantage_key",),
    "alpaca": ("alpaca_key", "alpaca_secret"),
}
"""Which keys each provider needs."""


class KeySource(Protocol):
    """A place that may hold keys."""

    @property
    def name(self) -> str:
        """What people call it."""

    def get(self, key: KeyName) -> SecretStr | None:
        """Return a key; `None` where it is not there. `SettingsError` where it cannot be read."""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, and where it was found."""

    source: str
    value: SecretStr


def find_key(key: KeyName, sources: Sequence[KeySource]) -> FoundKey | None:
    """Return a key from the first source that has it; `SettingsError` as the sources raise it."""
    for source in sources:
        value = source.get(key)
        if value is not None:
            return FoundKey(source.name, value)
    return None


def with_keys(names: Sequence[KeyName], sources: Sequence[KeySource]) -> dict[str, SecretStr]:
    """Return those of the keys that are anywhere, by their settings."""
    found = {name: find_key(name, sources) for name in names}
    return {name: each.value for name, each in found.items() if each is not None}


_SERVICE: Final = "signal9"


class KeyringKeys:
    """The keyring, where the package `keyring` is installed; the service is `signal9`."""

    name = "keyring"

    def get(self, key: KeyName) -> SecretStr | None:
        """Return a key; `None` where there is no keyring."""
        if find_spec("keyring") is None:
            return None
        keyring = import_module("keyring")
        try:
            found = keyring.get_password(_SERVICE, key)
        except import_module("keyring.errors").NoKeyringError:
            return None
        except import_module("keyring.errors").KeyringError as error:
            raise SettingsError(f"the keyring does not give {key}: {error}") from error
        return SecretStr(found) if found else None


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
    from botocore.config import Config  # core runs without it
    from botocore.session import Session

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
    from botocore.exceptions import BotoCoreError, ClientError

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


FIELD: Final = "key"
"""Where a secret holds the key."""

MIN_LENGTH: Final = 32
"""A key of fewer characters could be guessed."""

_GOOD_FOR: Final = timedelta(hours=1)
_NOT_AGAIN_WITHIN: Final = timedelta(minutes=1)
_STAGES: Final = ("AWSPREVIOUS", "AWSCURRENT")


def signing_key(secret: str, fields: Mapping[str, object] | None) -> str:
    """Return the key in a secret; `SettingsError` where there is none that may be used."""
    key = (fields or {}).get(FIELD)
    if not isinstance(key, str) or len(key) < MIN_LENGTH:
        raise SettingsError(
            f"secret {secret}: {FIELD} must be a text of {MIN_LENGTH} characters or more"
        )
    return key


class SecretSigningKeys:
    """The previous key of a secret and the present one, so that what was signed stays good.

    They are read again every hour, and at most once a minute when somebody shows what they did not
    sign: a process that outlives a rotation learns of it, and made-up cursors cost nothing.
    """

    def __init__(self, client: Any, secret: str, clock: Clock) -> None:
        self._client = client
        self._secret = secret
        self._clock = clock
        self._keys: Sequence[str] = ()
        self._read_at: datetime | None = None

    def known(self) -> Sequence[str]:
        """Return the keys, oldest first; the last one signs."""
        return self._not_older_than(_GOOD_FOR)

    def renewed(self) -> Sequence[str]:
        """Return them as they are now, or were a minute ago."""
        return self._not_older_than(_NOT_AGAIN_WITHIN)

    def _not_older_than(self, age: timedelta) -> Sequence[str]:
        now = self._clock()
        if not self._keys or self._read_at is None or now - self._read_at > age:
            self._read_at = now
            try:
                self._keys = self._read()
            except SettingsError:
                # Where Secrets Manager is away for a while, the keys that are known go on.
                if not self._keys:
                    raise
        return self._keys

    def _read(self) -> Sequence[str]:
        previous, current = (
            read_fields(self._client, self._secret, VersionStage=stage) for stage in _STAGES
        )
        kept = [] if previous is None else [signing_key(self._secret, previous)]
        return [*kept, signing_key(self._secret, current)]


_CURRENT: Final = "AWSCURRENT"
_PENDING: Final = "AWSPENDING"
_FIRST: Final = "createSecret"
_BYTES: Final = 48


class RotateSigningKey:
    """Makes a new key, proves it, and lets it take the place of the present one.

    Secrets Manager calls step by step, and again where one failed: every step may be repeated. The
    key that was is kept as the previous one, for whoever holds something that it signed.
    """

    def __init__(self, client: Any, prove: Callable[[str], None]) -> None:
        self._client = client
        self._prove = prove
        self._steps: Mapping[str, Callable[[str, str], None]] = {
            _FIRST: self._create,
            "setSecret": self._set,
            "testSecret": self._test,
            "finishSecret": self._finish,
        }

    def __call__(self, step: str, secret: str, token: str) -> None:
        """Take one step with the version that is called `token`."""
        if step not in self._steps:
            raise InputError("Step", f"must be one of {', '.join(self._steps)}, not {step!r}")
        stages = self._versions(secret).get(token, ())
        if _CURRENT in stages:
            return
        if _PENDING not in stages and step != _FIRST:
            raise InputError("ClientRequestToken", f"{token} is no pending version of {secret}")
        self._steps[step](secret, token)

    def _create(self, secret: str, token: str) -> None:
        if self._pending(secret, token) is None:
            secret_call(
                secret,
                self._client.put_secret_value,
                ClientRequestToken=token,
                SecretString=json.dumps({FIELD: secrets.token_urlsafe(_BYTES)}),
                VersionStages=[_PENDING],
            )

    def _set(self, secret: str, token: str) -> None:
        """Tell nobody: whoever signs reads the secret itself."""

    def _test(self, secret: str, token: str) -> None:
        self._prove(signing_key(secret, self._pending(secret, token)))

    def _finish(self, secret: str, token: str) -> None:
        versions = self._versions(secret)
        secret_call(
            secret,
            self._client.update_secret_version_stage,
            VersionStage=_CURRENT,
            MoveToVersionId=token,
            RemoveFromVersionId=next(each for each in versions if _CURRENT in versions[each]),
        )

    def _pending(self, secret: str, token: str) -> Mapping[str, object] | None:
        return read_fields(self._client, secret, VersionStage=_PENDING, VersionId=token)

    def _versions(self, secret: str) -> Mapping[str, Sequence[str]]:
        described = secret_call(secret, self._client.describe_secret)
        if described is None:
            raise InputError("SecretId", f"there is no secret {secret}")
        found: Mapping[str, Sequence[str]] = described["VersionIdsToStages"]
        return found
