"""What a client is told when it asks for what is not there or makes no sense."""

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import StoreUnavailableError
from signal9_handlers.api.problems import NotFoundProblem, Problem
from signal9_handlers.local.server import LARGEST_BODY


def problem(response: httpx2.Response, status: int) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    found = Problem.model_validate_json(response.text)
    assert found.status == status
    return found


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/assets?limit=0", "limit"),
        ("/assets?limit=1001", "limit"),
        ("/assets?limit=many", "limit"),
        ("/assets?limit=", "limit"),
        ("/assets?limit=1&limit=2", "limit"),
        ("/assets?exchange=", "exchange"),
        ("/assets?cursor=made-up", "cursor"),
        ("/assets?exchnage=NYSE", "exchnage"),
        ("/assets/AAPL?verbose=1", "verbose"),
        ("/assets/Apple%20Inc%20Common%20Stock", "ticker"),
        ("/assets/Ä", "ticker"),
        ("/assets/🍏", "ticker"),
        ("/assets/AAPL/prices?from=yesterday", "from"),
        ("/assets/AAPL/prices?from=2024-02-30", "from"),
        ("/assets/AAPL/prices?from=1704153600", "from"),
        ("/assets/AAPL/prices?from=2024-01-02T00:00:00", "from"),
        ("/assets/AAPL/prices?from=2024-01-03&to=2024-01-02", "from"),
        ("/assets/AAPL/prices?to=", "to"),
        ("/assets/AAPL/prices?interval=1h", "interval"),
        ("/assets/AAPL/prices?adjusted=yes", "adjusted"),
        ("/assets/AAPL/prices?format=csv", "format"),
        ("/assets/BRK.B/prices?adjusted=true", "adjusted"),
        ("/search", "q"),
        ("/search?q=", "q"),
        ("/search?q=%20", "q"),
        ("/search?q=apple&limit=51", "limit"),
        ("/news?ticker=", "ticker"),
        ("/news?topic=" + 65 * "a", "topic"),
        ("/news?from=2024-01-03&to=2024-01-02", "from"),
        ("/financials/AAPL?report=dividends", "report"),
        ("/financials/AAPL?period=monthly", "period"),
        ("/financials/AAPL?limit=201", "limit"),
        ("/health?deep=true", "deep"),
    ],
)
def test_a_wrong_parameter_is_named(client: httpx2.Client, path: str, field: str) -> None:
    found = problem(client.get(f"/api/v1{path}"), 422)

    assert [each.field for each in found.errors] == [field]
    assert found.errors[0].message
    assert found.errors[0].message in found.detail


def test_every_wrong_parameter_is_named_at_once(client: httpx2.Client) -> None:
    query = "limit=0&from=x&interval=1h"

    found = problem(client.get(f"/api/v1/assets/AAPL/prices?{query}"), 422)

    assert {each.field for each in found.errors} == {"limit", "from", "interval"}


def test_messages_speak_to_whoever_asked(client: httpx2.Client) -> None:
    path = "/api/v1/assets/AAPL/prices"

    twice = problem(client.get(f"{path}?from=2024-01-02&from=2024-01-03"), 422)
    date = problem(client.get(f"{path}?from=02.01.2024"), 422)
    unknown = problem(client.get("/api/v1/search?query=apple&q=apple"), 422)

    assert twice.detail == "from: is given more than once"
    assert date.detail == "from: Input should be a date, written YYYY-MM-DD"
    assert unknown.detail == "query: is unknown; the parameters are fields, limit, q"


def test_a_cursor_is_good_only_for_its_query_and_unchanged(client: httpx2.Client) -> None:
    cursor = client.get("/api/v1/assets?limit=1").json()["nextCursor"]

    tampered = client.get("/api/v1/assets", params={"limit": 1, "cursor": cursor[:-1] + "!"})
    foreign = client.get("/api/v1/assets", params={"exchange": "NYSE", "cursor": cursor})

    assert [each.field for each in problem(tampered, 422).errors] == ["cursor"]
    assert [each.field for each in problem(foreign, 422).errors] == ["cursor"]


@pytest.mark.parametrize(
    "path",
    ["/assets/AAPPL", "/assets/AAPPL/prices", "/financials/AAPPL", "/news?ticker=AAPPL"],
)
def test_an_unknown_ticker_is_answered_with_the_nearest(client: httpx2.Client, path: str) -> None:
    response = client.get(f"/api/v1{path}")

    assert "AAPL" in problem(response, 404).detail
    assert "AAPL" in NotFoundProblem.model_validate_json(response.text).nearest


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", "/api/v2/health", "/api/v1", "/api/v1/assets/a/b/c"],
)
def test_an_unknown_path_is_not_found(client: httpx2.Client, path: str) -> None:
    problem(client.get(path), 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize("path", ["/api/v1/health", "/api/v1/assets/AAPL/prices", "/", "/docs"])
def test_a_method_that_a_path_has_not_is_told_those_it_has(
    client: httpx2.Client, method: str, path: str
) -> None:
    response = client.request(method, path)

    problem(response, 405)
    assert response.headers["allow"].startswith("GET, HEAD")


def test_options_tells_the_methods_of_a_path(client: httpx2.Client) -> None:
    response = client.options("/api/v1/assets/AAPL")

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"
    problem(client.options("/api/v1/nothing"), 404)


def test_a_body_that_is_too_large_is_refused(client: httpx2.Client) -> None:
    problem(client.post("/api/v1/news", content=bytes(LARGEST_BODY + 1)), 413)


class BrokenQuery:
    """A query that fails with what it is given."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self._error


def test_a_store_that_is_away_for_now_is_told_apart(
    client: httpx2.Client, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    vars(app)["list_news"] = BrokenQuery(StoreUnavailableError("tables are throttled"))

    response = client.get("/api/v1/news")

    assert "throttled" not in problem(response, 503).detail
    assert int(response.headers["retry-after"]) > 0
    assert [vars(each)["reason"] for each in caplog.records] == ["tables are throttled"]


def test_a_fault_of_ours_is_logged_once_and_shows_nothing(
    client: httpx2.Client, app: App, caplog: pytest.LogCaptureFixture
) -> None:
    vars(app)["list_news"] = BrokenQuery(ZeroDivisionError("secret 42"))

    response = client.get("/api/v1/news")

    assert "secret" not in problem(response, 500).detail
    assert "Traceback" not in response.text
    assert [each.getMessage() for each in caplog.records] == ["request failed"]
    assert "ZeroDivisionError: secret 42" in caplog.text
