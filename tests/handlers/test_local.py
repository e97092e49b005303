"""The local server: events as API Gateway sends them, its site, and who may reach it."""

import json
import re
from base64 import b64encode

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_handlers.api import assets, news, users
from signal9_handlers.api.http import Request
from signal9_handlers.local.gateway import proxy_event
from signal9_handlers.local.server import LARGEST_BODY, LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.routes import OPERATIONS

from .sample import CONTEXT, problem, serving

SCRIPTS = ["/api.js", "/chart.js", "/docs.js", "/format.js", "/page.js", "/search.js"]
FILES = ["/page.css", "/icon.svg", *SCRIPTS]


def test_repeated_headers_and_parameters_are_in_the_event_as_api_gateway_sends_them() -> None:
    headers = [("accept", "p"), ("accept", "q")]

    event = proxy_event("GET", "/x", "a=1&a=2&b=%C3%A4+%2B&c", headers)

    assert event["multiValueHeaders"] == {"accept": ["p", "q"]}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["ä +"], "c": [""]}


def test_everyone_is_the_developer_unless_tokens_are_required(client: httpx2.Client) -> None:
    assert client.get("/api/v1/users/me").json()["userId"] == "local|developer"


def test_a_handler_returns_the_result_of_a_proxy_integration(app: App) -> None:
    result = assets.handler(proxy_event("GET", "/api/v1/assets/AAPL"), CONTEXT)

    assert result.keys() == {"statusCode", "multiValueHeaders", "body", "isBase64Encoded"}
    assert result["multiValueHeaders"]["Content-Type"] == ["application/json"]


def test_a_handler_answers_an_event_without_headers_and_parameters(app: App) -> None:
    absent = {"multiValueHeaders": None, "multiValueQueryStringParameters": None, "body": None}

    result = news.handler(proxy_event("GET", "/api/v1/news") | absent, CONTEXT)

    assert result["statusCode"] == 200


def test_a_handler_reads_an_encoded_body(app: App) -> None:
    headers = [("Content-Type", "application/json")]
    event = proxy_event("PUT", "/api/v1/users/me/topics", headers=headers)

    body = b64encode(b'{"topics": ["ipo"]}').decode()
    result = users.handler(event | {"body": body, "isBase64Encoded": True}, CONTEXT)

    assert json.loads(result["body"])["topics"] == ["ipo"]


@pytest.mark.parametrize("body", [b"", b'{"a": "\xc3\xa9"}', b"\xff\xfe\x00"])
def test_the_bytes_of_a_body_reach_the_handler_unchanged(body: bytes) -> None:
    assert Request(proxy_event("PUT", "/", body=body)).body == body


def test_a_body_over_a_mebibyte_is_refused_and_the_server_goes_on(client: httpx2.Client) -> None:
    chunks = iter([b"a" * LARGEST_BODY, b"a"])

    response = client.put("/api/v1/users/me/topics", content=chunks)

    assert problem(response, 413).detail == f"The body must have at most {LARGEST_BODY} bytes."
    assert client.get("/api/v1/health").status_code == 200


def test_no_two_functions_answer_the_same_path() -> None:
    functions = {(operation.path, operation.resource) for operation in OPERATIONS}

    assert len({path for path, _ in functions}) == len(functions)


def test_a_failing_page_is_a_problem_and_the_server_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class FailingSite(Site):
        def __call__(self, request: Request) -> None:  # type: ignore[override]
            raise OSError("secret 42")

    with serving(LocalServer(FailingSite(None))) as address:
        response = httpx2.get(f"{address}/")
        after = httpx2.get(f"{address}/api/v1/nothing")

    assert "secret" not in problem(response, 500).detail
    assert [record.getMessage() for record in caplog.records] == ["request failed"]
    assert after.status_code == 404


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:1", "LOCALHOST", "[::1]:80", "localhost."]
)
def test_the_server_answers_to_this_machines_names(client: httpx2.Client, host: str) -> None:
    assert client.get("/api/v1/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example.com", "127.0.0.1.example.com", "localhost:1:2", "localhost@evil", "10.0.0.1"],
)
@pytest.mark.parametrize("path", ["/", "/api/v1/users/me"])
def test_a_foreign_name_that_resolves_here_gets_nothing(
    client: httpx2.Client, host: str, path: str
) -> None:
    problem(client.get(path, headers={"Host": host}), 421)


def test_the_page_shows_the_notice_as_text(client: httpx2.Client) -> None:
    page, config = client.get("/"), client.get("/config.json").json()
    without = Site(None)(Request(proxy_event("GET", "/config.json"))).body

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert '<p id="notice" class="notice" role="note"></p>' in page.text
    assert config == {
        "api": "/api/v1",
        "docs": "/docs",
        "issuer": None,
        "notice": "Made up & small.",
    }
    assert 'find("notice").textContent = notice' in client.get("/page.js").text
    assert json.loads(without)["notice"] is None


def test_pages_load_only_what_is_served_with_them(client: httpx2.Client) -> None:
    sources = "".join(client.get(path).text for path in ["/", "/docs", *SCRIPTS])
    pattern = r'(?:src=|href=|url: |fetch\(|from |import )"([^"#]+)"'

    paths = {
        f"/{path.removeprefix('./').removeprefix('/')}" for path in re.findall(pattern, sources)
    }

    assert {*FILES, "/config.json", "/docs", "/openapi.json", "/docs/swagger-ui.js"} <= paths
    assert {client.get(path).status_code for path in paths} == {200}
    addresses = set(re.findall(r"https?://[^\s\"'`)]+", sources))
    assert addresses <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_pages_run_only_scripts_that_are_served_with_them(client: httpx2.Client, path: str) -> None:
    response = client.get(path)
    policy = response.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>", response.text)


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/page.js"])
def test_head_tells_the_length_of_a_file(client: httpx2.Client, path: str) -> None:
    got, head = client.get(path), client.head(path)

    assert head.content == b""
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["x-content-type-options"] == "nosniff"
