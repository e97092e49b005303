"""Auth0's client secret rotates in four steps, and a working one is stored after each of them."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx2
import pytest
from botocore.exceptions import ClientError

from signal9_core.errors import RotationError, SecretNotSetError, Signal9Error
from signal9_core.rotation import CURRENT, PENDING, STEPS, Auth0, Auth0Secret, RotateSecret

NAME = "signal9/auth0/prod"
OLD = "the-secret-of-yesterday"
CLIENT = "client-1"
VERSION = "token-of-this-rotation"


class NotFoundError(ClientError):
    """A version that has no value."""

    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")


class Secrets:
    """A secret of Secrets Manager whose rotation has begun; calls may fail before they count."""

    class exceptions:  # noqa: N801 - the name that clients of botocore have
        ResourceNotFoundException = NotFoundError

    def __init__(self, fields: dict[str, str]) -> None:
        self.values = {"first": json.dumps(fields)}
        self.stages = {"first": [CURRENT], VERSION: [PENDING]}
        self.failing: str | None = None

    def describe_secret(self, **_: str) -> dict[str, Any]:
        self._call("describe_secret")
        return {"VersionIdsToStages": {id_: [*names] for id_, names in self.stages.items()}}

    def get_secret_value(self, **call: str) -> dict[str, str]:
        assert call["SecretId"] == NAME
        self._call("get_secret_value")
        for version, names in self.stages.items():
            is_wanted = call["VersionStage"] in names
            if is_wanted and call.get("VersionId", version) == version and version in self.values:
                return {"SecretString": self.values[version]}
        raise NotFoundError

    def put_secret_value(self, **call: Any) -> None:
        assert (call["SecretId"], call["VersionStages"]) == (NAME, [PENDING])
        self._call("put_secret_value")
        self.values[call["ClientRequestToken"]] = call["SecretString"]

    def update_secret_version_stage(self, **call: str) -> None:
        assert (call["SecretId"], call["VersionStage"]) == (NAME, CURRENT)
        self._call("update_secret_version_stage")
        self.stages[call["RemoveFromVersionId"]] = ["AWSPREVIOUS"]
        self.stages[call["MoveToVersionId"]] = [CURRENT, PENDING]

    def stored(self, *stages: str) -> set[str]:
        return {
            json.loads(self.values[version])["clientSecret"]
            for version, names in self.stages.items()
            if version in self.values and set(names) & set(stages)
        }

    def _call(self, name: str) -> None:
        if name == self.failing:
            raise ClientError({"Error": {"Code": "InternalServiceError"}}, name)


class Tenant:
    """A stand-in for Auth0: a token endpoint, and a management API for clients' secrets."""

    def __init__(self) -> None:
        self.secret = OLD
        self.failing: str | None = None
        self.loses_answers = False
        self.slow = 0
        self.patches = 0
        self._before = OLD

    def answer(self, method: str, path: str, token: str, body: dict[str, str]) -> tuple[int, Any]:
        if self.failing == method:
            return 503, {"error": f"busy with {body}"}
        if (method, path) == ("POST", "/oauth/token"):
            assert body["grant_type"] == "client_credentials"
            assert body["audience"].endswith("/api/v2/")
            self.slow -= 1
            counts = self._before if self.slow >= 0 else self.secret
            if (body["client_id"], body["client_secret"]) != (CLIENT, counts):
                return 401, {"error": "access_denied", "error_description": "Unauthorized"}
            return 200, {"access_token": f"token for {counts}", "token_type": "Bearer"}
        assert (method, path) == ("PATCH", f"/api/v2/clients/{CLIENT}")
        if token != f"Bearer token for {self.secret}":
            return 401, {"message": "Invalid token"}
        self._before, self.secret = self.secret, body["client_secret"]
        self.patches += 1
        return (503 if self.loses_answers else 200), {"client_id": CLIENT}


@contextmanager
def served(tenant: Tenant) -> Iterator[str]:
    """Serve a tenant on 127.0.0.1, and yield its domain."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            token = self.headers.get("Authorization", "")
            status, answer = tenant.answer(self.command, self.path, token, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_PATCH = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


class Rotation:
    """A rotation of a tenant's secret."""

    def __init__(self, domain: str, tenant: Tenant, http: httpx2.Client) -> None:
        self.tenant = tenant
        fields = {"domain": domain, "audience": "api", "clientId": CLIENT, "clientSecret": OLD}
        self.secrets = Secrets(fields | {"note": "kept"})
        self.pauses: list[float] = []
        self.rotate = RotateSecret(self.secrets, Auth0(http), self.pauses.append)

    def __call__(self, *steps: str) -> None:
        for step in steps or STEPS:
            self.rotate(NAME, VERSION, step)

    @property
    def works(self) -> bool:
        """Whether the secret that readers get is the one that counts at Auth0."""
        return self.secrets.stored(CURRENT) == {self.tenant.secret}

    @property
    def is_stored(self) -> bool:
        """Whether the secret that counts at Auth0 is stored at all."""
        return self.tenant.secret in self.secrets.stored(CURRENT, PENDING)


