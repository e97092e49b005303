"""Issuers of tokens: a fake one, which can misbehave, and a real one; and tokens to refuse."""

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Final, Self
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

AUDIENCE: Final = "https://api.signal9.com"


@cache
def private_key(name: str) -> rsa.RSAPrivateKey:
    """A key of 2,048 bits, the same one for the same name; making one takes a moment."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def public_jwk(name: str) -> dict[str, Any]:
    return {**RSAAlgorithm.to_jwk(private_key(name).public_key(), as_dict=True), "kid": name}


class Issuer:
    """An issuer on this machine; it records when its keys are fetched."""

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
        """Return valid claims with these changes; `None` leaves one out."""
        now = int(time.time())
        whole = {"iss": self.url, "aud": AUDIENCE, "sub": "auth0|ada", "iat": now, "exp": now + 600}
        return {name: value for name, value in {**whole, **changes}.items() if value is not None}

    def token(
        self, *, key: str = "first", headers: dict[str, Any] | None = None, **changes: Any
    ) -> str:
        fields = {"kid": key, **(headers or {})}
        return jwt.encode(self.claims(**changes), private_key(key), "RS256", headers=fields)


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
from urllib.parse import parse_qs, urlsplit
from flask import request
from werkzeug.serving import make_server
from oidc_provider_mock import app
provider = app()

@provider.before_request
def token_of_a_client():
    form = request.form
    if request.path != "/oauth2/token" or form.get("grant_type") != "client_credentials":
        return None
    if form["client_secret"] != "right":
        return {"error": "invalid_client"}, 401
    http, place = provider.test_client(), request.host_url
    asked = {"client_id": form["audience"], "redirect_uri": "http://127.0.0.1/back"}
    query = asked | {"response_type": "code", "scope": "openid"}
    sent_back = http.post(
        "/oauth2/authorize", base_url=place, query_string=query, data={"sub": form["client_id"]}
    )
    (code,) = parse_qs(urlsplit(sent_back.headers["location"]).query)["code"]
    given = asked | {"grant_type": "authorization_code", "code": code, "client_secret": "any"}
    answer = http.post("/oauth2/token", base_url=place, data=given).json
    return {"access_token": answer["id_token"], "token_type": "Bearer", "expires_in": 3600}

keys = provider.view_functions["oidc-provider-mock.jwks"]
provider.add_url_rule("/.well-known/jwks.json", "published_keys", keys)
server = make_server("127.0.0.1", 0, provider)
print(server.port, flush=True)
server.serve_forever()
"""


@contextmanager
def real_issuer() -> Iterator[str]:
    """Run an OpenID provider in a process of its own; yields its address."""
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
    """Make a real issuer put only this scope into a user's next tokens."""
    response = httpx2.put(f"{address}/users/{quote(user, safe='')}", json={"scope": scope})
    assert response.is_success, response.text


def sign_in(address: str, user: str, audience: str = AUDIENCE) -> str:
    """Sign in with a code, as an application does, and return the token."""
    client, back = audience, "http://127.0.0.1/back"
    parameters = {
        "client_id": client,
        "redirect_uri": back,
        "response_type": "code",
        "scope": "openid",
    }
    with httpx2.Client(base_url=address) as http:
        sent_back = http.post("/oauth2/authorize", params=parameters, data={"sub": user})
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


Attack = Callable[[Issuer], str]


