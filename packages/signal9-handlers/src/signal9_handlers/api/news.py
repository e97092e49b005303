"""News, and the caller's briefing, which is a Lambda function of its own."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from signal9_core.domain.news import SentimentLabel
from signal9_core.schemas.news import ArticleAnswer, BriefingAnswer, NewsAnswer

from ..auth.identity import READ_ME
from ..runtime import application
from .http import NEWS, REVALIDATE, Request, Response, ok
from .parameters import Cursor, From, TickerInQuery, To, WholeNumber, fields_of
from .routing import Resource

__all__ = ["app", "briefing", "briefing_handler", "handler"]

app = Resource("News", f"{__name__}.handler")
handler = app.handler
briefing = Resource("News", f"{__name__}.briefing_handler")
briefing_handler = briefing.handler

Topic = Annotated[str | None, Field(min_length=1, max_length=64, description="Only this topic.")]
Tone = Annotated[SentimentLabel | None, Field(description="Only articles with this sentiment.")]
ArticleId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64),
    Field(description="The `id` of an article."),
]
Order = Annotated[
    Literal["newest", "impact"],
    Field(description="Newest first, or first what is most relevant and has the strongest tone."),
]


@app.route("GET", "/news", NewsAnswer, "List news")
def list_news(
    ticker: TickerInQuery = None,
    topic: Topic = None,
    first: From = None,
    last: To = None,
    fields: Annotated[tuple[str, ...], fields_of(ArticleAnswer)] = (),
    limit: Annotated[int, WholeNumber(1, 1_000), Field(description="Articles per page.")] = 50,
    cursor: Cursor = None,
) -> Response:
    """Articles with their sentiment, newest first: all, or those of a company, topic or days.

    Days are in UTC.
    """
    answer = application().list_news(
        ticker=ticker, topic=topic, first=first, last=last, limit=limit, cursor=cursor
    )
    return ok(answer, NEWS, fields)


@app.route("GET", "/news/{id}", ArticleAnswer, "Get an article")
def get_article(id: ArticleId) -> Response:  # noqa: A002
    """Return one article with its sentiment, as its source last sent it."""
    return ok(application().list_news.get(id), NEWS)


@briefing.route("GET", "/news/briefing", BriefingAnswer, "Get the caller's briefing", scope=READ_ME)
def get_briefing(
    request: Request,
    sentiment: Tone = None,
    order: Order = "newest",
    limit: Annotated[int, WholeNumber(1, 200), Field(description="Articles per page.")] = 20,
    cursor: Cursor = None,
) -> Response:
    """News for the caller's topics and watchlist, or all news without any; a market summary.

    It covers the thirty days before the latest stored article.
    """
    get = application().users.briefing
    answer = get(
        request.caller.user_id, sentiment=sentiment, order=order, limit=limit, cursor=cursor
    )
    return ok(answer, REVALIDATE)
