"""Parameters that are lists with commas between: fields of answers, tickers."""

from typing import Any, Final

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = ["TICKER_SCHEMA", "Selected", "Several"]

TICKER_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9][A-Za-z0-9.:\-]{0,19}$",
}
"""How a ticker that is asked for may be written."""

_SHOWN: Final = 40


class Several:
    """Stands in `Annotated` where a text with commas between becomes a tuple of its parts."""

    def __init__(self, at_most: int) -> None:
        self.at_most = at_most

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        """Return what turns a text into parts."""
        return core_schema.no_info_plain_validator_function(self._parts)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Return how a list is described."""
        return {
            "type": "array",
            "items": self.item(),
            "minItems": 1,
            "maxItems": self.at_most,
            "uniqueItems": True,
        }

    def item(self) -> dict[str, Any]:
        """Return how a part is described: as a ticker, unless told otherwise."""
        return TICKER_SCHEMA

    def _parts(self, value: object) -> tuple[str, ...]:
        parts = tuple(str(value).split(","))
        if len(parts) > self.at_most:
            raise ValueError(f"has {len(parts)} entries; at most {self.at_most} go in one call")
        if len(set(parts)) < len(parts):
            raise ValueError("has an entry twice")
        for each in parts:
            self.check(each)
        return parts

    def check(self, part: str) -> None:
        """`ValueError` for a part that makes no sense."""
        if not part:
            raise ValueError("has an empty entry")


class Selected(Several):
    """Stands in `Annotated` where fields of a model can be chosen."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model
        self._names = tuple(field.alias or name for name, field in model.model_fields.items())
        super().__init__(len(self._names))

    def item(self) -> dict[str, Any]:
        """Return how a part is described."""
        return {"type": "string", "enum": list(self._names)}

    def check(self, part: str) -> None:
        """`ValueError` for a field that the model has not."""
        if part not in self._names:
            raise ValueError(f"{part[:_SHOWN]!r} is none of {', '.join(self._names)}")
