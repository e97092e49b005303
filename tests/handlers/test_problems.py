"""Requests that fail: each is answered with a problem document that says why."""

from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signal9_core.bootstrap import App
from signal9_core.errors import DamagedItemError, StoreUnavailableError
from signal9_handlers.api.problems import NotFoundProblem, Problem
from signal9_handlers.api.routing import LONGEST_QUERY
from signal9_handlers.local.gateway import Gateway, proxy_event
from signal9_handlers.routes import RESOURCES

from .sample import problem, refused_fields

PRICES = "/api/v1/assets/AAPL/prices"


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
        ("/assets/AAPL?ticker=MSFT", "ticker"),
        ("/assets/Apple%20Inc%20Common%20Stock", "ticker"),
        ("/assets/🍏", "ticker"),
        ("/assets/AAPL/prices?from=yesterday", "from"),
        ("/assets/AAPL/prices?from=2024-02-30", "from"),
        ("/assets/AAPL/prices?from=1704153600", "from"),
        ("/assets/AAPL/prices?from=20240102", "from"),
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
        ("/news?ticker=", "ticker"),
        ("/news?topic=" + 65 * "a", "topic"),
        ("/news?from=2024-01-03&to=2024-01-02", "from"),
        ("/news/briefing?sentiment=happy", "sentiment"),
        ("/news/briefing?order=oldest", "order"),
        ("/news/briefing?user=ada", "user"),
        ("/financials/AAPL?report=dividends", "report"),
        ("/financials/AAPL?period=monthly", "period"),
        ("/health?deep=true", "deep"),
    ],
)
def test_an_invalid_parameter_is_named(client: httpx2.Client, path: str, field: str) -> None:
    document = problem(client.get(f"/api/v1{path}"), 422)

    assert [error.field for error in document.errors] == [field]
    assert document.errors[0].message in document.detail


@pytest.mark.parametrize("value", ["1_0", "1.0", "\uff11", " 10", "1e1", "0x1", "NaN", "9" * 400])
def test_a_whole_number_is_written_in_digits(client: httpx2.Client, value: str) -> None:
    assert refused_fields(client.get("/api/v1/news", params={"limit": value})) == ["limit"]


def test_all_invalid_parameters_are_named_at_once(client: httpx2.Client) -> None:
    response = client.get(f"{PRICES}?limit=0&from=x&interval=1h&colour=red")

    assert set(refused_fields(response)) == {"limit", "from", "interval", "colour"}


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        (f"{PRICES}?from=2024-01-02&from=2024-01-03", "from: must be given only once"),
        (f"{PRICES}?from=02.01.2024", "from: must be a date, written YYYY-MM-DD"),
        (f"{PRICES}?interval=1h", "interval: must be one of 1d, 1w, 1mo"),
        (f"{PRICES}?fields=colour", "must contain only date, open, high, low, close, volume"),
        ("/api/v1/search?limit=1", "q: is required"),
        ("/api/v1/search?q=a&limit=51", "limit: must be a whole number between 1 and 50"),
        ("/api/v1/search?q=a&p=b", "p: unknown parameter; known parameters are fields, limit, q"),
        ("/api/v1/health?a=b", "a: unknown parameter; there are none"),
    ],
)
def test_a_message_says_what_is_valid(client: httpx2.Client, path: str, detail: str) -> None:
    assert problem(client.get(path), 422).detail.endswith(detail)


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "<script>alert(1)</script>", "\x00", "\u202eAAPL", "%00", "../etc"]
)
def test_markup_and_commands_are_only_text(client: httpx2.Client, text: str) -> None:
    search = client.get("/api/v1/search", params={"q": text})
    news = client.get("/api/v1/news", params={"ticker": text})

    assert search.status_code == 200
    assert news.status_code in {404, 422}
    assert news.headers["content-type"].endswith("problem+json")


def test_a_cursor_is_valid_only_for_its_query_and_unchanged(client: httpx2.Client) -> None:
    cursor = client.get("/api/v1/assets?limit=1").json()["nextCursor"]

    tampered = client.get("/api/v1/assets", params={"limit": 1, "cursor": f"{cursor[:-1]}!"})
    foreign = client.get("/api/v1/assets", params={"exchange": "NYSE", "cursor": cursor})

    assert refused_fields(tampered) == refused_fields(foreign) == ["cursor"]


