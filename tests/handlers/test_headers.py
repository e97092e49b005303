"""Headers of responses: caching, ids, HEAD, and which pages of other sites may read them."""

from collections.abc import Iterator

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import SettingsError
from signal9_handlers.api import news
from signal9_handlers.local.gateway import proxy_event
from signal9_handlers.runtime import application

from .sample import CONTEXT
from .test_problems import failing

OURS = "https://app.signal9.com"
EXPOSED = {"ETag", "X-Request-Id", "X-Next-Cursor", "Retry-After", "Location", "WWW-Authenticate"}


def _names(header: str) -> set[str]:
    return {name.strip() for name in header.split(",")}


@pytest.mark.parametrize("path", ["/health", "/assets/AAPL", "/assets/NOPE", "/search", "/nothing"])
def test_every_response_has_its_own_id_and_safe_defaults(client: httpx2.Client, path: str) -> None:
    first, second = client.get(f"/api/v1{path}"), client.get(f"/api/v1{path}")

    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert "max-age" in first.headers["strict-transport-security"]
    assert first.headers["vary"] == "Accept, Accept-Encoding, Authorization, Origin"


def test_the_id_of_a_request_is_that_of_api_gateway(app: App) -> None:
    event = proxy_event("GET", "/api/v1/news")

    result = news.handler(event, CONTEXT)

    assert result["multiValueHeaders"]["X-Request-Id"] == [event["requestContext"]["requestId"]]


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
        ("/news/briefing", "private, no-cache"),
        ("/users/me", "private, no-cache"),
        ("/assets/NOPE", "no-store"),
    ],
)
def test_how_long_an_answer_may_be_cached_depends_on_its_data(
    client: httpx2.Client, path: str, cache: str
) -> None:
    assert client.get(f"/api/v1{path}").headers["cache-control"] == cache


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_an_answer_that_has_not_changed_is_not_sent_again(
    client: httpx2.Client, accept: str
) -> None:
    path, headers = "/api/v1/assets/AAPL/prices", {"Accept": accept}
    first = client.get(path, headers=headers)
    etag = first.headers["etag"]

    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(path, headers=headers | {"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    other = client.get(path, headers=headers | {"If-None-Match": '"other"'})
    weekly = client.get(f"{path}?interval=1w", headers=headers | {"If-None-Match": etag})

    assert etag.startswith('"')
    assert other.content == first.content
    assert weekly.status_code == 200


def test_json_and_csv_have_different_etags(client: httpx2.Client) -> None:
    path = "/api/v1/assets/AAPL/prices"

    etags = {
        client.get(path, headers={"Accept": kind}).headers["etag"] for kind in ("*", "text/csv")
    }

    assert len(etags) == 2


@pytest.fixture
def page(address: str, app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx2.Client]:
    """A client that sends requests as an allowed page does."""
    allowed = app.settings.model_copy(update={"cors_origins": ("http://localhost:5173", OURS)})
    monkeypatch.setattr(app, "settings", allowed)
    with httpx2.Client(base_url=f"{address}/api/v1", headers={"Origin": OURS}) as client:
        yield client


def _is_readable(response: httpx2.Response) -> bool:
    return (
        response.headers.get("access-control-allow-origin") == OURS
        and "Origin" in _names(response.headers["vary"])
        and _names(response.headers["access-control-expose-headers"]) >= EXPOSED
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize("path", ["/health", "/assets/AAPL", "/assets/NOPE", "/search", "/nothing"])
def test_an_allowed_page_may_read_every_response(
    page: httpx2.Client, method: str, path: str
) -> None:
    assert _is_readable(page.request(method, path))


def test_an_allowed_page_may_read_304_and_500(
    page: httpx2.Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchanged = page.get("/assets/AAPL", headers={"If-None-Match": "*"})
    monkeypatch.setattr(app, "list_news", failing(ZeroDivisionError()))
    failed = page.get("/news")

    assert (unchanged.status_code, failed.status_code) == (304, 500)
    assert _is_readable(unchanged)
    assert _is_readable(failed)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{OURS}.evil.example", OURS.upper(), f"{OURS}/", "*", ""],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_page_may_read_anything(page: httpx2.Client, method: str, origin: str) -> None:
    response = page.request(method, "/assets/AAPL", headers={"Origin": origin})

    assert response.status_code in {200, 204}
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert "Origin" in response.headers["vary"]


def test_without_allowed_origins_no_page_may_read_anything(client: httpx2.Client) -> None:
    response = client.get("/api/v1/assets", headers={"Origin": OURS})

    assert "access-control-allow-origin" not in response.headers


def test_invalid_settings_are_a_problem_and_allow_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SIGNAL9_CORS_ORIGINS", "https://app.signal9.com/with/a/path")
    application.cache_clear()
    event = proxy_event("GET", "/api/v1/news", headers=[("Origin", OURS)])

    result = news.handler(event, CONTEXT)

    assert result["statusCode"] == 500
    assert "Access-Control-Allow-Origin" not in result["multiValueHeaders"]
    [record] = caplog.records
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], SettingsError)
    assert "SIGNAL9_CORS_ORIGINS" in str(record.exc_info[1])
