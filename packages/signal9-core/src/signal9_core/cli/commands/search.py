"""`signal9 search`: companies by ticker or name."""

from typing import Annotated

import typer

from ..options import Json
from ..output import print_json, remark
from ..session import stocked

__all__ = ["search"]


def search(
    context: typer.Context,
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="A ticker or a name, or something like it.")
    ],
    limit: Annotated[int, typer.Option(help="At most so many companies, up to 50.")] = 10,
    *,
    as_json: Json = False,
) -> None:
    """Find companies by ticker or name, best first; typing errors are forgiven."""
    with stocked(context) as app:
        answer = app.search(query, limit=limit)
        if as_json:
            print_json(answer)
        else:
            from ..views.search import print_hits

            print_hits(answer, query)
            remark(app.notice_of())
