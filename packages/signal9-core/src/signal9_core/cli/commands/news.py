"""`signal9 news`: articles about companies."""

from typing import Annotated

import typer

from ..options import Cursor, First, Json, Last
from ..output import print_json, remark, sources_of
from ..session import stocked

__all__ = ["news"]


def news(
    context: typer.Context,
    company: Annotated[
        str | None, typer.Argument(metavar="TICKER", help="Only articles about this company.")
    ] = None,
    ticker: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    topic: Annotated[
        str | None, typer.Option(help="Only articles on this, as earnings or technology.")
    ] = None,
    first: First = None,
    last: Last = None,
    limit: Annotated[int, typer.Option(help="At most so many articles, up to 1,000.")] = 50,
    cursor: Cursor = None,
    *,
    as_json: Json = False,
) -> None:
    """Show articles with their tone, newest first."""
    if company is not None and ticker is not None:
        raise typer.BadParameter("name the company once", param_hint="'--ticker'")
    with stocked(context) as app:
        answer = app.list_news(
            ticker=company or ticker,
            topic=topic,
            first=first,
            last=last,
            limit=limit,
            cursor=cursor,
        )
        if as_json:
            print_json(answer)
        else:
            from ..views.news import print_news

            print_news(answer)
            remark(app.notice_of(*sources_of(answer.freshness)))
