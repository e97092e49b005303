"""The contract over HTTP, of this machine's server or of any other one that holds the sample.

Nothing here looks behind the API, so that the same tests judge a stage of API Gateway.
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
QUESTIONS = [
    (path, query) for path in GET for query in QUERIES.get(path.removeprefix("/api/v1"), [""])
]


@pytest.fixture
def api(sample: Target) -> Iterator[httpx2.Client]:
    with sample.client() as client:
        yield client


def _address(path: str, query: str) -> str:
    return path.removeprefix("/api/v1").replace("{ticker}", "AAPL") + query


@pytest.mark.parametrize(("path", "query"), QUESTIONS)
def test_answers_are_as_the_document_says(api: httpx2.Client, path: str, query: str) -> None:
    answer = api.get(_address(path, query))

    assert answer.status_code == 200, answer.text
    described = GET[path]["responses"]["200"]
    schema = described["content"][answer.headers["content-type"]]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(
        answer.json()
    )
    for name in described["headers"]:
        assert name in answer.headers or name == "X-Next-Cursor"


@pytest.mark.parametrize("path", ["/assets/AAPL", "/assets/AAPL/prices", "/financials/IBM"])
def test_what_has_not_changed_is_not_sent_again(api: httpx2.Client, path: str) -> None:
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
def test_what_goes_wrong_is_told_in_a_problem_document(
    api: httpx2.Client, path: str, status: int
) -> None:
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
    found: list[Any] = []
    cursor = ""
    while True:
        page = api.get(f"{path}&limit=100{cursor}").json()
        found += page["items"]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"

    assert found == whole


def test_tables_and_compression_are_had_for_the_asking(api: httpx2.Client) -> None:
    path = "/assets/IBM/prices?from=2012-01-01"
    table = api.get(path, headers={"Accept": "text/csv"})

    assert table.text.splitlines()[0] == "date,open,high,low,close,volume"
    assert len(table.text.splitlines()) == len(api.get(path).json()["items"]) + 1
    assert api.get(path).headers.get("content-encoding") == "gzip"
