"""The Lambda authorizer, as API Gateway calls it."""

import fnmatch
from collections.abc import Iterator
from typing import Any

import pytest

from signal9_core.errors import IssuerUnavailableError, SettingsError
from signal9_handlers.auth import authorizer
from signal9_handlers.auth.authorizer import UnauthorizedError
from signal9_handlers.auth.identity import Identity
from signal9_handlers.local.exchange import LocalContext
from signal9_handlers.routes import ROUTES

from .attacks import ATTACKS
from .issuers import AUDIENCE, Issuer

CONTEXT = LocalContext("authorizer")
STAGE = "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/live"
ARN = f"{STAGE}/GET/api/v1/assets/AAPL"


@pytest.fixture(autouse=True)
def configured(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SIGNAL9_ISSUER", issuer.url)
    monkeypatch.setenv("SIGNAL9_AUDIENCE", AUDIENCE)
    authorizer.verifier.cache_clear()
    yield
    authorizer.verifier.cache_clear()


def by_token(authorization: str) -> dict[str, Any]:
    return {"type": "TOKEN", "authorizationToken": authorization, "methodArn": ARN}


def by_request(*authorizations: str) -> dict[str, Any]:
    headers = {"authorization": list(authorizations)} if authorizations else None
    return {"type": "REQUEST", "multiValueHeaders": headers, "methodArn": ARN}


@pytest.mark.parametrize("event", [by_token, by_request])
def test_a_good_token_opens_the_stage_and_says_who_is_asking(issuer: Issuer, event: Any) -> None:
    result = authorizer.handler(event(f"Bearer {issuer.token(scope='read:me')}"), CONTEXT)

    assert result["principalId"] == "auth0|ada"
    identity = Identity.of(result["context"])
    assert identity.user_id == "auth0|ada"
    assert identity.scopes == {"read:me"}
    assert all(isinstance(each, str) for each in result["context"].values())


def test_what_is_kept_for_a_token_is_right_for_every_path_and_tells_of_none(
    issuer: Issuer,
) -> None:
    result = authorizer.handler(by_token(f"Bearer {issuer.token()}"), CONTEXT)

    [statement] = result["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    for route in ROUTES:
        for method in route.methods:
            assert fnmatch.fnmatch(f"{STAGE}/{method}{route.path}", statement["Resource"])
    other = STAGE.replace("abcdef1234", "another123")
    assert not fnmatch.fnmatch(f"{other}/GET/api/v1/assets", statement["Resource"])
    assert "AAPL" not in str(result)


@pytest.mark.parametrize("attack", ["empty", "garbage", "tampered", "expired", "unknown key"])
def test_any_other_token_is_unauthorized_in_the_very_word(issuer: Issuer, attack: str) -> None:
    for event in (by_token, by_request):
        with pytest.raises(UnauthorizedError) as refused:
            authorizer.handler(event(f"Bearer {ATTACKS[attack](issuer)}"), CONTEXT)
        assert str(refused.value) == "Unauthorized"


def test_no_header_and_two_headers_are_unauthorized(issuer: Issuer) -> None:
    good = f"Bearer {issuer.token()}"
    for event in (by_request(), by_request(good, good)):
        with pytest.raises(UnauthorizedError):
            authorizer.handler(event, CONTEXT)


def test_why_a_token_was_refused_is_logged_without_the_token(
    issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = issuer.token(aud="other")
    with caplog.at_level("INFO"), pytest.raises(UnauthorizedError):
        authorizer.handler(by_token(f"Bearer {token}"), CONTEXT)

    assert [vars(each)["reason"] for each in caplog.records] == ["The token is for another API."]
    assert token not in caplog.text


def test_where_nothing_can_be_checked_nobody_is_let_in(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer.status = 500
    with pytest.raises(IssuerUnavailableError):
        authorizer.handler(by_token(f"Bearer {issuer.token()}"), CONTEXT)

    monkeypatch.delenv("SIGNAL9_ISSUER")
    authorizer.verifier.cache_clear()
    with pytest.raises(SettingsError):
        authorizer.handler(by_token("Bearer x"), CONTEXT)
