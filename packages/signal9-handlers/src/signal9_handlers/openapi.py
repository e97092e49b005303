"""The API's description: one OpenAPI 3.1 document over all groups of resources."""

import json
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.event_handler.openapi.merge import OpenAPIMerge
from aws_lambda_powertools.event_handler.openapi.models import Server, Tag
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import DecimalSchema

from . import __version__
from .api import assets, financials, health, news, search
from .api.problems import NotFoundProblem, Problem

if TYPE_CHECKING:
    from signal9_core.answers import Answer

__all__ = ["RESOURCES", "document"]

RESOURCES: Final = (health.app, assets.app, search.app, news.app, financials.app)
"""Every group of resources, in the order of the document."""

_TAGS: Final = (
    Tag(name="Health", description="Whether the API is up."),
    Tag(name="Assets", description="Companies, what follows from their data, and their prices."),
    Tag(name="Search", description="Companies by ticker or name, however they are typed."),
    Tag(name="News", description="Articles, and the tone in which they speak of companies."),
    Tag(name="Financials", description="What companies report."),
)

_DESCRIPTION: Final = """Market data of listed companies: who they are, prices, reports and news.

- Numbers keep every digit that is stored; read them as decimals where that matters.
- Absence is `null`. Dates are `YYYY-MM-DD`, instants are in UTC.
- Lists come in pages: hand `nextCursor` back as `cursor`, with the same parameters, until it is
  `null`.
- Answers carry an `ETag`: send it back as `If-None-Match`, and `304` says that nothing changed.
- Whatever goes wrong is told in a problem document (RFC 9457)."""

_POWERTOOLS_OWN: Final = {"HTTPValidationError", "ResponseValidationError", "ValidationError"}


def document() -> str:
    """Return the document as JSON."""
    merge = OpenAPIMerge(
        title="Signal9",
        version=__version__,
        description=_DESCRIPTION,
        tags=list(_TAGS),
        servers=[Server(url="/", description="Where this document is served.")],
        on_conflict="error",
    )
    for resource in RESOURCES:
        merge.add_schema(json.loads(resource.get_openapi_json_schema()))
    found = merge.get_openapi_schema()
    for operation in (each for path in found["paths"].values() for each in path.values()):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _plain(parameter["schema"])
    found["paths"] = dict(sorted(found["paths"].items()))
    found["components"]["schemas"] = _schemas(found["components"]["schemas"])
    return json.dumps(found, ensure_ascii=False)


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """Leave out what the parameter itself says, and `null`, which a query cannot hold."""
    kept = {key: each for key, each in schema.items() if key not in {"description", "title"}}
    given = [each for each in kept.pop("anyOf", ()) if each != {"type": "null"}]
    return kept | {key: value for each in given for key, value in each.items()}


class _AsOnTheWire(GenerateJsonSchema):
    """Describes decimals as the numbers that answers write."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002
        """Return what JSON has for a decimal."""
        return {"type": "number"}

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002
        """Leave out titles that would only repeat the name."""
        return False


def _schemas(given: dict[str, Any]) -> dict[str, Any]:
    models: list[type[Answer]] = [Problem, NotFoundProblem]
    for resource in RESOURCES:
        models += resource.answers
    _, ours = models_json_schema(
        [(each, "serialization") for each in models],
        ref_template="#/components/schemas/{model}",
        schema_generator=_AsOnTheWire,
    )
    rest = {name: each for name, each in given.items() if name not in _POWERTOOLS_OWN}
    return dict(sorted((rest | ours["$defs"]).items()))
