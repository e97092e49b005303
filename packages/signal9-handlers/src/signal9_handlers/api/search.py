"""Company search."""

from typing import Annotated

from pydantic import Field

from signal9_core.schemas.companies import SearchAnswer, SearchHit

from ..runtime import application
from .http import DAILY, Response, ok
from .parameters import WholeNumber, fields_of
from .routing import Resource

__all__ = ["app", "handler"]

app = Resource("Search", f"{__name__}.handler")
handler = app.handler

Words = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="A ticker or name, or the beginning of one; not only spaces.",
        pattern=r"\S",
        examples=["aple"],
    ),
]


@app.route("GET", "/search", SearchAnswer, "Search companies")
def search_companies(
    q: Words,
    fields: Annotated[tuple[str, ...], fields_of(SearchHit)] = (),
    limit: Annotated[int, WholeNumber(1, 50), Field(description="The most hits to return.")] = 10,
) -> Response:
    """Companies by ticker or name, best first; typing errors are tolerated."""
    return ok(application().search(q, limit=limit), DAILY, fields)
