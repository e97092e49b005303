"""Answers searches for companies."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_REST
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.answers import SearchAnswer

from ..runtime import application, logger
from .http import ok, respond
from .resource import Resource

__all__ = ["app", "handler"]

app = Resource("Search")

Words = Annotated[
    str, Query(min_length=1, max_length=200, description="A ticker or name, as far as typed.")
]
HitLimit = Annotated[int, Query(ge=1, le=50, description="Hits at most.")]


@app.read("/search", SearchAnswer, "Find companies")
def search_companies(q: Words, limit: HitLimit = 10) -> Response[str]:
    """Companies by ticker or name, best first; slips of the keyboard are forgiven."""
    return ok(application().search(q, limit=limit))


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_REST, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request under `/search`."""
    return respond(app, event, context)
