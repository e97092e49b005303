"""Rotation of Auth0's client secret, in the four steps of Secrets Manager."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import Any, Final

import httpx2
import msgspec

from .aws import aws_errors
from .errors import RotationError, SecretNotSetError

CURRENT: Final = "AWSCURRENT"
PENDING: Final = "AWSPENDING"
STEPS: Final = ("createSecret", "setSecret", "testSecret", "finishSecret")

_PLACEHOLDER: Final = "set-me"
_SECRET_BYTES: Final = 48
_DOMAIN: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_LOOPBACK: Final = re.compile(r"127\.0\.0\.1:\d{1,5}", re.ASCII)
_TIMEOUT_S: Final = 10
_TRIES: Final = 8
_PAUSE_S: Final = 5.0
"""Auth0 may take thirty seconds until a new secret counts."""


class Auth0Secret(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The tenant and the client whose secret it is; its text does not show the secret."""

    domain: str
    audience: str = ""
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Return the client without its secret."""
        return f"Auth0Secret({self.domain!r}, {self.client_id!r})"


@dataclass(frozen=True)
class Auth0:
    """The token endpoint and the management API of a tenant, as one client sees them."""

    http: httpx2.Client

    def token(self, known: Auth0Secret) -> str | None:
        """Return an access token for the management API; `None` if the secret is refused."""
        url = _url(known)
        form = {
            "grant_type": "client_credentials",
            "client_id": known.client_id,
            "client_secret": known.client_secret,
            "audience": f"{url}/api/v2/",
        }
        answer = self._send("POST", f"{url}/oauth/token", json=form)
        if answer.status_code == httpx2.codes.UNAUTHORIZED:
            return None
        _check(answer, "the token endpoint")
        try:
            return str(answer.json()["access_token"])
        except (KeyError, TypeError, ValueError) as error:
            raise RotationError(f"{known.domain}: the answer has no token") from error

    def set_secret(self, token: str, pending: Auth0Secret) -> None:
        """Replace the client's secret; the one of before does not count any more."""
        url = f"{_url(pending)}/api/v2/clients/{pending.client_id}"
        headers = {"Authorization": f"Bearer {token}"}
        body = {"client_secret": pending.client_secret}
        _check(self._send("PATCH", url, json=body, headers=headers), "the management API")

    def _send(self, method: str, url: str, **options: Any) -> httpx2.Response:
        try:
            return self.http.request(method, url, timeout=_TIMEOUT_S, **options)
        except httpx2.TransportError as error:
            raise RotationError(f"{url}: {error}") from error


@dataclass(frozen=True)
class RotateSecret:
    """Replaces a client secret step by step; any step may be repeated.

    A step that comes too early, or fails, leaves the current secret as it is. What counts at Auth0
    is always stored: as current or, between `setSecret` and `finishSecret`, as pending.
    """

    client: Any
    auth0: Auth0
    pause: Callable[[float], None] = sleep

    def __call__(self, secret: str, version: str, step: str) -> None:
        """Do a step for the version that is pending; `RotationError` says why it cannot be done."""
        if step not in STEPS:
            raise RotationError(f"unknown step {step!r:.40}")
        with aws_errors(f"secret {secret}", RotationError):
            stages = self.client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        if CURRENT in stages.get(version, ()):
            return  # it is done
        if PENDING not in stages.get(version, ()):
            raise RotationError(f"secret {secret}: version {version} is not pending")
        current = self._read(secret, CURRENT)
        if current is None or _PLACEHOLDER in {current.domain, current.client_secret}:
            raise SecretNotSetError(f"secret {secret} still holds its placeholder")
        if step == "createSecret":
            self._create(secret, version)
            return
        pending = self._read(secret, PENDING, version)
        if pending is None:
            raise RotationError(f"secret {secret}: {step} comes before createSecret")
        if step == "setSecret":
            self._set(current, pending)
        elif not self._is_accepted(pending):
            raise RotationError(f"secret {secret}: {pending.domain} refuses the pending secret")
        elif step == "finishSecret":
            self._finish(secret, version, stages)

    def _create(self, secret: str, version: str) -> None:
        if self._read_fields(secret, PENDING, version) is not None:
            return
        current = self._read_fields(secret, CURRENT)
        pending = {**(current or {}), "clientSecret": secrets.token_urlsafe(_SECRET_BYTES)}
        with aws_errors(f"secret {secret}", RotationError):
            self.client.put_secret_value(
                SecretId=secret,
                ClientRequestToken=version,
                SecretString=msgspec.json.encode(pending).decode(),
                VersionStages=[PENDING],
            )

    def _set(self, current: Auth0Secret, pending: Auth0Secret) -> None:
        if (pending.domain, pending.client_id) != (current.domain, current.client_id):
            raise RotationError(f"the pending secret is not of {current.client_id}")
        if self.auth0.token(pending) is not None:
            return  # a step that was stopped, or its answer lost, has set it
        token = self.auth0.token(current)
        if token is None:
            raise RotationError(f"{current.domain} refuses the current secret")
        self.auth0.set_secret(token, pending)

    def _is_accepted(self, pending: Auth0Secret) -> bool:
        for _ in range(_TRIES - 1):
            if self.auth0.token(pending) is not None:
                return True
            self.pause(_PAUSE_S)
        return self.auth0.token(pending) is not None

    def _finish(self, secret: str, version: str, stages: dict[str, list[str]]) -> None:
        before = next((id_ for id_, names in stages.items() if CURRENT in names), None)
        with aws_errors(f"secret {secret}", RotationError):
            self.client.update_secret_version_stage(
                SecretId=secret,
                VersionStage=CURRENT,
                MoveToVersionId=version,
                RemoveFromVersionId=before,
            )

    def _read(self, secret: str, stage: str, version: str | None = None) -> Auth0Secret | None:
        fields = self._read_fields(secret, stage, version)
        try:
            return None if fields is None else msgspec.convert(fields, Auth0Secret)
        except msgspec.ValidationError as error:  # it names a field, and quotes no value
            raise RotationError(f"secret {secret}: {error}") from error

    def _read_fields(
        self, secret: str, stage: str, version: str | None = None
    ) -> dict[str, str] | None:
        chosen = {"VersionStage": stage} | ({} if version is None else {"VersionId": version})
        with aws_errors(f"secret {secret}", RotationError):
            try:
                value = self.client.get_secret_value(SecretId=secret, **chosen)["SecretString"]
            except self.client.exceptions.ResourceNotFoundException:
                return None
        try:
            return msgspec.json.decode(value, type=dict[str, str])
        except msgspec.MsgspecError as error:  # its message does not quote the text
            raise RotationError(f"secret {secret} must hold a JSON object of texts") from error


def _url(known: Auth0Secret) -> str:
    if _LOOPBACK.fullmatch(known.domain):
        return f"http://{known.domain}"
    if not _DOMAIN.fullmatch(known.domain):
        raise RotationError("the domain must be a host name, such as tenant.eu.auth0.com")
    return f"https://{known.domain}"


def _check(answer: httpx2.Response, where: str) -> None:
    if not answer.is_success:  # the body is not quoted: nobody knows what it repeats
        raise RotationError(f"{where} of {answer.url.host} answered {answer.status_code}")
