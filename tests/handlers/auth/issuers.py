"""Issuers of tokens: one made by hand, which can be told to misbehave, and a real one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Final, Self
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

AUDIENCE: Final = "https://api.signal9.com"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key of 2,048 bits, the same one for the same name; making one takes a moment."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def public_jwk(name: str) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True), "kid": name}


class Issuer:
    """An issuer on this machine; it counts how often its keys are fetched."""

    def __init__(self) -> None:
        self.names = ["first"]
        self.status = 200
        self.body: bytes | None = None
        self.location = ""
        self.answering = Event()
        self.answering.set()
        self.fetched: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def keys(self) -> bytes:
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [public_jwk(name) for name in self.names]}).encode()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims as they should be but for the changes; `None` leaves one out."""
        now = int(time.time())
        whole = {"iss": self.url, "aud": AUDIENCE, "sub": "auth0|ada", "iat": now, "exp": now + 600}
        return {name: each for name, each in {**whole, **changes}.items() if each is not None}

    def token(
        self, *, key: str = "first", headers: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        given = {"kid": key, **(headers or {})}
        return jwt.encode(self.claims(**changes), private_key(key), "RS256", headers=given)


def _handler_of(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetched.append(self.path)
            issuer.answering.wait()
            keys = issuer.keys
            self.send_response(issuer.status)
            if issuer.location:
                self.send_header("Location", issuer.location)
            self.send_header("Content-Length", str(len(keys)))
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # nobody waited
                self.wfile.write(keys)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


_REAL: Final = """
from werkzeug.serving import make_server
from oidc_provider_mock import app
provider = app()
keys = provider.view_functions["oidc-provider-mock.jwks"]
provider.add_url_rule("/.well-known/jwks.json", "published_keys", keys)
server = make_server("127.0.0.1", 0, provider)
print(server.port, flush=True)
server.serve_forever()
"""


@contextmanager
def real_issuer() -> Iterator[str]:
    """An OpenID provider of its own, in a process of its own; yields its address."""
    quiet = {"AUTHLIB_INSECURE_TRANSPORT": "1", "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        [sys.executable, "-c", _REAL],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | quiet,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    finally:
        process.kill()
        process.communicate()


def limit(address: str, user: str, scope: str) -> None:
    """Have a real issuer say in a user's next tokens that they are for this scope alone."""
    told = httpx2.put(f"{address}/users/{quote(user, safe='')}", json={"scope": scope})
    assert told.is_success, told.text


def sign_in(address: str, user: str, audience: str = AUDIENCE) -> str:
    """Sign in with a code, as an application does, and return the JWT that comes of it."""
    client, back = audience, "http://127.0.0.1/back"
    asked = {
        "client_id": client,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "openid",
    }
    with httpx2.Client(base_url=address) as http:
        sent_back = http.post("/oauth2/authorize", params=asked, data={"sub": user})
        code = parse_qs(urlsplit(sent_back.headers["location"]).query)["code"][0]
        answer = http.post(
            "/oauth2/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": back,
                "client_id": client,
                "client_secret": "any",
            },
        )
    token: str = answer.json()["id_token"]
    return token
