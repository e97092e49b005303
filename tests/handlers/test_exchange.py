"""HTTP turned into events of API Gateway's and back."""

from typing import Any

import pytest

from signal9_handlers.local.exchange import Request, proxy_event, reply_of
from signal9_handlers.local.gateway import Gateway
from signal9_handlers.routes import ROUTES, Route


def test_repeated_headers_and_parameters_come_last_and_all() -> None:
    request = Request("GET", "/x", "a=1&a=2&b=%C3%A4+%2B&c", [("accept", "p"), ("accept", "q")])

    event = proxy_event(request, "/x")

    assert event["headers"] == {"accept": "q"}
    assert event["multiValueHeaders"] == {"accept": ["p", "q"]}
    assert event["queryStringParameters"] == {"a": "2", "b": "ä +", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["ä +"], "c": [""]}


def test_what_is_not_there_is_null() -> None:
    event = proxy_event(Request("GET", "/x"), "/x")

    absent = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters", "body")
    assert [event[name] for name in absent] == [None] * 4


@pytest.mark.parametrize(
    ("body", "text", "encoded"),
    [("grüß".encode(), "grüß", False), (b"\xff\x00", "/wA=", True), (b"", None, False)],
)
def test_bodies_are_text_where_they_can_be(body: bytes, text: str | None, encoded: bool) -> None:
    event = proxy_event(Request("POST", "/x", body=body), "/x")

    assert (event["body"], event["isBase64Encoded"]) == (text, encoded)


def test_a_developer_stands_in_for_who_is_asking() -> None:
    headers = [("User-Agent", "test")]

    context = proxy_event(Request("GET", "/x", headers=headers), "/x")["requestContext"]

    assert context["authorizer"] == {
        "principalId": "local|developer",
        "userId": "local|developer",
        "scopes": "read:market read:me write:me",
    }
    assert context["identity"] == {"sourceIp": "127.0.0.1", "userAgent": "test"}


def test_results_become_replies_headers_repeated_and_bytes_decoded() -> None:
    headers = {"Set-Cookie": ["a=1", "b=2"]}
    result = {"statusCode": 200, "body": "/wA=", "isBase64Encoded": True}

    reply = reply_of(result | {"multiValueHeaders": headers})

    assert reply == (200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"\xff\x00")


seen: list[dict[str, Any]] = []


def echo(event: dict[str, Any], context: object) -> dict[str, Any]:
    seen.append(event)
    return {"statusCode": 204, "body": "", "isBase64Encoded": False, "multiValueHeaders": {}}


def test_the_gateway_names_the_resource_and_its_parameters() -> None:
    gateway = Gateway([Route(("GET",), "/things/{name}/parts", f"{__name__}.echo")])

    assert gateway(Request("GET", "/things/a b/parts")).status == 204
    assert gateway(Request("GET", "/things/a/b/parts")).status == 404

    assert [each["resource"] for each in seen] == ["/things/{name}/parts"]
    assert seen[0]["pathParameters"] == {"name": "a b"}


def test_no_two_routes_have_one_path() -> None:
    assert len({route.path for route in ROUTES}) == len(ROUTES)
