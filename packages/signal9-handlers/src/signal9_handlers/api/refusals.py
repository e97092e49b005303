"""Requests that are refused for who sends them, or for what they carry beside parameters."""

from http import HTTPStatus
from typing import Final

from signal9_core.errors import OutdatedError, RefusedError

from ..auth.identity import MissingScopeError, NoTokenError
from .bodies import BodyRefusedError
from .problems import problem
from .response import Response

__all__ = ["REFUSALS", "refusal_of"]

REFUSALS: Final = (BodyRefusedError, MissingScopeError, OutdatedError, RefusedError)
"""What `refusal_of` answers."""

_REALM: Final = 'Bearer realm="signal9"'


def refusal_of(error: Exception) -> Response:
    """Return the problem document for one of `REFUSALS`, with the challenge that goes with it."""
    detail = str(error)
    match error:
        case BodyRefusedError():
            return problem(error.status, detail)
        case OutdatedError():
            again = "The record has changed since it was read: read it again."
            return problem(HTTPStatus.PRECONDITION_FAILED, again)
        case MissingScopeError():
            challenge = f'{_REALM}, error="insufficient_scope", scope="{error.scope}"'
            return problem(HTTPStatus.FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})
    wrong = "" if isinstance(error, NoTokenError) else ', error="invalid_token"'
    challenge = f"{_REALM}{wrong}"
    return problem(HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})
