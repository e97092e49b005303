"""Checks of a deployed stage from outside: health, sign-in, a page, and work for the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final, Protocol

import httpx2
import msgspec

from .aws import aws_errors
from .errors import SettingsError, Signal9Error, SmokeError
from .schemas.operations import SmokeAnswer, SmokeCheck

if TYPE_CHECKING:
    from collections.abc import Collection

    from .schemas.operations import Outcome, SmokeRequest

_PLACEHOLDER: Final = "set-me"
_TIMEOUT: Final = httpx2.Timeout(60, connect=10)
"""API Gateway answers within half a minute; an emulator on a busy machine takes longer."""

_ATTEMPTS: Final = 3
_PAUSE_S: Final = 5.0
_POLL_S: Final = 1.0
_RENEW_S: Final = 60.0
_FOREIGN_TOKEN: Final = "eyJhbGciOiJSUzI1NiIsImtpZCI6InNtb2tlIn0.e30.c21va2U"  # noqa: S105
"""A token with a key that no issuer has: the header, an empty body and no true signature."""

Look = Callable[[], str]


class Probed(Protocol):
    """The pipeline, as a probe sees it."""

    def send_probe(self) -> str:
        """Send a message that workers only note, and return its id."""

    def is_noted(self, probe: str) -> bool:
        """Return whether a worker has received a probe."""

    def waiting(self) -> Collection[str]:
        """Return the ids of the work items that were sent and are not done."""


class ClientSecret(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A client of the issuer that gets tokens for itself; its text does not show the secret."""

    token_url: str
    audience: str
    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        """Return the client without its secret."""
        return f"ClientSecret({self.token_url!r}, {self.client_id!r})"


class ClientCredentials:
    """Tokens for the client in a secret, each used until a minute before it expires."""

    def __init__(self, secrets: Any, name: str, http: httpx2.Client) -> None:
        self._secrets = secrets
        self._name = name
        self._http = http
        self._token = ""
        self._expires_at = 0.0

    def token(self) -> str | None:
        """Return a token; `None` if the stage has no client, or a placeholder in its place."""
        if monotonic() < self._expires_at:
            return self._token
        client = self._read()
        if client is None or _PLACEHOLDER in msgspec.structs.astuple(client):
            return None
        form = {
            "grant_type": "client_credentials",
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "audience": client.audience,
        }
        answer = self._http.post(client.token_url, data=form, timeout=_TIMEOUT)
        if answer.status_code != HTTPStatus.OK:
            raise SmokeError(f"{client.token_url} answered {answer.status_code}, without a token")
        try:
            content = answer.json()
            self._token = str(content["access_token"])
            lifetime_s = float(content.get("expires_in", 0))
        except (KeyError, TypeError, ValueError) as error:
            raise SmokeError(f"{client.token_url}: the answer has no token") from error
        self._expires_at = monotonic() + lifetime_s - _RENEW_S
        return self._token

    def _read(self) -> ClientSecret | None:
        with aws_errors(f"secret {self._name}", SettingsError):
            try:
                text = self._secrets.get_secret_value(SecretId=self._name)["SecretString"]
            except self._secrets.exceptions.ResourceNotFoundException:
                return None
        try:
            return msgspec.json.decode(text, type=ClientSecret)
        except msgspec.DecodeError as error:  # its message does not quote the text
            raise SettingsError(f"secret {self._name}: {error}") from error


