"""Answers what is asked about news."""

from typing import Annotated, Any

from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import Field

from signal9_core.answers import ArticleAnswer, NewsAnswer

from ..runtime import application
from .fields import fields_of
from .http import NEWS, ok, respond
from .parameters import Cursor, Fields, From, TickerInQuery, To, Whole
from .resource import Resource
from .response import Response

__all__ = ["app", "handler"]

app = Resource("News")

OnTopic = Annotated[str | None, Field(min_length=1, max_length=64, description="Only this topic.")]
ArticleLimit = Annotated[Whole, Field(ge=1, le=1_000, description="Articles per page.")]


@app.read("/news", NewsAnswer, "News")
def list_news(
    ticker: TickerInQuery = None,
    topic: OnTopic = None,
    first: From = None,
    last: To = None,
    fields: Fields = None,
    limit: ArticleLimit = 50,
    cursor: Cursor = None,
) -> Response:
    """Articles with their tone, newest first: all, or those of a company, a topic, certain days.

    Days are those of UTC.
    """
    chosen = fields_of(fields, ArticleAnswer)
    answer = application().list_news(
        ticker=ticker, topic=topic, first=first, last=last, limit=limit, cursor=cursor
    )
    return ok(answer, NEWS, chosen)


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request under `/news`."""
    return respond(app, event, context)
