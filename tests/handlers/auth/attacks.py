"""Tokens that must not get anybody in, by what is wrong with them."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from .issuers import Issuer, private_key, public_jwk

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
    """A token signed by somebody else, who says in its header where their key is."""
    return lambda issuer: issuer.token(key="evil", headers=headers, **changes)


def _forged_headers(**headers: Any) -> Attack:
    """A token of the issuer's own key, with headers that ask for more than a signature."""
    return lambda issuer: issuer.token(headers=headers)


def _claiming(**changes: Any) -> Attack:
    return lambda issuer: issuer.token(**changes)


def _in_another_way(algorithm: str) -> Attack:
    """A token of the issuer's own key, signed by an algorithm that is not agreed upon."""
    return lambda issuer: jwt.encode(
        issuer.claims(), private_key("first"), algorithm, headers={"kid": "first"}
    )


def _now(seconds: int) -> int:
    return int(time.time()) + seconds


def _forged_subject(issuer: Issuer) -> str:
    head, _, signature = issuer.token().split(".")
    return f"{head}.{_part(issuer.claims() | {'sub': 7})}.{signature}"


def _of_several_issuers(issuer: Issuer) -> str:
    """A token whose issuer is a list that names the right one, too."""
    claims = json.dumps(issuer.claims(iss=["https://evil.example.com/", issuer.url])).encode()
    return jwt.PyJWS().encode(claims, private_key("first"), "RS256", headers={"kid": "first"})


def _renamed(issuer: Issuer, name: object) -> str:
    """A token whose header was exchanged for one with another name of the key."""
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
    "RS512": _in_another_way("RS512"),
    "PS256": _in_another_way("PS256"),
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
