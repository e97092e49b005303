"""Authentication over HTTP, as on AWS."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_handlers.api import assets, users
from signal9_handlers.auth.authorizer import SigningKeys, TokenVerifier
from signal9_handlers.auth.identity import Identity
from signal9_handlers.local.gateway import Gateway, proxy_event, require_token
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.routes import OPERATIONS
from tests.handlers.sample import CONTEXT, problem, serving

from .issuers import ATTACKS, AUDIENCE, Issuer, real_issuer, sign_in


def gateway(issuer: str) -> Gateway:
    verify = TokenVerifier(issuer, AUDIENCE, SigningKeys(issuer))
    return Gateway(authorize=require_token(verify))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def trusted() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def guarded_address(trusted: Issuer) -> Iterator[str]:
    with serving(LocalServer(Site(None), gateway(trusted.url))) as address:
        yield address


@pytest.fixture
def guarded(guarded_address: str, app: App) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=guarded_address) as client:
        yield client


def test_every_path_but_health_needs_a_token(guarded: httpx2.Client) -> None:
    for operation in OPERATIONS:
        for method in operation.methods:
            path = operation.path.replace("{ticker}", "AAPL").replace("{id}", "x")
            response = guarded.request(method, path)
            if operation.scope is None:
                assert response.status_code == 200
            else:
                assert response.status_code == 401
                assert response.headers["www-authenticate"] == 'Bearer realm="signal9"'


@pytest.mark.parametrize(
    "attack", ["garbage", "algorithm none", "tampered", "another audience", "200 kB", "its own key"]
)
def test_a_bad_token_is_refused_with_a_problem_document(
    guarded: httpx2.Client, trusted: Issuer, attack: str
) -> None:
    token = ATTACKS[attack](trusted)
    response = guarded.get("/api/v1/assets/AAPL", headers=bearer(token))

    assert token not in problem(response, 401).detail
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_two_tokens_are_refused(guarded: httpx2.Client, trusted: Issuer) -> None:
    headers = [("Authorization", f"Bearer {trusted.token()}")] * 2

    response = guarded.get("/api/v1/news", headers=headers)

    assert "more than once" in problem(response, 401).detail


def test_a_scope_allows_what_it_is_for_and_nothing_else(
    guarded: httpx2.Client, trusted: Issuer
) -> None:
    headers = bearer(trusted.token(scope="read:me"))
    assert guarded.get("/api/v1/users/me", headers=headers).status_code == 200
    for method, path, scope in (
        ("GET", "/assets/AAPL", "read:market"),
        ("DELETE", "/users/me", "write:me"),
    ):
        response = guarded.request(method, f"/api/v1{path}", headers=headers)
        challenge = response.headers["www-authenticate"]
        assert scope in problem(response, 403).detail
        assert f'error="insufficient_scope", scope="{scope}"' in challenge


def test_without_the_issuers_keys_requests_are_answered_503(app: App) -> None:
    with Issuer() as issuer:
        issuer.status = 500
        headers = list(bearer(issuer.token()).items())
        response = gateway(issuer.url)(proxy_event("GET", "/api/v1/news", headers=headers))

    assert response.status == 503
    assert "Retry-After" in response.headers


def test_a_token_of_a_real_issuer_is_accepted(app: App) -> None:
    with real_issuer() as issuer:
        token = sign_in(issuer, "ada@example.com")
        with (
            serving(LocalServer(Site(None), gateway(issuer))) as address,
            httpx2.Client(base_url=address, headers=bearer(token)) as client,
        ):
            assert client.get("/api/v1/users/me").json()["userId"] == "ada@example.com"
            assert client.get("/api/v1/assets/AAPL").status_code == 200
            cut = client.get("/api/v1/users/me", headers=bearer(token[:-8]))
            assert cut.status_code == 401


def event(path: str, authorizer: object) -> dict[str, Any]:
    sent = proxy_event("GET", path, identity=None)
    sent["requestContext"]["authorizer"] = authorizer
    return sent


@pytest.mark.parametrize(
    "authorizer",
    [None, {}, {"principalId": "auth0|ada"}, {"userId": ""}, {"userId": 7}, {"scopes": "read:me"}],
)
def test_a_handler_refuses_a_caller_that_was_not_identified(app: App, authorizer: object) -> None:
    for handler, path in ((assets.handler, "/assets/AAPL"), (users.handler, "/users/me")):
        result = handler(event(f"/api/v1{path}", authorizer), CONTEXT)
        assert result["statusCode"] == 401
        assert "WWW-Authenticate" in result["multiValueHeaders"]


def test_a_cached_authorization_ends_with_its_token(app: App) -> None:
    context = Identity("ada", frozenset({"read:me"}), 1_700_000_000).context()

    result = users.handler(event("/api/v1/users/me", context), CONTEXT)

    assert result["statusCode"] == 401
    assert "expired" in result["body"]
