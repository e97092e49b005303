"""The authorizer's part on this machine: who is asking, before a handler is called."""

from collections.abc import Callable

from signal9_core.errors import RefusedError

from ..auth.identity import DEVELOPER, Identity
from ..routes import Route
from .exchange import Request

__all__ = ["Door", "for_developers", "guarded"]

Door = Callable[[Request, Route], Identity | None]
"""Returns who is asking, `None` where nobody needs to say; raises `RefusedError` for bad tokens."""


def for_developers(_: Request, route: Route) -> Identity | None:
    """Let everybody in as the developer."""
    return None if route.open else DEVELOPER


def guarded(verify: Callable[[str], Identity]) -> Door:
    """Return a door that looks at tokens, as API Gateway's authorizer does."""

    def door(request: Request, route: Route) -> Identity | None:
        if route.open or request.method == "OPTIONS":
            return None
        given = [value for name, value in request.headers if name.lower() == "authorization"]
        if len(given) > 1:
            raise RefusedError("The header Authorization is sent more than once.")
        return verify(given[0] if given else "")

    return door
