"""What every response says beside its body."""

import json
import logging

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_handlers.api import news
from signal9_handlers.api.resource import LONGEST_QUERY
from signal9_handlers.local.exchange import LocalContext, Request, proxy_event
from tests.handlers.test_problems import BrokenQuery, problem

PATHS = ["/health", "/assets", "/assets/AAPL", "/assets/NOPE", "/search", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
def test_every_response_has_a_name_and_forbids_guessing(client: httpx2.Client, path: str) -> None:
    first, second = client.get(f"/api/v1{path}"), client.get(f"/api/v1{path}")

    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["vary"] == "Accept, Accept-Encoding, Authorization, Origin"


def test_a_line_in_the_log_has_the_name_of_its_request(
    app: App, caplog: pytest.LogCaptureFixture
) -> None:
    vars(app)["list_news"] = BrokenQuery(ZeroDivisionError("oops"))
    event = proxy_event(Request("GET", "/api/v1/news"), "/api/v1/news")

    result = news.handler(event, LocalContext("test"))

    [line] = [each for each in caplog.records if each.levelno == logging.ERROR]
    name = event["requestContext"]["requestId"]
    assert vars(line)["correlation_id"] == name
    assert result["multiValueHeaders"]["X-Request-Id"] == [name]
    assert "oops" not in json.dumps(result)


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/health", "no-store"),
        ("/assets", "private, max-age=300"),
        ("/assets?tickers=AAPL", "private, max-age=300"),
        ("/search?q=apple", "private, max-age=300"),
        ("/news", "private, max-age=60"),
        ("/assets/AAPL", "private, no-cache"),
        ("/assets/AAPL/prices", "private, no-cache"),
        ("/prices?tickers=AAPL", "private, no-cache"),
        ("/financials/AAPL", "private, no-cache"),
        ("/users/me", "private, no-cache"),
        ("/assets/NOPE", "no-store"),
    ],
)
def test_how_long_an_answer_may_be_kept_depends_on_what_it_tells(
    client: httpx2.Client, path: str, cache: str
) -> None:
    assert client.get(f"/api/v1{path}").headers["cache-control"] == cache


def test_another_shape_has_another_tag(client: httpx2.Client) -> None:
    path = "/api/v1/assets/AAPL/prices"
    as_csv = client.get(path, headers={"Accept": "text/csv"}).headers["etag"]

    assert as_csv != client.get(path).headers["etag"]
    again = client.get(path, headers={"Accept": "text/csv", "If-None-Match": as_csv})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": as_csv}).status_code == 200


def test_a_query_that_is_too_long_is_refused(client: httpx2.Client) -> None:
    problem(client.get(f"/api/v1/search?q={'a' * LONGEST_QUERY}"), 414)


@pytest.mark.parametrize("value", ["1_0", "1.0", "\uff11", " 10", "1e1", "0x1", "NaN", "9" * 400])
def test_a_whole_number_is_written_in_digits(client: httpx2.Client, value: str) -> None:
    found = problem(client.get("/api/v1/news", params={"limit": value}), 422)

    assert [each.field for each in found.errors] == ["limit"]


@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "\x00",
        "\u202eAAPL",
        "🍏" * 20,
        "%00",
        "../etc",
    ],
)
def test_whatever_is_typed_is_only_text(client: httpx2.Client, text: str) -> None:
    found = client.get("/api/v1/search", params={"q": text})
    ticker = client.get("/api/v1/news", params={"ticker": text})

    assert found.status_code == 200
    assert ticker.status_code in {404, 422}
    assert "<script>" not in ticker.text or ticker.headers["content-type"].endswith("problem+json")