@pytest.mark.parametrize(
    "path", ["/assets/AAPPL", "/assets/AAPPL/prices", "/financials/AAPPL", "/news?ticker=AAPPL"]
)
def test_an_unknown_ticker_is_answered_with_the_nearest(client: httpx2.Client, path: str) -> None:
    response = client.get(f"/api/v1{path}")

    assert "AAPL" in problem(response, 404).detail
    assert "AAPL" in NotFoundProblem.model_validate_json(response.text).nearest


@pytest.mark.parametrize(
    "path", ["/api/v1/nothing", "/api/v2/health", "/api/v1", "/api/v1/assets/a/b/c", "/other"]
)
def test_an_unknown_path_is_not_found(client: httpx2.Client, path: str) -> None:
    problem(client.get(path), 404)
    problem(client.options(path), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/v1/health", "GET, HEAD, OPTIONS"),
        ("TRACE", "/api/v1/assets/AAPL/prices", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/users/me", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/api/v1/users/me/topics", "OPTIONS, PUT"),
        ("DELETE", "/", "GET, HEAD"),
        ("PUT", "/docs", "GET, HEAD"),
    ],
)
def test_a_405_lists_the_methods_of_the_path(
    client: httpx2.Client, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)

    problem(response, 405)
    assert response.headers["allow"] == allowed


def test_options_lists_the_methods_of_a_path(client: httpx2.Client) -> None:
    response = client.options("/api/v1/assets/AAPL")

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_query_that_is_too_long_is_refused(client: httpx2.Client) -> None:
    problem(client.get(f"/api/v1/search?q={'a' * LONGEST_QUERY}"), 414)


def test_an_unavailable_store_is_a_503_with_the_time_to_wait(
    client: httpx2.Client,
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(app, "list_news", failing(StoreUnavailableError("tables are throttled")))

    response = client.get("/api/v1/news")

    assert "throttled" not in problem(response, 503).detail
    assert int(response.headers["retry-after"]) > 0
    assert [vars(record)["reason"] for record in caplog.records] == ["tables are throttled"]


def test_a_damaged_item_is_a_500_and_named_in_the_log_only(
    client: httpx2.Client,
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    error = DamagedItemError("News", "AAPL/2024", "its checksum differs")
    monkeypatch.setattr(app, "list_news", failing(error))

    assert "AAPL/2024" not in problem(client.get("/api/v1/news"), 500).detail

    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_an_unexpected_error_is_logged_once_and_reveals_nothing(
    client: httpx2.Client,
    app: App,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(app, "list_news", failing(ZeroDivisionError("secret 42")))

    response = client.get("/api/v1/news")

    assert "secret" not in problem(response, 500).model_dump_json()
    [record] = caplog.records
    assert record.getMessage() == "request failed"
    assert vars(record)["correlation_id"] == response.headers["x-request-id"]
    assert "ZeroDivisionError: secret 42" in caplog.text


class failing:  # noqa: N801  reads as an adjective
    """A query that raises an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self._error


words = st.text(max_size=12) | st.sampled_from(["AAPL", "brk.b", "a", "%", "..", "%2F", "\x00"])
values = words | st.sampled_from(
    ["1", "-1", "0", "1e9", "9" * 30, "2024-01-02", "0001-01-01", "9999-12-31", "true", "1mo"]
)
NAMES = {
    operation.path: operation.in_query
    for resource in RESOURCES
    for operation in resource.operations
    if operation.method == "GET"
}


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a path of the API with mostly known parameters and any values."""
    path, names = draw(st.sampled_from(sorted(NAMES.items())))
    known = st.sampled_from([*names, "unheard-of"])
    query = draw(st.dictionaries(known, values, max_size=4))
    ticker = draw(st.sampled_from(["AAPL", "msft"]) | words)
    return proxy_event("GET", path.replace("{ticker}", ticker), urlencode(query))


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(event=events())
def test_no_request_makes_the_api_fail(app: App, event: dict[str, Any]) -> None:
    response = Gateway()(event)

    assert response.status in {200, 404, 422}
    if response.status != 200:
        assert Problem.model_validate_json(response.body).status == response.status
