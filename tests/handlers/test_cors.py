"""Pages of allowed origins, and only those, may read whatever is answered."""

from collections.abc import Iterator

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import SettingsError
from signal9_handlers.api import news
from signal9_handlers.local.exchange import LocalContext, Request, proxy_event
from signal9_handlers.local.gateway import Gateway
from signal9_handlers.local.server import LARGEST_BODY
from signal9_handlers.runtime import application
from tests.handlers.test_failing_handlers import raising

OURS = "https://app.signal9.com"
EXPOSED = {"ETag", "X-Request-Id", "X-Next-Cursor", "Retry-After", "Location", "Deprecation"}


@pytest.fixture
def page(address: str, app: App, monkeypatch: pytest.MonkeyPatch) -> Iterator[httpx2.Client]:
    """A client that asks as a page of ours does."""
    allowed = app.settings.model_copy(update={"cors_origins": ("http://localhost:5173", OURS)})
    monkeypatch.setattr(app, "settings", allowed)
    with httpx2.Client(base_url=f"{address}/api/v1", headers={"Origin": OURS}) as client:
        yield client


def _is_open(response: httpx2.Response) -> None:
    assert response.headers["access-control-allow-origin"] == OURS
    assert {each.strip() for each in response.headers["vary"].split(",")} >= {"Origin"}
    exposed = {
        each.strip() for each in response.headers["access-control-expose-headers"].split(",")
    }
    assert exposed >= EXPOSED


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST"])
@pytest.mark.parametrize(
    "path", ["/health", "/assets/AAPL", "/assets/NOPE", "/search", "/nothing", "/users/me"]
)
def test_a_page_of_ours_may_read_every_answer(page: httpx2.Client, method: str, path: str) -> None:
    _is_open(page.request(method, path))


def test_it_may_read_what_is_not_sent_again_and_what_went_wrong_on_our_side(
    page: httpx2.Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = page.get("/assets/AAPL").headers["etag"]
    again = page.get("/assets/AAPL", headers={"If-None-Match": tag})
    monkeypatch.setitem(vars(app), "list_news", raising)

    assert again.status_code == 304
    _is_open(again)
    for broken in (page.get("/news"), page.post("/news", content=bytes(LARGEST_BODY + 1))):
        assert broken.status_code in {413, 500}
        _is_open(broken)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", f"{OURS}.evil.example", OURS.upper(), f"{OURS}/", "*", ""],
)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_no_other_page_may(page: httpx2.Client, method: str, origin: str) -> None:
    response = page.request(method, "/assets/AAPL", headers={"Origin": origin})

    assert response.status_code in {200, 204}
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert "Origin" in response.headers["vary"]


def test_a_page_learns_beforehand_what_it_may_send(page: httpx2.Client) -> None:
    asked = {"Access-Control-Request-Method": "PATCH"}

    response = page.options("/users/me", headers=asked)

    assert response.status_code == 204
    assert response.headers["access-control-allow-methods"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
    assert response.headers["access-control-allow-headers"] == (
        "Authorization, Content-Type, If-Match, If-None-Match"
    )
    assert response.headers["access-control-max-age"] == "3600"


def test_without_allowed_origins_no_page_may(client: httpx2.Client) -> None:
    response = client.get("/api/v1/assets", headers={"Origin": OURS})

    assert "access-control-allow-origin" not in response.headers


def test_settings_that_cannot_be_read_are_a_problem_and_open_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SIGNAL9_CORS_ORIGINS", "https://app.signal9.com/with/a/path")
    application.cache_clear()
    event = proxy_event(Request("GET", "/api/v1/news", headers=[("Origin", OURS)]), "/api/v1/news")

    result = news.handler(event, LocalContext("test"))

    assert result["statusCode"] == 500
    assert "Access-Control-Allow-Origin" not in result["multiValueHeaders"]
    [line] = caplog.records
    assert line.exc_info is not None
    assert isinstance(line.exc_info[1], SettingsError)
    assert "SIGNAL9_CORS_ORIGINS" in str(line.exc_info[1])


def test_the_gateways_own_refusals_can_be_read(page: httpx2.Client) -> None:
    asked = Request("GET", "/elsewhere", headers=[("origin", OURS)])

    reply = Gateway()(asked)

    assert reply.status == 404
    assert ("Access-Control-Allow-Origin", OURS) in reply.headers
