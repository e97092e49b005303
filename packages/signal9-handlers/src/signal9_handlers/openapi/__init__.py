"""The API's description: one OpenAPI 3.1 document, made from the operations themselves."""

from .breaking import breaking_changes
from .document import RESOURCES, document
from .schemas import request_models

__all__ = ["RESOURCES", "breaking_changes", "document", "request_models"]
