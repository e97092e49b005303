"""Which tokens the authorizer accepts, and how it gets the issuer's keys."""

import fnmatch
import json
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest

from signal9_core.errors import IssuerUnavailableError, RefusedError, SettingsError
from signal9_core.settings import Settings
from signal9_handlers.auth import authorizer
from signal9_handlers.auth.authorizer import (
    SigningKeys,
    TokenVerifier,
    UnauthorizedError,
    keys_url,
    make_verifier,
)
from signal9_handlers.auth.identity import SCOPES, Identity
from signal9_handlers.routes import OPERATIONS
from tests.handlers.sample import CONTEXT

from .issuers import ATTACKS, AUDIENCE, Issuer, private_key

STAGE = "arn:aws:execute-api:eu-central-1:123456789012:abcdef1234/live"
ARN = f"{STAGE}/GET/api/v1/assets/AAPL"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def verify(issuer: Issuer) -> TokenVerifier:
    return verifier(issuer)


def verifier(issuer: Issuer, **options: float) -> TokenVerifier:
    return TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url, **options))


def test_a_good_token_identifies_the_caller(issuer: Issuer, verify: TokenVerifier) -> None:
    expires = int(time.time()) + 99

    assert verify(f"Bearer {issuer.token(exp=expires)}") == Identity("auth0|ada", SCOPES, expires)
    assert verify(f"bearer  {issuer.token(aud=['other', AUDIENCE])} ").user_id == "auth0|ada"
    assert issuer.fetched == ["/.well-known/jwks.json"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_any_other_token_is_refused(issuer: Issuer, verify: TokenVerifier, attack: str) -> None:
    token = ATTACKS[attack](issuer)

    with pytest.raises(RefusedError) as refused:
        verify(f"Bearer {token}")

    assert token.strip() == "" or token not in str(refused.value)
    assert len(issuer.fetched) <= 1


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "Bearer\x00x", "token"])
def test_only_bearer_tokens_are_accepted(verify: TokenVerifier, header: str) -> None:
    with pytest.raises(RefusedError, match="A token is required"):
        verify(header)


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_no_request_is_made_to_an_address_in_a_token(
    issuer: Issuer, verify: TokenVerifier, name: str
) -> None:
    with Issuer() as evil:
        evil.names = ["evil"]
        token = issuer.token(key="evil", headers={name: f"{evil.url}.well-known/jwks.json"})
        with pytest.raises(RefusedError):
            verify(f"Bearer {token}")

        assert evil.fetched == []


def test_clocks_may_differ_a_little(issuer: Issuer, verify: TokenVerifier) -> None:
    now = int(time.time())
    verify(f"Bearer {issuer.token(exp=now - 3, iat=now + 3, nbf=now + 3)}")


def test_a_slash_at_the_end_of_the_issuer_makes_no_difference(issuer: Issuer) -> None:
    bare = issuer.url.removesuffix("/")
    verify = TokenVerifier(bare, AUDIENCE, SigningKeys(bare))

    for name in (bare, issuer.url):
        assert verify(f"Bearer {issuer.token(iss=name)}").user_id == "auth0|ada"


@pytest.mark.parametrize(
    ("claims", "granted"),
    [
        ({}, SCOPES),
        ({"scope": "openid profile"}, SCOPES),
        ({"scope": ["read:me"]}, set()),
        ({"permissions": []}, set()),
        ({"scope": "openid", "permissions": ["write:all"]}, set()),
        ({"scope": "openid read:market"}, {"read:market"}),
        ({"permissions": ["read:me", 7]}, {"read:me"}),
        ({"scope": "read:market", "permissions": ["write:me"]}, {"read:market", "write:me"}),
    ],
)
def test_a_token_has_the_scopes_that_it_carries_or_all(
    issuer: Issuer, verify: TokenVerifier, claims: dict[str, Any], granted: set[str]
) -> None:
    assert verify(f"Bearer {issuer.token(**claims)}").scopes == granted


ADDRESS = "ada@example.com"
NAMESPACED = {"https://signal9.com/email": ADDRESS, "https://signal9.com/email_verified": True}


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({}, None),
        ({"email_verified": True}, None),
        ({"email": ADDRESS, "email_verified": True}, ADDRESS),
        (NAMESPACED, ADDRESS),
        ({"email": ADDRESS}, ""),
        ({"email": ADDRESS, "email_verified": False}, ""),
        ({"email": ADDRESS, "email_verified": "true"}, ""),
        ({"email": ADDRESS, "https://signal9.com/email_verified": True}, ""),
        ({"email": f"{ADDRESS}\nBcc: eve@example.com", "email_verified": True}, ""),
        ({"email": [ADDRESS], "email_verified": True}, ""),
        ({"email": f"eve,{ADDRESS}", "email_verified": True}, ""),
        ({"email": f"Ada <{ADDRESS}>", "email_verified": True}, ""),
        ({"email": f"{'a' * 99}@example.com", "email_verified": True}, ""),
    ],
)
def test_an_address_counts_only_if_the_token_says_that_it_is_verified(
    configured: Issuer, claims: dict[str, Any], email: str | None
) -> None:
    token = configured.token(**claims)

    result = authorizer.handler(event(f"Bearer {token}"), CONTEXT)

    assert Identity.from_context(result["context"]).email == email


