"""Which pages of other sites may read answers (CORS): those of the origins in the settings.

The gateway answers preflights on AWS, and adds such headers to its own errors; whatever a function
answers, the function itself must open to browsers.
"""

from collections.abc import Mapping
from typing import Final

from signal9_core.errors import SettingsError

from ..runtime import application

__all__ = ["opened_to", "preflight_of"]

_EXPOSED: Final = (
    "Deprecation, ETag, Location, Retry-After, Sunset, "
    "WWW-Authenticate, X-Next-Cursor, X-Request-Id"
)
_ACCEPTED: Final = "Authorization, Content-Type, If-Match, If-None-Match"
_KEPT_S: Final = 3_600


def opened_to(origin: str) -> Mapping[str, str]:
    """Return the headers that let a page of this origin read an answer; none for other pages."""
    if not _may_read(origin):
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED}


def preflight_of(origin: str, methods: str) -> Mapping[str, str]:
    """Return the headers that tell a page of this origin what it may send; none for other pages."""
    if not _may_read(origin):
        return {}
    return {
        "Access-Control-Allow-Headers": _ACCEPTED,
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Max-Age": str(_KEPT_S),
    }


def _may_read(origin: str) -> bool:
    if not origin:
        return False
    try:
        return origin in application().settings.cors_origins
    except SettingsError:
        return False  # the answer itself tells what is wrong, to the log