def _part(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _unsigned(issuer: Issuer, algorithm: str, signature: str = "") -> str:
    header = {"alg": algorithm, "typ": "JWT", "kid": "first"}
    return f"{_part(header)}.{_part(issuer.claims())}.{signature}"


def _signed_with_the_public_key(issuer: Issuer) -> str:
    public = private_key("first").public_key()
    secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    head = _unsigned(issuer, "HS256").removesuffix(".")
    return f"{head}.{_part(hmac.digest(secret, head.encode(), hashlib.sha256))}"


def _tampered(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{_part(issuer.claims(sub='auth0|root'))}.{signature}"


def _without_its_last_byte(issuer: Issuer) -> str:
    return issuer.token()[:-4]


def _forged(headers: dict[str, Any], **changes: Any) -> Attack:
    """A token signed with another key, whose header says where that key is."""
    return lambda issuer: issuer.token(key="evil", headers=headers, **changes)


def _forged_headers(**headers: Any) -> Attack:
    """A token signed by the issuer, with headers that must not be obeyed."""
    return lambda issuer: issuer.token(headers=headers)


def _claiming(**changes: Any) -> Attack:
    return lambda issuer: issuer.token(**changes)


def _with_algorithm(algorithm: str) -> Attack:
    """A token signed by the issuer with another algorithm."""
    return lambda issuer: jwt.encode(
        issuer.claims(), private_key("first"), algorithm, headers={"kid": "first"}
    )


def _now(seconds: int) -> int:
    return int(time.time()) + seconds


def _forged_subject(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{_part(issuer.claims() | {'sub': 7})}.{signature}"


def _of_several_issuers(issuer: Issuer) -> str:
    """A token whose issuer is a list that includes the right one."""
    claims = json.dumps(issuer.claims(iss=["https://evil.example.com/", issuer.url])).encode()
    return jwt.PyJWS().encode(claims, private_key("first"), "RS256", headers={"kid": "first"})


def _renamed(issuer: Issuer, name: object) -> str:
    """A token whose header was replaced by one with another key id."""
    _, body, signature = issuer.token().split(".")
    return f"{_part({'alg': 'RS256', 'kid': name})}.{body}.{signature}"


ATTACKS: Final[dict[str, Attack]] = {
    "empty": lambda _: "",
    "blank": lambda _: "   ",
    "garbage": lambda _: "garbage",
    "dots": lambda _: "..",
    "no JSON": lambda _: f"{_part(b'{')}.{_part(b'}')}.{_part(b'x')}",
    "a list for a header": lambda _: f"{_part([])}.{_part({})}.{_part(b'x')}",
    "deep JSON": lambda _: f"{_part(b'[' * 3_000)}.e30.e30",
    "two tokens": lambda issuer: f"{issuer.token()} {issuer.token()}",
    "algorithm none": lambda issuer: _unsigned(issuer, "none"),
    "algorithm None": lambda issuer: _unsigned(issuer, "None"),
    "no signature": lambda issuer: _unsigned(issuer, "RS256"),
    "HS256 with the public key": _signed_with_the_public_key,
    "RS512": _with_algorithm("RS512"),
    "PS256": _with_algorithm("PS256"),
    "an extension that must be understood": _forged_headers(crit=["x"], x=1),
    "a payload that is not encoded": _forged_headers(crit=["b64"], b64=False),
    "tampered": _tampered,
    "cut short": _without_its_last_byte,
    "200 kB": lambda issuer: issuer.token(padding="x" * 150_000),
    "200 kB of nothing": lambda _: "x" * 200_000,
    "another audience": _claiming(aud="https://other.example.com"),
    "other audiences": _claiming(aud=["https://other.example.com", ""]),
    "no audience": _claiming(aud=None),
    "another issuer": _claiming(iss="https://evil.example.com/"),
    "several issuers": _of_several_issuers,
    "no issuer": _claiming(iss=None),
    "expired": lambda issuer: issuer.token(exp=_now(-60)),
    "no expiry": _claiming(exp=None),
    "expiry that is no number": _claiming(exp="tomorrow"),
    "infinite expiry": _claiming(exp=float("inf")),
    "issued in the future": lambda issuer: issuer.token(iat=_now(600)),
    "no time of issue": _claiming(iat=None),
    "not valid yet": lambda issuer: issuer.token(nbf=_now(600)),
    "no subject": _claiming(sub=None),
    "empty subject": _claiming(sub=""),
    "long subject": _claiming(sub="a" * 129),
    "subject that is no text": _forged_subject,
    "unknown key": _forged({}),
    "a known key's name": _forged({"kid": "first"}),
    "key without a name": _forged({"kid": ""}),
    "name that is a path": _forged({"kid": "../../../../dev/null"}),
    "name with a zero byte": _forged({"kid": "first\x00"}),
    "name that is no text": lambda issuer: _renamed(issuer, 7),
    "name that is a list": lambda issuer: _renamed(issuer, ["first"]),
    "its own key": _forged({"kid": "first", "jwk": public_jwk("evil")}),
    "its own and unknown key": _forged({"jwk": public_jwk("evil")}),
    "its own certificate": _forged({"kid": "first", "x5c": [_part(b"certificate")]}),
}
