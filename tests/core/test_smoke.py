"""The checks of a deployed stage: what passes, what fails, and what a stage has nothing for."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from signal9_core.errors import SettingsError, SmokeError
from signal9_core.schemas.operations import SmokeAnswer, SmokeRequest
from signal9_core.smoke import CheckStage, ClientCredentials

API = "https://api.example/api/v1"
REQUEST = SmokeRequest.model_validate(
    {"api": API, "page": "https://app.example/", "hasIssuer": True, "waitS": 3}
)
CLIENT = {
    "tokenUrl": "https://issuer.example/token",
    "audience": API,
    "clientId": "canary",
    "clientSecret": "right",
}


class Pipeline:
    """A pipeline whose workers receive probes, or do what waits before them, or neither."""

    def __init__(self, *, receives: bool = True, waiting: int = 0, done: int = 0) -> None:
        self._receives = receives
        self._waiting = [f"item {number}" for number in range(waiting)]
        self._done = done
        self.sent = 0

    def send_probe(self) -> str:
        self.sent += 1
        return "probe"

    def is_noted(self, probe: str) -> bool:
        return self._receives and probe == "probe"

    def waiting(self) -> list[str]:
        return self._waiting[self._done :] if self.sent else self._waiting


def _stage(request: httpx2.Request) -> httpx2.Response:
    """Answer as a stage that is well."""
    match request.url.host, request.url.path:
        case "app.example", _:
            return httpx2.Response(200, html="<html></html>")
        case "issuer.example", _:
            return httpx2.Response(200, json={"access_token": "good", "expires_in": 3600})
        case _, "/api/v1/health":
            content = {"status": "ok", "version": "1.0", "stage": "prod"}
            return httpx2.Response(200, json=content)
    if request.headers["Authorization"] == "Bearer good":
        return httpx2.Response(200, json={"items": [{"ticker": "AAPL"}]})
    return httpx2.Response(401)


def _check(
    answer: Callable[[httpx2.Request], httpx2.Response] = _stage,
    *,
    request: SmokeRequest = REQUEST,
    token: str | None = "good",
    pipeline: Pipeline | None = None,
) -> dict[str, tuple[str, str]]:
    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        check = CheckStage("prod", http, lambda: token, pipeline or Pipeline(), lambda _: None)
        result = check(request)
    return {each.name: (each.outcome, each.message) for each in result.checks}


def _outcomes(checks: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {name: outcome for name, (outcome, _) in checks.items()}


def test_a_stage_that_is_well_passes_everything() -> None:
    checks = _check()

    assert set(_outcomes(checks).values()) == {"passed"}
    assert list(checks) == ["health", "authorization", "signed-in read", "page", "pipeline"]
    assert checks["signed-in read"][1] == "1 companies"


def test_what_a_stage_lacks_is_skipped_and_said() -> None:
    bare = REQUEST.model_copy(update={"page": None, "has_issuer": False})

    checks = _check(request=bare)
    without_client = _check(token=None)

    assert checks["authorization"] == ("skipped", "the stage has no issuer of tokens")
    assert checks["page"] == ("skipped", "the stage has no page")
    assert _outcomes(without_client) == _outcomes(_check()) | {"signed-in read": "skipped"}


@pytest.mark.parametrize(
    ("host", "path", "response", "check", "message"),
    [
        ("api.example", "/api/v1/health", httpx2.Response(502), "health", "answered 502 instead"),
        ("api.example", "/api/v1/health", httpx2.Response(200, text="?"), "health", "is not JSON"),
        (
            "api.example",
            "/api/v1/health",
            httpx2.Response(200, json={"stage": "dev"}),
            "health",
            "it is the stage dev, not prod",
        ),
        ("app.example", "/", httpx2.Response(200, json={}), "page", "application/json, not"),
        ("app.example", "/", httpx2.Response(403), "page", "answered 403 instead of 200"),
    ],
)
def test_a_broken_answer_fails_its_check_alone(
    host: str, path: str, response: httpx2.Response, check: str, message: str
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        is_broken = (request.url.host, request.url.path) == (host, path)
        return response if is_broken else _stage(request)

    checks = _check(answer)

    assert [name for name, outcome in _outcomes(checks).items() if outcome == "failed"] == [check]
    assert message in checks[check][1]


def test_an_authorizer_that_lets_foreign_tokens_in_or_fails_is_found() -> None:
    for status in (200, 500, 503):
        checks = _check(
            lambda request, status=status: (  # type: ignore[misc]
                httpx2.Response(status) if "/assets" in request.url.path else _stage(request)
            )
        )

        assert checks["authorization"][0] == "failed"


def test_a_connection_that_fails_once_is_tried_again() -> None:
    failures = [httpx2.ConnectError("no route")]

    def answer(request: httpx2.Request) -> httpx2.Response:
        if failures:
            raise failures.pop()
        return _stage(request)

    assert _check(answer)["health"] == ("passed", "ok, version 1.0")


def test_workers_are_well_if_they_do_what_was_sent_before_the_probe() -> None:
    busy = _check(pipeline=Pipeline(receives=False, waiting=3, done=1))["pipeline"]

    assert busy == ("passed", "workers are at the 3 items that were sent before")


def test_workers_that_do_nothing_fail_the_pipeline() -> None:
    request = REQUEST.model_copy(update={"wait_s": 0.01})

    outcome, message = _check(request=request, pipeline=Pipeline(receives=False, waiting=3))[
        "pipeline"
    ]

    assert outcome == "failed"
    assert "no worker received a probe, or did any of the 3 items" in message


class MissingError(Exception):
    """The secret does not exist."""


class Secrets:
    """Secrets Manager, with one secret."""

    class exceptions:  # noqa: N801  # boto3's name
        ResourceNotFoundException = MissingError

    def __init__(self, text: str | None) -> None:
        self._text = text

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803  # boto3's name
        assert SecretId == "signal9/canary/prod"
        if self._text is None:
            raise MissingError
        return {"SecretString": self._text}


def _token(text: str | None, *answers: httpx2.Response) -> tuple[list[str | None], list[Any]]:
    """Return two tokens in a row, and the forms that the issuer was sent."""
    forms: list[Any] = []
    left = list(answers)

    def issue(request: httpx2.Request) -> httpx2.Response:
        forms.append(request.content.decode())
        return left.pop(0)

    with httpx2.Client(transport=httpx2.MockTransport(issue)) as http:
        client = ClientCredentials(Secrets(text), "signal9/canary/prod", http)
        return [client.token(), client.token()], forms


def test_a_token_is_requested_once_and_used_until_it_expires() -> None:
    answer = httpx2.Response(200, json={"access_token": "good", "expires_in": 3600})

    tokens, forms = _token(json.dumps(CLIENT), answer)

    assert tokens == ["good", "good"]
    (form,) = forms
    assert "grant_type=client_credentials" in form
    assert "client_id=canary" in form


def test_without_a_client_there_is_no_token() -> None:
    placeholder = json.dumps(dict.fromkeys(CLIENT, "set-me"))

    assert _token(None)[0] == _token(placeholder)[0] == [None, None]


def test_an_issuer_that_refuses_the_client_is_an_error_without_its_secret() -> None:
    with pytest.raises(SmokeError, match="token answered 401, without a token") as refused:
        _token(json.dumps(CLIENT), httpx2.Response(401, text="right"))

    assert "right" not in str(refused.value)


def test_a_secret_that_is_no_client_is_an_error_without_its_text() -> None:
    with pytest.raises(SettingsError, match="secret signal9/canary/prod: ") as unreadable:
        _token('{"clientSecret": "right"}')

    assert "right" not in str(unreadable.value)


def test_an_answer_lists_what_failed() -> None:
    check = {"name": "page", "outcome": "failed", "message": "gone", "tookMs": 1}

    answer = SmokeAnswer.model_validate({"stage": "prod", "checks": [check]})

    assert [each.name for each in answer.failed] == ["page"]
