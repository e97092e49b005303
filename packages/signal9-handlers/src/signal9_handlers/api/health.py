"""Tells whether the API is up."""

from typing import Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_REST
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.answers import Answer

from .. import __version__
from ..runtime import application, logger
from .http import ok, respond
from .resource import Resource

__all__ = ["HealthAnswer", "app", "handler"]

app = Resource("Health")


class HealthAnswer(Answer):
    """That the API is up, in which version and stage."""

    status: Literal["ok"] = "ok"
    version: str
    stage: str


@app.read("/health", HealthAnswer, "Is the API up?")
def get_health() -> Response[str]:
    """Answers without touching what is stored, and without a token."""
    return ok(HealthAnswer(version=__version__, stage=application().settings.stage))


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_REST, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request under `/health`."""
    return respond(app, event, context)
