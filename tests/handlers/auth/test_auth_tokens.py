"""Which tokens let somebody in, and who that is then."""

import time
from typing import Any

import jwt
import pytest

from signal9_core.errors import IssuerUnavailableError, RefusedError, SettingsError
from signal9_core.settings import Settings
from signal9_handlers.auth.identity import Identity
from signal9_handlers.auth.keys import SigningKeys, keys_url
from signal9_handlers.auth.scopes import SCOPES
from signal9_handlers.auth.tokens import TokenVerifier, verifier_of

from .attacks import ATTACKS
from .issuers import AUDIENCE, Issuer, private_key


def test_a_good_token_tells_whose_it_is_and_how_long(issuer: Issuer, verify: TokenVerifier) -> None:
    expires = int(time.time()) + 99

    assert verify(f"Bearer {issuer.token(exp=expires)}") == Identity("auth0|ada", SCOPES, expires)
    assert verify(f"bearer  {issuer.token(aud=['other', AUDIENCE])} ").user_id == "auth0|ada"
    assert issuer.fetched == ["/.well-known/jwks.json"]


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_other_token_lets_anybody_in(issuer: Issuer, verify: TokenVerifier, attack: str) -> None:
    token = ATTACKS[attack](issuer)

    with pytest.raises(RefusedError) as refused:
        verify(f"Bearer {token}")

    assert token.strip() == "" or token not in str(refused.value)
    assert len(issuer.fetched) <= 1


@pytest.mark.parametrize("header", ["", "Bearer", "Basic YTpi", "Bearer\x00x", "token"])
def test_only_bearer_tokens_are_looked_at(verify: TokenVerifier, header: str) -> None:
    with pytest.raises(RefusedError, match="A token is needed"):
        verify(header)


@pytest.mark.parametrize("name", ["jku", "x5u"])
def test_an_address_in_a_token_is_never_asked(
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

    for each in (bare, issuer.url):
        assert verify(f"Bearer {issuer.token(iss=each)}").user_id == "auth0|ada"


@pytest.mark.parametrize(
    ("claims", "granted"),
    [
        ({}, SCOPES),
        ({"scope": "openid profile"}, SCOPES),
        ({"scope": ["read:me"]}, SCOPES),
        ({"scope": "openid read:market"}, {"read:market"}),
        ({"permissions": ["read:me", 7]}, {"read:me"}),
        ({"scope": "read:market", "permissions": ["write:me"]}, {"read:market", "write:me"}),
    ],
)
def test_a_token_is_held_to_the_scopes_of_the_api_that_it_carries(
    issuer: Issuer, verify: TokenVerifier, claims: dict[str, Any], granted: set[str]
) -> None:
    assert verify(f"Bearer {issuer.token(**claims)}").scopes == granted


def test_scopes_can_be_required(issuer: Issuer) -> None:
    keys = SigningKeys(issuer.url)
    verify = TokenVerifier(issuer.url, AUDIENCE, keys, require_scopes=True)

    assert verify(f"Bearer {issuer.token(scope='openid')}").scopes == set()
    assert verify(f"Bearer {issuer.token(scope='read:me')}").scopes == {"read:me"}


def test_keys_are_fetched_once(issuer: Issuer, verify: TokenVerifier) -> None:
    for _ in range(3):
        verify(f"Bearer {issuer.token()}")

    assert len(issuer.fetched) == 1


def test_a_new_key_is_fetched_when_it_is_first_met(issuer: Issuer) -> None:
    verify = TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url, cooling_s=0))
    verify(f"Bearer {issuer.token()}")
    issuer.names = ["second"]

    verify(f"Bearer {issuer.token(key='second')}")

    assert len(issuer.fetched) == 2
    with pytest.raises(RefusedError):
        verify(f"Bearer {issuer.token()}")


def test_made_up_keys_do_not_have_keys_fetched_again_and_again(
    issuer: Issuer, verify: TokenVerifier
) -> None:
    for name in range(5):
        with pytest.raises(RefusedError):
            verify(f"Bearer {issuer.token(headers={'kid': str(name)})}")

    assert len(issuer.fetched) == 1


def test_a_token_that_names_no_key_is_checked_with_the_only_one(
    issuer: Issuer, verify: TokenVerifier
) -> None:
    def nameless(key: str) -> str:
        return jwt.encode(issuer.claims(), private_key(key), "RS256")

    assert verify(f"Bearer {nameless('first')}").user_id == "auth0|ada"
    with pytest.raises(RefusedError, match="tampered"):
        verify(f"Bearer {nameless('evil')}")

    issuer.names = ["first", "second"]
    again = TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url))
    with pytest.raises(RefusedError, match="does not name its key"):
        again(f"Bearer {nameless('first')}")


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b"{}"), (200, b"no JSON"), (200, b"[]"), (200, b'{"keys": []}'), (200, b"\xff")],
)
def test_without_keys_nobody_is_let_in_and_the_issuer_is_left_alone_for_a_while(
    issuer: Issuer, verify: TokenVerifier, status: int, body: bytes
) -> None:
    issuer.status, issuer.body = status, body
    for _ in range(3):
        with pytest.raises(IssuerUnavailableError):
            verify(f"Bearer {issuer.token()}")

    assert len(issuer.fetched) == 1


def test_an_issuer_that_does_not_answer_is_not_waited_for(issuer: Issuer) -> None:
    issuer.answering.clear()
    verify = TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url, timeout_s=0.05))

    with pytest.raises(IssuerUnavailableError):
        verify(f"Bearer {issuer.token()}")

    issuer.answering.set()


def test_a_key_that_was_withdrawn_is_forgotten_in_time(issuer: Issuer) -> None:
    keys = SigningKeys(issuer.url, kept_s=1e-9, cooling_s=0)
    verify = TokenVerifier(issuer.url, AUDIENCE, keys)
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


def test_while_the_issuer_is_away_known_keys_go_on_to_work(issuer: Issuer) -> None:
    verify = TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url, cooling_s=0))
    verify(f"Bearer {issuer.token()}")
    issuer.status = 503

    with pytest.raises(IssuerUnavailableError):
        verify(f"Bearer {issuer.token(key='second')}")

    assert verify(f"Bearer {issuer.token()}").user_id == "auth0|ada"


def test_an_issuer_that_came_back_is_asked_again(issuer: Issuer) -> None:
    verify = TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url, failed_s=0))
    issuer.status = 503
    with pytest.raises(IssuerUnavailableError):
        verify(f"Bearer {issuer.token()}")
    issuer.status = 200

    assert verify(f"Bearer {issuer.token()}").user_id == "auth0|ada"


@pytest.mark.parametrize(
    "issuer_url",
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
def test_keys_come_over_https_unless_from_this_machine(issuer_url: str) -> None:
    with pytest.raises(SettingsError, match="the issuer"):
        keys_url(issuer_url)


def test_keys_stand_at_a_fixed_place_under_the_issuer() -> None:
    assert keys_url("https://x.auth0.com/") == "https://x.auth0.com/.well-known/jwks.json"
    assert keys_url("http://localhost:9/a") == "http://localhost:9/a/.well-known/jwks.json"
    assert keys_url("http://[::1]:9/") == "http://[::1]:9/.well-known/jwks.json"


@pytest.mark.parametrize("half", [{"issuer": "https://x.auth0.com/"}, {"audience": "api"}, {}])
def test_half_a_setting_is_none(half: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="go together"):
        verifier_of(Settings(**half))  # type: ignore[arg-type]
