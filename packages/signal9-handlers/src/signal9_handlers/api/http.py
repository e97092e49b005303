"""HTTP around the answers: validators, caching, HEAD, and headers that every response carries."""

from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, Final

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.content_types import APPLICATION_JSON
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_core.answers import Answer, to_json

__all__ = ["ok", "respond"]

_REVALIDATE: Final = "private, no-cache"
"""Answers may be kept but must be checked with their ETag, since an ingest may come at any time."""


def ok(answer: Answer) -> Response[str]:
    """Return an answer with a strong ETag; every digit of its numbers stays."""
    body = to_json(answer)
    headers = {
        "Cache-Control": _REVALIDATE,
        "ETag": f'"{blake2b(body, digest_size=16).hexdigest()}"',
    }
    return Response(HTTPStatus.OK, APPLICATION_JSON, body.decode(), headers)


def respond(
    app: APIGatewayRestResolver, event: Mapping[str, Any], context: LambdaContext
) -> dict[str, Any]:
    """Have the resource answer a request of API Gateway's; HEAD is GET without a body."""
    head = event["httpMethod"] == "HEAD"
    result = app.resolve({**event, "httpMethod": "GET"} if head else event, context)
    headers = {"Cache-Control": ["no-store"], "X-Content-Type-Options": ["nosniff"]}
    headers |= result["multiValueHeaders"]
    result["multiValueHeaders"] = headers
    if any(_matches(asked, headers.get("ETag", [])) for asked in _if_none_match(event)):
        del headers["Content-Type"]
        return result | {"statusCode": HTTPStatus.NOT_MODIFIED.value, "body": ""}
    return result | {"body": ""} if head else result


def _if_none_match(event: Mapping[str, Any]) -> list[str]:
    given = event.get("multiValueHeaders") or {}
    values = [each for name in given if name.lower() == "if-none-match" for each in given[name]]
    return [tag.strip() for value in values for tag in value.split(",")]


def _matches(asked: str, etags: list[str]) -> bool:
    return bool(etags) and asked.removeprefix("W/") in {"*", *etags}
