"""Everything that is described: the groups of resources, and what they are about."""

from collections.abc import Iterator
from typing import Final

from ..api import assets, briefing, financials, health, news, search, users
from ..api.operation import Operation, Parameter
from ..api.resource import Resource

__all__ = ["RESOURCES", "TAGS", "body_of", "operations"]

RESOURCES: Final[tuple[Resource, ...]] = (
    health.app,
    assets.app,
    search.app,
    news.app,
    briefing.app,
    financials.app,
    users.app,
)
"""Every group of resources, in the order of the document."""

TAGS: Final = {
    "Health": "Whether the API is up.",
    "Assets": "Companies, what follows from their data, and their prices.",
    "Search": "Companies by ticker or name, however they are typed.",
    "News": "Articles, and the tone in which they speak of companies.",
    "Financials": "What companies report.",
    "Users": "What callers say of themselves, and what they were told; nobody else's.",
}


def operations() -> Iterator[Operation]:
    """Yield every operation."""
    for resource in RESOURCES:
        yield from resource.operations


def body_of(operation: Operation) -> Parameter | None:
    """Return the parameter that takes the body, if there is one."""
    return next((each for each in operation.parameters if each.place == "body"), None)
