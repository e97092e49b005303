"""The handler functions as AWS calls them: an event of API Gateway's in, a result out."""

import json
from importlib import import_module
from typing import Any

import pytest

from signal9_core.bootstrap import App
from signal9_handlers.api import assets, news
from signal9_handlers.local.exchange import LocalContext, Request, proxy_event
from signal9_handlers.routes import ROUTES

CONTEXT = LocalContext("test")


def event(path: str, query: str = "", method: str = "GET", **headers: str) -> dict[str, Any]:
    request = Request(method, f"/api/v1{path}", query, list(headers.items()))
    return proxy_event(request, f"/api/v1{path}")


def test_a_handler_answers_in_the_shape_of_a_proxy_integration(app: App) -> None:
    result = assets.handler(event("/assets/AAPL"), CONTEXT)

    assert result["statusCode"] == 200
    assert result["isBase64Encoded"] is False
    assert result["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert json.loads(result["body"])["ticker"] == "AAPL"


def test_an_encoded_path_is_understood_too(app: App) -> None:
    assert assets.handler(event("/assets/brk%2Eb"), CONTEXT)["statusCode"] == 200


def test_parameters_are_read_where_only_single_ones_are_sent(app: App) -> None:
    sent = event("/news", "limit=1") | {"multiValueQueryStringParameters": None}

    assert len(json.loads(news.handler(sent, CONTEXT)["body"])["items"]) == 1


def test_events_without_headers_and_parameters_are_answered(app: App) -> None:
    sent = event("/news") | {"headers": None, "multiValueHeaders": None}

    assert news.handler(sent, CONTEXT)["statusCode"] == 200


def test_header_names_have_no_case(app: App) -> None:
    tag = news.handler(event("/news"), CONTEXT)["multiValueHeaders"]["ETag"][0]

    again = news.handler(event("/news", **{"IF-NONE-MATCH": tag}), CONTEXT)

    assert (again["statusCode"], again["body"]) == (304, "")


@pytest.mark.parametrize("name", sorted({route.handler for route in ROUTES}))
def test_every_handler_in_the_table_exists_and_knows_only_its_own_paths(
    app: App, name: str
) -> None:
    module, _, function = name.rpartition(".")
    handler = getattr(import_module(module), function)

    assert handler(event("/elsewhere"), CONTEXT)["statusCode"] == 404
