"""Problem documents (RFC 9457), as far as a client needs them."""

from collections.abc import Sequence
from typing import Self

from pydantic import BaseModel, ValidationError

__all__ = ["FieldProblem", "Problem"]


class FieldProblem(BaseModel):
    """What is wrong with one parameter."""

    field: str
    message: str


class Problem(BaseModel):
    """What an API says went wrong; empty where it says nothing that can be read."""

    detail: str = ""
    errors: Sequence[FieldProblem] = ()
    nearest: Sequence[str] | None = None

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Return the problem in a body, or an empty one."""
        try:
            return cls.model_validate_json(content)
        except ValidationError:
            return cls()
