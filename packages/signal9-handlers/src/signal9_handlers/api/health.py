"""Whether the API works."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from signal9_core.schemas.base import Answer

from .. import __version__
from ..runtime import application
from .http import NEVER, Response, ok
from .routing import Resource

__all__ = ["HealthAnswer", "app", "handler"]

app = Resource("Health", f"{__name__}.handler")
handler = app.handler


class HealthAnswer(Answer):
    """Status, version and stage of the API, and its problems if it has any."""

    status: Literal["ok", "degraded"]
    version: str
    stage: str
    problems: Sequence[str] = Field(
        (),
        description="Only if `degraded`: a sentence for each problem.",
        exclude_if=lambda problems: not problems,
    )


@app.route("GET", "/health", HealthAnswer, "Check the API's health", scope=None)
def get_health() -> Response:
    """Needs no token. It is 200 even if data cannot be read or refreshed; `problems` says so."""
    problems = application().problems()
    answer = HealthAnswer(
        status="degraded" if problems else "ok",
        version=__version__,
        stage=application().settings.stage,
        problems=problems,
    )
    return ok(answer, NEVER)
