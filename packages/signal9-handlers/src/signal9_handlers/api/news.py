"""Answers what is asked about news."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_REST
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.answers import NewsAnswer

from ..runtime import application, logger
from .http import ok, respond
from .parameters import Cursor, From, TickerInQuery, To
from .resource import Resource

__all__ = ["app", "handler"]

app = Resource("News")

OnTopic = Annotated[str | None, Query(min_length=1, max_length=64, description="Only this topic.")]
ArticleLimit = Annotated[int, Query(ge=1, le=1_000, description="Articles per page.")]


@app.read("/news", NewsAnswer, "News")
def list_news(
    ticker: TickerInQuery = None,
    topic: OnTopic = None,
    first: From = None,
    last: To = None,
    limit: ArticleLimit = 50,
    cursor: Cursor = None,
) -> Response[str]:
    """Articles with their tone, newest first: all, or those of a company, a topic, certain days.

    Days are those of UTC.
    """
    return ok(
        application().list_news(
            ticker=ticker, topic=topic, first=first, last=last, limit=limit, cursor=cursor
        )
    )


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_REST, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer a request under `/news`."""
    return respond(app, event, context)
