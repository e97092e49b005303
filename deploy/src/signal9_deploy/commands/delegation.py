"""Checks that a domain is delegated to the name servers of its zone."""

import json
from collections.abc import Collection
from typing import Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from ..errors import DeployError

__all__ = ["RESOLVER", "check_delegation"]

RESOLVER: Final = "https://dns.google/resolve"
"""A public resolver that answers in JSON, because Python has none for name servers."""

_NS: Final = 2
_TIMEOUT_S: Final = 10


def check_delegation(domain: str, servers: Collection[str], *, resolver: str = RESOLVER) -> str:
    """Return the domain's name servers; `DeployError` unless they are the zone's `servers`."""
    delegated = _look_up(domain, resolver)
    zone = {_normalize(server) for server in servers}
    if not delegated or not delegated <= zone:
        found = f"has the name servers {', '.join(sorted(delegated))}" if delegated else "has none"
        raise DeployError(
            f"{domain} is not delegated to its zone: it {found}; enter these at the registrar, "
            f"then repeat the command: {', '.join(sorted(zone))}"
        )
    return ", ".join(sorted(delegated))


def _look_up(domain: str, resolver: str) -> set[str]:
    request = Request(f"{resolver}?{urlencode({'name': domain, 'type': 'NS'})}")  # noqa: S310
    try:
        with urlopen(request, timeout=_TIMEOUT_S) as response:  # noqa: S310  # the URL is ours
            answer = json.load(response)
    except (URLError, TimeoutError, ValueError) as error:
        raise DeployError(f"{domain}: name servers cannot be looked up: {error}") from error
    answers = answer.get("Answer", ())
    return {_normalize(record["data"]) for record in answers if record["type"] == _NS}


def _normalize(server: str) -> str:
    return server.lower().rstrip(".")
