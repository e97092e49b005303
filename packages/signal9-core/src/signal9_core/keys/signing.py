"""The key that signs cursors, kept in AWS Secrets Manager and renewed there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from ..errors import SettingsError
from .secrets_manager import read_fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from ..ports import Clock

__all__ = ["FIELD", "MIN_LENGTH", "SecretSigningKeys", "signing_key"]

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
