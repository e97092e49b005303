"""Which function answers which requests: one table for the local server and for deployment.

Functions are named by string, so that whoever reads the table loads none of them.
"""

from typing import Final, NamedTuple

__all__ = ["PREFIX", "ROUTES", "Route"]

PREFIX: Final = "/api/v1"
"""What every path of the API starts with."""

_READ: Final = ("GET", "HEAD")
_USERS: Final = "signal9_handlers.api.users.handler"


class Route(NamedTuple):
    """A path as API Gateway and OpenAPI write it, and the Lambda function behind it.

    An `open` one is answered without a token.
    """

    methods: tuple[str, ...]
    path: str
    handler: str
    open: bool = False


ROUTES: Final = (
    Route(_READ, f"{PREFIX}/health", "signal9_handlers.api.health.handler", open=True),
    Route(_READ, f"{PREFIX}/assets", "signal9_handlers.api.assets.handler"),
    Route(_READ, f"{PREFIX}/assets/{{ticker}}", "signal9_handlers.api.assets.handler"),
    Route(_READ, f"{PREFIX}/assets/{{ticker}}/prices", "signal9_handlers.api.assets.handler"),
    Route(_READ, f"{PREFIX}/prices", "signal9_handlers.api.assets.handler"),
    Route(_READ, f"{PREFIX}/search", "signal9_handlers.api.search.handler"),
    Route(_READ, f"{PREFIX}/news", "signal9_handlers.api.news.handler"),
    Route(_READ, f"{PREFIX}/news/briefing", "signal9_handlers.api.briefing.handler"),
    Route(_READ, f"{PREFIX}/financials/{{ticker}}", "signal9_handlers.api.financials.handler"),
    Route(("GET", "HEAD", "PATCH", "DELETE"), f"{PREFIX}/users/me", _USERS),
    Route(("PUT",), f"{PREFIX}/users/me/wizard", _USERS),
    Route(("PUT",), f"{PREFIX}/users/me/topics", _USERS),
    Route(("PUT",), f"{PREFIX}/users/me/watchlist", _USERS),
    Route(("PUT",), f"{PREFIX}/users/me/viewed/{{ticker}}", _USERS),
    Route(_READ, f"{PREFIX}/users/me/notifications", _USERS),
    Route(("PUT",), f"{PREFIX}/users/me/notifications/{{id}}/read", _USERS),
    Route(_READ, f"{PREFIX}/users/me/export", _USERS),
)
