"""The same check on the local server, over HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_handlers.api import assets, users
from signal9_handlers.auth.identity import Identity
from signal9_handlers.auth.keys import SigningKeys
from signal9_handlers.auth.tokens import TokenVerifier
from signal9_handlers.local.door import guarded
from signal9_handlers.local.exchange import LocalContext, Request, proxy_event
from signal9_handlers.local.gateway import Gateway
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.routes import ROUTES, Route
from tests.handlers.sample import serving
from tests.handlers.test_problems import problem

from .attacks import ATTACKS
from .issuers import AUDIENCE, Issuer, real_issuer, sign_in


@pytest.fixture(scope="module")
def trusted() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def guarded_address(trusted: Issuer) -> Iterator[str]:
    verify = TokenVerifier(trusted.url, AUDIENCE, SigningKeys(trusted.url))
    with serving(LocalServer(Site(None), Gateway(door=guarded(verify)))) as address:
        yield address


@pytest.fixture
def guarded_client(guarded_address: str, app: App) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=guarded_address) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def address_of(route: Route) -> str:
    return route.path.replace("{ticker}", "AAPL").replace("{id}", "x")


def test_every_path_but_health_needs_a_token(guarded_client: httpx2.Client) -> None:
    for route in ROUTES:
        for method in route.methods:
            response = guarded_client.request(method, address_of(route))
            if route.open:
                assert response.status_code == 200
            else:
                assert response.status_code == 401
                assert response.headers["www-authenticate"] == 'Bearer realm="signal9"'


@pytest.mark.parametrize(
    "attack", ["garbage", "algorithm none", "tampered", "another audience", "200 kB", "its own key"]
)
def test_a_bad_token_is_refused_with_a_problem_document(
    guarded_client: httpx2.Client, trusted: Issuer, attack: str
) -> None:
    token = ATTACKS[attack](trusted)
    response = guarded_client.get("/api/v1/assets/AAPL", headers=bearer(token))

    assert token not in problem(response, 401).detail
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


def test_two_tokens_are_one_too_many(guarded_client: httpx2.Client, trusted: Issuer) -> None:
    good = f"Bearer {trusted.token()}"
    headers = [("Authorization", good), ("Authorization", good)]

    assert (
        "more than once" in problem(guarded_client.get("/api/v1/news", headers=headers), 401).detail
    )


def test_a_scope_opens_what_it_stands_for_and_nothing_else(
    guarded_client: httpx2.Client, trusted: Issuer
) -> None:
    headers = bearer(trusted.token(scope="read:me"))
    assert guarded_client.get("/api/v1/users/me", headers=headers).status_code == 200
    for method, path, scope in (
        ("GET", "/assets/AAPL", "read:market"),
        ("DELETE", "/users/me", "write:me"),
    ):
        response = guarded_client.request(method, f"/api/v1{path}", headers=headers)
        assert scope in problem(response, 403).detail
        assert (
            f'error="insufficient_scope", scope="{scope}"' in response.headers["www-authenticate"]
        )


def test_without_the_issuer_nobody_is_let_in_but_told_to_come_back(app: App) -> None:
    with Issuer() as issuer:
        verify = TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url))
        issuer.status = 500
        reply = Gateway(door=guarded(verify))(
            Request("GET", "/api/v1/news", headers=list(bearer(issuer.token()).items()))
        )

    assert reply.status == 503
    assert "Retry-After" in dict(reply.headers)


def test_a_real_issuers_token_signs_somebody_in(app: App) -> None:
    with real_issuer() as address:
        verify = TokenVerifier(address, AUDIENCE, SigningKeys(address))
        token = sign_in(address, "ada@example.com")
        with (
            serving(LocalServer(Site(None), Gateway(door=guarded(verify)))) as served,
            httpx2.Client(base_url=served, headers=bearer(token)) as client,
        ):
            assert client.get("/api/v1/users/me").json()["userId"] == "ada@example.com"
            assert client.get("/api/v1/assets/AAPL").status_code == 200
            cut = client.get("/api/v1/users/me", headers=bearer(token[:-8]))
            assert cut.status_code == 401


def sent(path: str, authorizer: object) -> dict[str, Any]:
    event = proxy_event(Request("GET", path), path, identity=None)
    event["requestContext"]["authorizer"] = authorizer
    return event


@pytest.mark.parametrize(
    "authorizer",
    [None, {}, {"principalId": "auth0|ada"}, {"userId": ""}, {"userId": 7}, {"scopes": "read:me"}],
)
def test_handlers_refuse_whoever_was_not_identified(app: App, authorizer: object) -> None:
    for handler, path in ((assets.handler, "/assets/AAPL"), (users.handler, "/users/me")):
        result = handler(sent(f"/api/v1{path}", authorizer), LocalContext("test"))
        assert result["statusCode"] == 401
        assert "WWW-Authenticate" in result["multiValueHeaders"]


def test_what_an_authorizer_found_counts_no_longer_than_the_token(app: App) -> None:
    context = Identity("ada", frozenset({"read:me"}), 1_700_000_000).context()
    result = users.handler(sent("/api/v1/users/me", context), LocalContext("test"))

    assert result["statusCode"] == 401
    assert "expired" in result["body"]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:80", "localhost."]
)
def test_the_server_answers_to_this_machines_names(client: httpx2.Client, host: str) -> None:
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "127.0.0.1.example.com", "localhost:1:2", "localhost@evil", "10.0.0.1"],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/users/me"])
def test_a_page_whose_name_leads_here_gets_nothing(
    client: httpx2.Client, host: str, path: str
) -> None:
    problem(client.get(path, headers={"Host": host}), 421)
