"""Answers the caller's briefing."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from signal9_core.domain import SentimentLabel
from signal9_core.schemas import BriefingAnswer

from ..auth.scopes import READ_ME
from ..runtime import application
from .http import REVALIDATE, ok, respond
from .parameters import DIGITS, Cursor
from .request import Request
from .resource import Resource
from .response import Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["app", "handler"]

app = Resource("News")

OfTone = Annotated[SentimentLabel | None, Field(description="Only articles of this tone.")]
Order = Annotated[
    Literal["newest", "impact"],
    Field(description="Newest first, or first what speaks most strongly of a company."),
]
BriefingLimit = Annotated[int, Field(ge=1, le=200, description="Articles per page."), DIGITS]


@app.read("/news/briefing", BriefingAnswer, "The caller's briefing", scope=READ_ME)
def get_briefing(
    request: Request,
    sentiment: OfTone = None,
    order: Order = "newest",
    limit: BriefingLimit = 20,
    cursor: Cursor = None,
) -> Response:
    """News of the caller's topics and watchlist, else of all; how the market does; what they saw.

    Reaches back thirty days from the latest article that is stored.
    """
    asked = application().users.briefing
    answer = asked(
        request.caller.user_id, sentiment=sentiment, order=order, limit=limit, cursor=cursor
    )
    return ok(answer, REVALIDATE)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request for a briefing."""
    return respond(app, event, context)