def test_scopes_can_be_required(issuer: Issuer) -> None:
    keys = SigningKeys(issuer.url)
    verify = TokenVerifier(issuer.url, AUDIENCE, keys, require_scopes=True)

    assert verify(f"Bearer {issuer.token(scope='openid')}").scopes == set()
    assert verify(f"Bearer {issuer.token(scope='read:me')}").scopes == {"read:me"}
    assert verify(f"Bearer {issuer.token()}").scopes == set()


def test_keys_are_fetched_once_even_for_unknown_key_ids(
    issuer: Issuer, verify: TokenVerifier
) -> None:
    for name in ("a", "b", "c"):
        verify(f"Bearer {issuer.token()}")
        with pytest.raises(RefusedError):
            verify(f"Bearer {issuer.token(headers={'kid': name})}")

    assert len(issuer.fetched) == 1


def test_a_new_key_is_fetched_on_first_use(issuer: Issuer) -> None:
    verify = verifier(issuer, cooldown_s=0)
    verify(f"Bearer {issuer.token()}")
    issuer.names = ["second"]

    verify(f"Bearer {issuer.token(key='second')}")

    assert len(issuer.fetched) == 2
    with pytest.raises(RefusedError):
        verify(f"Bearer {issuer.token()}")


def test_a_token_without_key_id_is_checked_with_the_only_key(
    issuer: Issuer, verify: TokenVerifier
) -> None:
    def nameless(key: str) -> str:
        return jwt.encode(issuer.claims(), private_key(key), "RS256")

    assert verify(f"Bearer {nameless('first')}").user_id == "auth0|ada"
    with pytest.raises(RefusedError, match="tampered"):
        verify(f"Bearer {nameless('evil')}")

    issuer.names = ["first", "second"]
    with pytest.raises(RefusedError, match="does not name its key"):
        verifier(issuer)(f"Bearer {nameless('first')}")


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"{}"), (200, b"no JSON"), (200, b"[]"), (200, b'{"keys": []}'), (200, b"\xff")],
)
def test_without_keys_no_token_is_accepted_and_the_issuer_is_left_alone_for_a_while(
    issuer: Issuer, verify: TokenVerifier, status: int, body: bytes
) -> None:
    issuer.status, issuer.body = status, body
    for _ in range(3):
        with pytest.raises(IssuerUnavailableError):
            verify(f"Bearer {issuer.token()}")

    assert len(issuer.fetched) == 1


def test_an_issuer_that_does_not_answer_times_out(issuer: Issuer) -> None:
    issuer.answering.clear()

    with pytest.raises(IssuerUnavailableError):
        verifier(issuer, timeout_s=0.05)(f"Bearer {issuer.token()}")

    issuer.answering.set()


def test_a_withdrawn_key_expires(issuer: Issuer) -> None:
    verify = verifier(issuer, lifespan_s=1e-9, cooldown_s=0)
    verify(f"Bearer {issuer.token()}")
    issuer.names = ["second"]

    with pytest.raises((RefusedError, IssuerUnavailableError)):
        verify(f"Bearer {issuer.token()}")

    assert len(issuer.fetched) >= 2


def test_redirects_are_not_followed(issuer: Issuer, verify: TokenVerifier) -> None:
    with Issuer() as evil:
        issuer.status, issuer.location = 302, f"{evil.url}.well-known/jwks.json"
        with pytest.raises(IssuerUnavailableError):
            verify(f"Bearer {issuer.token()}")

        assert evil.fetched == []


def test_known_keys_work_while_the_issuer_is_unavailable(issuer: Issuer) -> None:
    verify = verifier(issuer, cooldown_s=0)
    verify(f"Bearer {issuer.token()}")
    issuer.status = 503

    for _ in range(3):
        with pytest.raises(IssuerUnavailableError):
            verify(f"Bearer {issuer.token(key='second')}")
        assert verify(f"Bearer {issuer.token()}").user_id == "auth0|ada"
    assert len(issuer.fetched) == 2


def test_known_keys_outlive_the_cache_while_the_issuer_is_unavailable(issuer: Issuer) -> None:
    verify = verifier(issuer, lifespan_s=0.2, pause_s=0, outage_s=0.8)
    verify(f"Bearer {issuer.token()}")
    issuer.status = 503
    time.sleep(0.3)

    assert verify(f"Bearer {issuer.token()}").user_id == "auth0|ada"
    with pytest.raises(IssuerUnavailableError):
        verify(f"Bearer {issuer.token(key='second')}")
    time.sleep(0.7)
    with pytest.raises(IssuerUnavailableError):
        verify(f"Bearer {issuer.token()}")