@pytest.fixture
def rotation() -> Iterator[Rotation]:
    tenant = Tenant()
    with served(tenant) as domain, httpx2.Client() as http:
        yield Rotation(domain, tenant, http)


def test_four_steps_replace_the_secret(rotation: Rotation) -> None:
    rotation()

    assert rotation.works
    assert rotation.tenant.secret != OLD
    assert len(rotation.tenant.secret) >= 64
    assert rotation.secrets.stored("AWSPREVIOUS") == {OLD}
    assert json.loads(rotation.secrets.values[VERSION])["note"] == "kept"


def test_a_repeated_step_does_nothing_more(rotation: Rotation) -> None:
    rotation(*(step for step in STEPS for _ in range(3)))

    assert rotation.works
    assert rotation.tenant.patches == 1
    rotation()
    assert rotation.works
    assert rotation.tenant.patches == 1


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_step_that_comes_too_early_leaves_the_secret(rotation: Rotation, step: str) -> None:
    with pytest.raises(RotationError, match=f"{step} comes before createSecret"):
        rotation(step)

    assert rotation.works
    assert rotation.tenant.secret == OLD


@pytest.mark.parametrize("step", ["testSecret", "finishSecret"])
def test_a_secret_that_auth0_refuses_never_becomes_the_current_one(
    rotation: Rotation, step: str
) -> None:
    rotation("createSecret")

    with pytest.raises(RotationError, match="refuses the pending secret"):
        rotation(step)

    assert rotation.works
    assert sum(rotation.pauses) >= 30
    rotation("setSecret", "testSecret", "finishSecret")
    assert rotation.works


def test_a_version_that_is_not_pending_is_refused(rotation: Rotation) -> None:
    with pytest.raises(RotationError, match="version another is not pending"):
        rotation.rotate(NAME, "another", "createSecret")
    with pytest.raises(RotationError, match="unknown step 'dropSecret'"):
        rotation("dropSecret")

    assert rotation.works


@pytest.mark.parametrize(
    "call",
    ["describe_secret", "get_secret_value", "put_secret_value", "update_secret_version_stage"],
)
def test_a_rotation_goes_on_after_a_failure_of_secrets_manager(
    rotation: Rotation, call: str
) -> None:
    rotation.secrets.failing = call
    with pytest.raises(RotationError):
        rotation()

    assert rotation.is_stored
    rotation.secrets.failing = None
    rotation()
    assert rotation.works


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_rotation_goes_on_after_a_failure_of_auth0(rotation: Rotation, method: str) -> None:
    rotation.tenant.failing = method
    with pytest.raises(RotationError, match="answered 503"):
        rotation()

    assert rotation.works
    rotation.tenant.failing = None
    rotation()
    assert rotation.works
    assert rotation.tenant.secret != OLD


def test_a_lost_answer_of_auth0_loses_no_secret(rotation: Rotation) -> None:
    rotation.tenant.loses_answers = True
    with pytest.raises(RotationError):
        rotation()

    assert rotation.is_stored
    rotation()
    assert rotation.works
    assert rotation.tenant.patches == 1


def test_a_new_secret_may_take_a_while_to_count(rotation: Rotation) -> None:
    rotation("createSecret", "setSecret")
    rotation.tenant.slow = 3

    rotation("testSecret", "finishSecret")

    assert rotation.works
    assert rotation.pauses == [5.0] * 3


def test_a_placeholder_is_not_rotated(rotation: Rotation) -> None:
    placeholder = dict.fromkeys(("domain", "audience", "clientId", "clientSecret"), "set-me")
    rotation.secrets.values["first"] = json.dumps(placeholder)

    with pytest.raises(SecretNotSetError, match="still holds its placeholder"):
        rotation()


@pytest.mark.parametrize(
    "value",
    [
        "x",
        "[]",
        '{"clientSecret": 1}',
        '{"domain": "evil.com/?", "clientId": "1", "clientSecret": "s3cr3t"}',
    ],
)
def test_an_invalid_secret_is_refused_without_being_quoted(rotation: Rotation, value: str) -> None:
    rotation.secrets.values["first"] = value

    with pytest.raises(RotationError) as refusal:
        rotation()

    assert "s3cr3t" not in str(refusal.value)
    assert rotation.tenant.patches == 0


def test_no_error_text_or_log_names_a_secret(
    rotation: Rotation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    for failing in ("POST", "PATCH", None):
        rotation.tenant.failing = failing
        try:
            rotation()
        except Signal9Error as error:
            shown.append(repr(error))
    shown += [repr(Auth0Secret(domain="d.com", client_id="1", client_secret=OLD)), caplog.text]

    known = rotation.secrets.stored(CURRENT, PENDING, "AWSPREVIOUS")
    assert len(known) == 2
    assert not [text for text in shown for secret in known if secret in text]
