"""Tells whether the API is up."""

from typing import TYPE_CHECKING, Any, Literal

from signal9_core.answers import Answer

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
    """That the API is up, in which version and stage."""

    status: Literal["ok"] = "ok"
    version: str
    stage: str


@app.read("/health", HealthAnswer, "Is the API up?", public=True)
def get_health() -> Response:
    """Answers without touching what is stored, and without a token."""
    return ok(HealthAnswer(version=__version__, stage=application().settings.stage), NEVER)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request under `/health`."""
    return respond(app, event, context)