def test_an_issuer_that_is_available_again_is_asked_again(issuer: Issuer) -> None:
    verify = verifier(issuer, pause_s=0)
    issuer.status = 503
    with pytest.raises(IssuerUnavailableError):
        verify(f"Bearer {issuer.token()}")
    issuer.status = 200

    assert verify(f"Bearer {issuer.token()}").user_id == "auth0|ada"


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.example.com/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "issuer.example.com",
        "https://",
        "https://me@issuer.example.com/",
        "https://issuer.example.com/?x=1",
        "",
    ],
)
def test_keys_come_over_https_unless_from_this_machine(url: str) -> None:
    with pytest.raises(SettingsError, match="issuer"):
        keys_url(url)


def test_keys_are_at_a_fixed_path_of_the_issuer() -> None:
    assert keys_url("https://x.auth0.com/") == "https://x.auth0.com/.well-known/jwks.json"
    assert keys_url("http://localhost:9/a") == "http://localhost:9/a/.well-known/jwks.json"
    assert keys_url("http://[::1]:9/") == "http://[::1]:9/.well-known/jwks.json"


@pytest.mark.parametrize("half", [{"issuer": "https://x.auth0.com/"}, {"audience": "api"}, {}])
def test_issuer_and_audience_must_be_set_together(half: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="set together"):
        make_verifier(Settings(**half))  # type: ignore[arg-type]


@pytest.fixture
def configured(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Issuer]:
    """The issuer that the Lambda function is configured with."""
    monkeypatch.setenv("SIGNAL9_ISSUER", issuer.url)
    monkeypatch.setenv("SIGNAL9_AUDIENCE", AUDIENCE)
    authorizer.verifier.cache_clear()
    yield issuer
    authorizer.verifier.cache_clear()


def event(authorization: str) -> dict[str, str]:
    return {"type": "TOKEN", "authorizationToken": authorization, "methodArn": ARN}


def test_the_function_tells_handlers_who_the_caller_is(configured: Issuer) -> None:
    token = configured.token(scope="read:me")

    result = authorizer.handler(event(f"Bearer {token}"), CONTEXT)

    identity = Identity.from_context(result["context"])
    assert result["principalId"] == identity.user_id == "auth0|ada"
    assert identity.scopes == {"read:me"}
    assert all(isinstance(value, str) for value in result["context"].values())


def test_the_cached_policy_allows_every_path_of_its_stage_only(configured: Issuer) -> None:
    result = authorizer.handler(event(f"Bearer {configured.token()}"), CONTEXT)

    [statement] = result["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    for operation in OPERATIONS:
        for method in operation.methods:
            assert fnmatch.fnmatch(f"{STAGE}/{method}{operation.path}", statement["Resource"])
    other = STAGE.replace("abcdef1234", "another123")
    assert not fnmatch.fnmatch(f"{other}/GET/api/v1/assets", statement["Resource"])


@pytest.mark.parametrize("attack", ["empty", "garbage", "tampered", "expired", "unknown key"])
def test_the_function_refuses_other_tokens_as_api_gateway_expects(
    configured: Issuer, attack: str
) -> None:
    with pytest.raises(UnauthorizedError, match=r"^Unauthorized$"):
        authorizer.handler(event(f"Bearer {ATTACKS[attack](configured)}"), CONTEXT)


def test_the_reason_of_a_refusal_is_logged_without_the_token(
    configured: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    token = configured.token(aud="other")
    with caplog.at_level("INFO"), pytest.raises(UnauthorizedError):
        authorizer.handler(event(f"Bearer {token}"), CONTEXT)

    assert [vars(record)["reason"] for record in caplog.records] == [
        "The token is for another API."
    ]
    assert token not in caplog.text


def test_tokens_that_cannot_be_checked_are_counted_and_refused_ones_are_not(
    configured: Issuer, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UnauthorizedError):
        authorizer.handler(event("Bearer x"), CONTEXT)
    assert "AuthorizerErrors" not in capsys.readouterr().out

    configured.status = 500
    with pytest.raises(IssuerUnavailableError):
        authorizer.handler(event(f"Bearer {configured.token()}"), CONTEXT)
    metric = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (metric["AuthorizerErrors"], metric["stage"]) == ([1.0], "local")


def test_the_function_fails_where_no_token_can_be_checked(
    configured: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured.status = 500
    with pytest.raises(IssuerUnavailableError):
        authorizer.handler(event(f"Bearer {configured.token()}"), CONTEXT)

    monkeypatch.delenv("SIGNAL9_ISSUER")
    authorizer.verifier.cache_clear()
    with pytest.raises(SettingsError):
        authorizer.handler(event("Bearer x"), CONTEXT)
