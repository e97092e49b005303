"""Answers what is asked about news."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from signal9_core.schemas import ArticleAnswer, NewsAnswer

from ..runtime import application
from .fields import Selected
from .http import NEWS, ok, respond
from .parameters import DIGITS, FIELDS, Cursor, From, TickerInQuery, To
from .resource import Resource
from .response import Response

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

__all__ = ["app", "handler"]

app = Resource("News")

OnTopic = Annotated[str | None, Field(min_length=1, max_length=64, description="Only this topic.")]
ArticleFields = Annotated[tuple[str, ...], Selected(ArticleAnswer), Field(description=FIELDS)]
ArticleLimit = Annotated[int, Field(ge=1, le=1_000, description="Articles per page."), DIGITS]


@app.read("/news", NewsAnswer, "News")
def list_news(
    ticker: TickerInQuery = None,
    topic: OnTopic = None,
    first: From = None,
    last: To = None,
    fields: ArticleFields = (),
    limit: ArticleLimit = 50,
    cursor: Cursor = None,
) -> Response:
    """Articles with their tone, newest first: all, or those of a company, a topic, certain days.

    Days are those of UTC.
    """
    answer = application().list_news(
        ticker=ticker, topic=topic, first=first, last=last, limit=limit, cursor=cursor
    )
    return ok(answer, NEWS, fields)


def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer a request under `/news`."""
    return respond(app, event, context)
