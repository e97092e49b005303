"""Answers searches for companies."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from signal9_core.schemas import SearchAnswer, SearchHit

from ..runtime import application
from .fields import Selected
from .http import DAILY, ok, respond
from .parameters import DIGITS, FIELDS
from .resource import Resource
from .response import Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["app", "handler"]

app = Resource("Search")

Words = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="A ticker or name, as far as typed; not only spaces.",
        pattern=r"\S",
        examples=["aple"],
    ),
]
HitFields = Annotated[tuple[str, ...], Selected(SearchHit), Field(description=FIELDS)]
HitLimit = Annotated[int, Field(ge=1, le=50, description="Hits at most."), DIGITS]


@app.read("/search", SearchAnswer, "Find companies")
def search_companies(q: Words, fields: HitFields = (), limit: HitLimit = 10) -> Response:
    """Companies by ticker or name, best first; slips of the keyboard are forgiven."""
    return ok(application().search(q, limit=limit), DAILY, fields)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request under `/search`."""
    return respond(app, event, context)
