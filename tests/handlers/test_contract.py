"""The contract over HTTP, of the local server or of any other API that holds the sample.

These tests use nothing but the API, so that they also run against a stage of API Gateway.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema  # type: ignore[import-untyped]
import pytest

from signal9_handlers.openapi import document

from .sample import Target

DOCUMENT: dict[str, Any] = json.loads(document())
GET = {
    path: operations["get"]
    for path, operations in DOCUMENT["paths"].items()
    if "get" in operations and "/users/" not in path
}
QUERIES = {
    "/search": ["?q=aple", "?q=aple&fields=name"],
    "/prices": ["?tickers=AAPL,IBM&limit=2"],
    "/assets": ["", "?limit=3", "?tickers=AAPL,NOPE", "?exchange=nyse&limit=2&fields=ticker"],
    "/assets/{ticker}/prices": ["", "?adjusted=true&interval=1mo", "?format=columns&order=desc"],
    "/financials/{ticker}": ["", "?report=balance_sheet&period=quarterly"],
    "/news": ["?limit=3", "?ticker=GOOG&from=2012-01-01"],
}
REQUESTS = [
    (path, query) for path in GET for query in QUERIES.get(path.removeprefix("/api/v1"), [""])
]


@pytest.fixture
def api(sample: Target) -> Iterator[httpx2.Client]:
    with sample.client() as client:
        yield client


def _address(api: httpx2.Client, path: str, query: str) -> str:
    if "{id}" in path:
        path = path.replace("{id}", api.get("/news?limit=1").json()["items"][0]["id"])
    return path.removeprefix("/api/v1").replace("{ticker}", "AAPL") + query


@pytest.mark.parametrize(("path", "query"), REQUESTS)
def test_answers_are_as_the_document_says(api: httpx2.Client, path: str, query: str) -> None:
    answer = api.get(_address(api, path, query))

    assert answer.status_code == 200, answer.text
    described = GET[path]["responses"]["200"]
    schema = described["content"][answer.headers["content-type"]]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(
        answer.json()
    )
    for name in described["headers"]:
        assert name in answer.headers or name == "X-Next-Cursor"


@pytest.mark.parametrize("path", ["/assets/AAPL", "/assets/AAPL/prices", "/financials/IBM"])
def test_an_unchanged_answer_is_not_sent_again(api: httpx2.Client, path: str) -> None:
    tag = api.get(path).headers["etag"]

    again = api.get(path, headers={"If-None-Match": tag})

    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/assets/AAPPL", 404),
        ("/assets/AAPL/prices?interval=1h", 422),
        ("/search?q=aple&unheard-of=1", 422),
        ("/news?cursor=made-up", 422),
    ],
)
def test_a_failure_is_a_problem_document(api: httpx2.Client, path: str, status: int) -> None:
    answer = api.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = DOCUMENT["components"]["responses"][str(status)]["content"]
    jsonschema.Draft202012Validator(
        {**problem["application/problem+json"]["schema"], "components": DOCUMENT["components"]}
    ).validate(answer.json())


def test_pages_follow_one_another_to_the_end(api: httpx2.Client) -> None:
    path = "/assets/GOOG/prices?fields=date&from=2012-01-01"
    whole = api.get(path).json()["items"]
    page = api.get(f"{path}&limit=100").json()
    items = page["items"]
    while page["nextCursor"] is not None:
        page = api.get(f"{path}&limit=100&cursor={page['nextCursor']}").json()
        items += page["items"]

    assert items == whole


def test_prices_come_as_csv(api: httpx2.Client) -> None:
    path = "/assets/IBM/prices?from=2012-01-01"
    table = api.get(path, headers={"Accept": "text/csv"})

    assert table.text.splitlines()[0] == "date,open,high,low,close,volume"
    assert len(table.text.splitlines()) == len(api.get(path).json()["items"]) + 1


def test_large_answers_are_compressed(api: httpx2.Client) -> None:
    answer = api.get("/assets/IBM/prices?from=2012-01-01")

    assert answer.headers.get("content-encoding") == "gzip"


@pytest.mark.parametrize("path", ["/health", "/assets/AAPL", "/users/me", "/assets/NOPE"])
def test_head_has_the_headers_of_get(api: httpx2.Client, path: str) -> None:
    got, head = api.get(path), api.head(path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    for name in ("etag", "cache-control", "content-type", "vary"):
        assert head.headers.get(name) == got.headers.get(name)
    assert head.headers["x-request-id"] != got.headers["x-request-id"]


@pytest.mark.parametrize(
    ("path", "status"), [("/assets/AAPL", 200), ("/assets/AAPPL", 404), ("/search", 422)]
)
def test_a_page_of_an_allowed_origin_may_read_responses(
    api: httpx2.Client, sample: Target, path: str, status: int
) -> None:
    ours = api.get(path, headers={"Origin": sample.origin})
    others = api.get(path, headers={"Origin": "https://elsewhere.example"})

    assert ours.status_code == others.status_code == status
    assert ours.headers["access-control-allow-origin"] == sample.origin
    assert "ETag" in ours.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in others.headers
    assert "Origin" in ours.headers["vary"]


def test_a_preflight_says_what_a_page_may_send(api: httpx2.Client, sample: Target) -> None:
    headers = {"Origin": sample.origin, "Access-Control-Request-Method": "PATCH"}

    answer = api.options("/users/me", headers=headers)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == sample.origin
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    names = answer.headers["access-control-allow-headers"].lower().replace(" ", "").split(",")
    assert {"authorization", "content-type", "if-match", "if-none-match"} <= set(names)


def test_a_record_is_changed_only_if_it_is_as_it_was_read(api: httpx2.Client) -> None:
    read = api.get("/users/me")
    body = {"topics": ["ipo", f"topic {read.headers['etag']}"]}
    headers = {"If-Match": read.headers["etag"]}

    changed = api.put("/users/me/topics", json=body, headers=headers)
    late = api.put("/users/me/topics", json={"topics": []}, headers=headers)

    assert (changed.status_code, late.status_code) == (200, 412)
    assert changed.headers["etag"] != read.headers["etag"]
    assert api.get("/users/me").json()["topics"] == changed.json()["topics"]
    restored = api.put("/users/me/topics", json={"topics": read.json()["topics"]})
    assert restored.json() == read.json()


@pytest.mark.parametrize(
    ("body", "media_type", "statuses"),
    [
        (b'{"topics": ["a"]', "application/json", {400, 422}),
        (b'{"topics": ["a"], "userId": "grace"}', "application/json", {400, 422}),
        (b"topics=a", "application/x-www-form-urlencoded", {415}),
        (b'{"topics": ["' + b"a" * 70_000 + b'"]}', "application/json", {400, 413}),
        (b"[" * 50_000, "application/json", {400, 422}),
    ],
)
def test_an_invalid_body_is_refused(
    api: httpx2.Client, body: bytes, media_type: str, statuses: set[int]
) -> None:
    answer = api.put("/users/me/topics", content=body, headers={"Content-Type": media_type})

    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