@dataclass(frozen=True)
class CheckStage:
    """Checks that a stage works, as its users see it; nothing that they have is changed."""

    stage: str
    http: httpx2.Client
    token: Callable[[], str | None]
    pipeline: Probed
    pause: Callable[[float], None] = field(default=sleep)

    def __call__(self, request: SmokeRequest) -> SmokeAnswer:
        """Check everything that the stage has; what is missing is skipped, and says so."""
        api = request.api.removesuffix("/")
        looks: dict[str, Look] = {
            "health": lambda: self._check_health(api),
            "authorization": lambda: self._check_authorization(api, is_open=request.has_issuer),
            "signed-in read": lambda: self._check_read(api, is_open=request.has_issuer),
            "page": lambda: self._check_page(request.page, request.page_host),
            "pipeline": lambda: self._check_pipeline(request.wait_s),
        }
        return SmokeAnswer(
            stage=self.stage, checks=[self._run(name, look) for name, look in looks.items()]
        )

    def _run(self, name: str, look: Look) -> SmokeCheck:
        """Look, and look again if it fails: a connection or a new name may need a moment."""
        began = monotonic()
        attempts = 1 if name == "pipeline" else _ATTEMPTS
        outcome, message = _result(look)
        for _ in range(attempts - 1):
            if outcome != "failed":
                break
            self.pause(_PAUSE_S)
            outcome, message = _result(look)
        took_ms = round((monotonic() - began) * 1000)
        return SmokeCheck(name=name, outcome=outcome, message=message, took_ms=took_ms)

    def _check_health(self, api: str) -> str:
        content = _json(self._get(f"{api}/health", HTTPStatus.OK))
        if content.get("stage") != self.stage:
            raise SmokeError(f"it is the stage {content.get('stage')}, not {self.stage}")
        # Old data and missing keys are not caused by a deployment, and have alarms.
        return f"{content.get('status')}, version {content.get('version')}"

    def _check_authorization(self, api: str, *, is_open: bool) -> str:
        if not is_open:
            raise _SkippedError("the stage has no issuer of tokens")
        self._get(f"{api}/assets?limit=1", HTTPStatus.UNAUTHORIZED, **_bearer(_FOREIGN_TOKEN))
        return "a token of another issuer is refused"

    def _check_read(self, api: str, *, is_open: bool) -> str:
        token = self.token() if is_open else None
        if token is None:
            raise _SkippedError("the stage has no client that could sign in")
        content = _json(self._get(f"{api}/assets?limit=1", HTTPStatus.OK, **_bearer(token)))
        if not isinstance(content.get("items"), list):
            raise SmokeError("the answer has no items")
        return f"{len(content['items'])} companies"

    def _check_page(self, page: str | None, host: str | None) -> str:
        if page is None:
            raise _SkippedError("the stage has no page")
        answer = self._get(page, HTTPStatus.OK, **({"Host": host} if host else {}))
        media_type = answer.headers.get("Content-Type", "")
        if not media_type.startswith("text/html"):
            raise SmokeError(f"{page} is {media_type or 'of no type'}, not text/html")
        return f"{page} is there"

    def _check_pipeline(self, wait_s: float) -> str:
        """Send a probe; workers are well if they receive it, or do the work that was before it."""
        before = set(self.pipeline.waiting())
        probe = self.pipeline.send_probe()
        until = monotonic() + wait_s
        while monotonic() < until:
            if self.pipeline.is_noted(probe):
                return "a worker received a probe"
            if before - set(self.pipeline.waiting()):
                return f"workers are at the {len(before)} items that were sent before"
            self.pause(_POLL_S)
        raise SmokeError(
            f"in {wait_s:.0f} s no worker received a probe, or did any of the {len(before)} items "
            "that were sent before"
        )

    def _get(self, url: str, status: HTTPStatus, **headers: str) -> httpx2.Response:
        answer = self.http.get(url, headers=headers, timeout=_TIMEOUT)
        if answer.status_code != status:
            raise SmokeError(f"{url} answered {answer.status_code} instead of {status}")
        return answer


class _SkippedError(Exception):
    """A check that this stage has nothing for; the message says what is missing."""


def _result(look: Look) -> tuple[Outcome, str]:
    try:
        return "passed", look()
    except _SkippedError as skipped:
        return "skipped", str(skipped)
    except httpx2.HTTPError as error:
        return "failed", f"{type(error).__name__}: {error}"
    except Signal9Error as error:
        return "failed", str(error)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError as error:
        raise SmokeError(f"{answer.url}: the answer is not JSON") from error
    if not isinstance(content, dict):
        raise SmokeError(f"{answer.url}: the answer is not an object")
    return content
