"""All resources of the API, and the paths and Lambda functions that follow from them."""

from typing import Final, NamedTuple

from .api import assets, financials, health, news, search, users
from .api.routing import PREFIX, Resource

__all__ = ["PREFIX", "RESOURCES", "ROUTES", "Route"]

RESOURCES: Final = (
    health.app,
    assets.app,
    search.app,
    news.app,
    news.briefing,
    financials.app,
    users.app,
)


class Route(NamedTuple):
    """A path, its methods, and the Lambda function that answers it; `open` needs no token."""

    methods: tuple[str, ...]
    path: str
    handler: str
    open: bool = False


def _routes(resource: Resource) -> list[Route]:
    paths: dict[str, Route] = {}
    for operation in resource.operations:
        path, method = operation.path, operation.method
        known = paths[path].methods if path in paths else ()
        methods = (*known, method, "HEAD") if method == "GET" else (*known, method)
        paths[path] = Route(methods, path, resource.handler_path, open=operation.scope is None)
    return list(paths.values())


ROUTES: Final = tuple(route for resource in RESOURCES for route in _routes(resource))
"""One for each path."""
