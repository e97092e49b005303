"""The document itself: paths from the operations, schemas from the models."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from .. import __version__
from ..api.negotiation import CSV
from ..api.operation import Operation, Parameter
from ..api.response import JSON
from .refusals import REFUSALS, refusal, refusals_of
from .resources import RESOURCES, TAGS, body_of, operations
from .schemas import REFERENCE, answer_schema, parameter_schema, schemas

__all__ = ["RESOURCES", "document"]

_DESCRIPTION: Final = """Market data of listed companies: who they are, prices, reports and news.

- Numbers keep every digit that is stored; read them as decimals where that matters.
- Absence is `null`. Dates are `YYYY-MM-DD`, instants are in UTC.
- Lists come in pages: hand `nextCursor` back as `cursor`, with the same parameters, until it is
  `null`.
- `fields` selects what is answered. Unknown and repeated parameters are refused.
- Answers carry an `ETag`: send it back as `If-None-Match`, and `304` says that nothing changed.
- Every GET answers HEAD, too, and every path OPTIONS.
- Whatever goes wrong is told in a problem document (RFC 9457); `X-Request-Id` names the request."""

_TEXT: Final = {"schema": {"type": "string"}}
_HEADERS: Final = {
    "Allow": {"description": "The methods that this path has.", **_TEXT},
    "Deprecation": {"description": "Since when this is deprecated: `@` and seconds.", **_TEXT},
    "ETag": {"description": "For `If-None-Match`, and `If-Match` where that counts.", **_TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "Sunset": {"description": "From when on this may be gone.", **_TEXT},
    "WWW-Authenticate": {"description": "What is wrong with the token.", **_TEXT},
    "X-Next-Cursor": {"description": "In CSV, what `nextCursor` is in JSON.", **_TEXT},
    "X-Request-Id": {"description": "What this request is called in our log.", **_TEXT},
}
_TOKEN: Final = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of the issuer; on a laptop a developer stands in.",
}
_IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": "Change the record only if this is still its `ETag`.",
    **_TEXT,
}
_IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "Answer 304 if this is still the `ETag`.",
    **_TEXT,
}


def document() -> str:
    """Return the document as JSON."""
    paths: dict[str, dict[str, Any]] = {}
    for each in operations():
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    whole = {
        "openapi": "3.1.1",
        "info": {"title": "Signal9", "version": __version__, "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "Where this document is served."}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"token": _TOKEN},
            "headers": _HEADERS,
            "responses": {str(code): refusal(code, text) for code, text in REFUSALS.items()},
            "schemas": schemas(),
        },
    }
    return json.dumps(whole, ensure_ascii=False)


def _operation(each: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [each.tag],
        "summary": each.summary,
        "description": each.description,
        "operationId": each.operation_id,
        "parameters": [*map(_parameter, _shown(each)), *_conditions(each)],
        "responses": {**_successes(each), **refusals_of(each)},
        "security": [] if each.public else [{"token": [each.scope]}],
    }
    described |= {"deprecated": True} if each.deprecated else {}
    if (body := body_of(each)) is not None:
        content = {"schema": {"$ref": REFERENCE.format(model=body.type.__name__)}}
        content |= _example(f"{each.operation_id}.request")
        described["requestBody"] = {"required": True, "content": {JSON: content}}
    return described


def _shown(each: Operation) -> list[Parameter]:
    return [one for one in each.parameters if one.place in {"path", "query"}]


def _conditions(each: Operation) -> list[dict[str, Any]]:
    return [_IF_NONE_MATCH] * (each.method == "GET") + [_IF_MATCH] * each.conditional


def _successes(each: Operation) -> dict[str, Any]:
    headers = [_header("X-Request-Id")]
    headers += [_header(name) for name in ("Deprecation", "Sunset") if each.deprecated]
    if each.answer is None:
        return {"204": {"description": "Done.", "headers": dict(headers)}}
    headers.append(_header("ETag"))
    schema = {"schema": answer_schema(each, each.answer)}
    content: dict[str, Any] = {JSON: schema | _example(each.operation_id)}
    if CSV in each.media_types:
        content[CSV] = _TEXT
        headers.append(_header("X-Next-Cursor"))
    found = {
        "200": {
            "description": each.answer.__doc__,
            "headers": dict(headers),
            "content": content,
        }
    }
    if each.method == "GET":
        kept = {name: one for name, one in headers if name != "X-Next-Cursor"}
        found["304"] = {"description": "Nothing has changed since.", "headers": kept}
    return found


def _header(name: str) -> tuple[str, dict[str, str]]:
    return name, {"$ref": f"#/components/headers/{name}"}


def _example(name: str) -> dict[str, Any]:
    known = _examples()
    return {"example": known[name]} if name in known else {}


@cache
def _examples() -> dict[str, Any]:
    text = (files(__package__ or "") / "examples.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def _parameter(each: Parameter) -> dict[str, Any]:
    schema = parameter_schema(each)
    described: dict[str, Any] = {
        "name": each.name,
        "in": each.place,
        "required": each.required,
        "description": next((one.description for one in each.infos if one.description), ""),
    }
    for example in (one.examples[0] for one in each.infos if one.examples):
        described["example"] = example.split(",") if schema["type"] == "array" else example
    if schema.get("type") == "array":
        described |= {"style": "form", "explode": False}
    elif each.default is not None:
        schema["default"] = each.default
    return described | {"schema": schema}
