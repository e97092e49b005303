"""Renews a signing key in the four steps of Secrets Manager."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Final

from ..errors import InputError
from .secrets_manager import read_fields, secret_call
from .signing import FIELD, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

__all__ = ["RotateSigningKey"]

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
