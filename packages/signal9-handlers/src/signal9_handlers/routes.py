"""All resources of the API and their operations."""

from typing import Final

from .api import assets, financials, health, news, search, users

__all__ = ["OPERATIONS", "RESOURCES"]

RESOURCES: Final = (
    health.app,
    assets.app,
    search.app,
    news.briefing,  # before /news/{id}
    news.app,
    financials.app,
    users.app,
)

OPERATIONS: Final = tuple(operation for resource in RESOURCES for operation in resource.operations)
