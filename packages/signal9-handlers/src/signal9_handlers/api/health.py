"""Tells whether the API is up."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from signal9_core.schemas import Answer

from .. import __version__
from ..runtime import application
from .http import NEVER, ok, respond
from .resource import Resource
from .response import Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["HealthAnswer", "app", "handler"]

app = Resource("Health")


class HealthAnswer(Answer):
    """That the API is up, in which version and stage, and what is wrong with it, if anything."""

    status: Literal["ok", "degraded"]
    version: str
    stage: str
    problems: Sequence[str] = Field(
        (),
        description="Only where `degraded`: a sentence for each problem.",
        exclude_if=lambda problems: not problems,
    )


@app.read("/health", HealthAnswer, "Is the API up?", public=True)
def get_health() -> Response:
    """Answers without a token. That data cannot be refreshed or read is told, and no failure."""
    problems = application().problems()
    answer = HealthAnswer(
        status="degraded" if problems else "ok",
        version=__version__,
        stage=application().settings.stage,
        problems=problems,
    )
    return ok(answer, NEVER)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request under `/health`."""
    return respond(app, event, context)
