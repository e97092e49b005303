"""One's own record over HTTP, and everything that others may try with it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Notification
from signal9_core.repositories import NotificationRepository
from signal9_handlers.api.bodies import LARGEST_JSON
from signal9_handlers.auth.identity import Identity
from signal9_handlers.auth.scopes import SCOPES
from signal9_handlers.local.exchange import Request
from signal9_handlers.local.gateway import Gateway
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.routes import Route

from .sample import serving
from .test_problems import problem

ME = "/api/v1/users/me"
WHOLE = {
    "profile": {"firstName": "Ada", "lastName": "Lovelace", "birthDate": "1985-12-10"},
    "investorType": "moderate",
}


def by_name(request: Request, _: Route) -> Identity:
    """Let everybody in as whom they say they are."""
    return Identity(dict(request.headers).get("x-test-user", "nobody"), SCOPES)


@pytest.fixture(scope="module")
def people() -> Iterator[str]:
    with serving(LocalServer(Site(None), Gateway(door=by_name))) as address:
        yield address


@pytest.fixture
def ada(people: str, app: App) -> Iterator[httpx2.Client]:
    app.users.delete("ada")
    with httpx2.Client(base_url=people, headers={"X-Test-User": "ada"}) as client:
        yield client


@pytest.fixture
def grace(people: str, app: App) -> Iterator[httpx2.Client]:
    app.users.delete("grace")
    with httpx2.Client(base_url=people, headers={"X-Test-User": "grace"}) as client:
        yield client


def done(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def tell(app: App, user_id: str, *names: str) -> None:
    at = datetime(2024, 1, 8, tzinfo=UTC)
    NotificationRepository(app.store, app.clock).claim(
        [
            Notification(
                id=f"{user_id}{name}",
                user_id=user_id,
                kind="news",
                ticker="AAPL",
                title=name,
                created_at=at,
            )
            for name in names
        ]
    )


def test_the_wizard_from_the_first_request_to_the_last(ada: httpx2.Client) -> None:
    first = done(ada.get(ME))
    assert (first["userId"], first["wizard"], len(first["missing"])) == ("ada", "not_started", 4)
    assert done(ada.put(f"{ME}/wizard", json={"wizard": "in_progress"}))["wizard"] == "in_progress"
    early = problem(ada.put(f"{ME}/wizard", json={"wizard": "completed"}), 422)
    assert [each.field for each in early.errors] == ["wizard"]

    done(ada.patch(ME, json=WHOLE))
    done(ada.put(f"{ME}/topics", json={"topics": ["IPO", "Mergers & Acquisitions"]}))
    done(ada.put(f"{ME}/watchlist", json={"watchlist": ["msft", "BRK-B"]}))
    last = done(ada.put(f"{ME}/wizard", json={"wizard": "completed"}))

    assert last == done(ada.get(ME))
    assert last["profile"] == WHOLE["profile"]
    assert last["topics"] == ["ipo", "mergers_and_acquisitions"]
    assert last["watchlist"] == ["MSFT", "BRK.B"]
    assert (last["wizard"], last["missing"]) == ("completed", [])


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PATCH", "", {"userId": "grace"}, "userId"),
        ("PATCH", "", {"profile": {"email": "a@b"}}, "profile.email"),
        ("PATCH", "", {"profile": {"firstName": "\ud800"}}, "body"),
        ("PATCH", "", {"profile": {"firstName": "a\nb"}}, "profile.firstName"),
        ("PATCH", "", {"profile": {"birthDate": "2020-01-01"}}, "profile.birthDate"),
        ("PATCH", "", {"profile": {"birthDate": 631152000}}, "profile.birthDate"),
        ("PATCH", "", {"investorType": "reckless"}, "investorType"),
        ("PATCH", "", [], "body"),
        ("PATCH", "", None, "body"),
        ("PUT", "/wizard", {}, "wizard"),
        ("PUT", "/wizard", {"wizard": "done"}, "wizard"),
        ("PUT", "/topics", {"topics": "ipo"}, "topics"),
        ("PUT", "/topics", {"topics": ["ipo", "¡"]}, "topics.1"),
        ("PUT", "/topics", {"topics": ["a"] * 51}, "topics"),
        ("PUT", "/watchlist", {"watchlist": ["AAPL", "NOPE"]}, "watchlist.1"),
        ("PUT", "/watchlist", {"watchlist": ["AAPL", None]}, "watchlist.1"),
        ("PUT", "/watchlist", {"watchlist": ["AAPL"] * 201}, "watchlist"),
        ("PUT", "/watchlist", {"watchlist": [], "userId": "grace"}, "userId"),
        ("PUT", "/watchlist?user=grace", {"watchlist": []}, "user"),
        ("PUT", "/topics?limit=1", {"topics": []}, "limit"),
    ],
)
def test_what_a_record_cannot_hold_is_named_and_nothing_is_stored(
    ada: httpx2.Client, method: str, path: str, body: object, field: str
) -> None:
    before = ada.get(ME)
    headers = {"Content-Type": "application/json"}
    response = ada.request(method, ME + path, content=json.dumps(body), headers=headers)

    assert [each.field for each in problem(response, 422).errors] == [field]
    assert ada.get(ME).headers["etag"] == before.headers["etag"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"{'a': 1}", b'{"topics": [NaN]}', b'{"a":' * 9_000, b'"', b"\x00"],
)
def test_what_is_no_json_is_refused(ada: httpx2.Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    problem(ada.put(f"{ME}/topics", content=content, headers=headers), 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
def test_only_what_is_sent_as_json_is_read(ada: httpx2.Client, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    problem(ada.put(f"{ME}/topics", content=b'{"topics": []}', headers=headers), 415)


def test_a_body_that_no_record_needs_is_too_large(ada: httpx2.Client) -> None:
    problem(ada.put(f"{ME}/topics", json={"topics": ["a" * LARGEST_JSON]}), 413)


def test_a_change_can_depend_on_the_record_as_it_was_read(ada: httpx2.Client) -> None:
    read = ada.get(ME).headers["etag"]
    first = ada.put(f"{ME}/topics", json={"topics": ["ipo"]}, headers={"If-Match": read})
    assert done(first)["topics"] == ["ipo"]

    for stale in (read, '"made-up"', "W/" + first.headers["etag"], "garbage"):
        late = ada.put(f"{ME}/topics", json={"topics": []}, headers={"If-Match": stale})
        problem(late, 412)
    for good in ("*", f'"other", {first.headers["etag"]}'):
        again = ada.put(f"{ME}/topics", json={"topics": ["ipo"]}, headers={"If-Match": good})
        assert again.headers["etag"] == first.headers["etag"]

    unchanged = ada.get(ME, headers={"If-None-Match": first.headers["etag"]})
    assert unchanged.status_code == 304


def test_nobody_comes_near_the_record_of_another(
    ada: httpx2.Client, grace: httpx2.Client, app: App
) -> None:
    done(ada.put(f"{ME}/topics", json={"topics": ["ipo"]}))
    tell(app, "ada", "secret", "more")
    cursor = done(ada.get(f"{ME}/notifications?limit=1"))["nextCursor"]
    mine = ada.get(ME)

    assert done(grace.get(ME))["topics"] == []
    assert done(grace.get(f"{ME}/notifications"))["items"] == []
    problem(grace.get(f"{ME}/notifications", params={"limit": 1, "cursor": cursor}), 422)
    problem(grace.put(f"{ME}/notifications/adasecret/read"), 404)
    problem(grace.get("/api/v1/users/ada"), 404)
    problem(grace.patch(ME, json={}, headers={"If-Match": mine.headers["etag"]}), 412)
    assert grace.delete(ME).status_code == 204

    assert ada.get(ME).content == mine.content
    assert all(each["readAt"] is None for each in done(ada.get(f"{ME}/notifications"))["items"])


def test_notifications_are_paged_and_marked_as_read(ada: httpx2.Client, app: App) -> None:
    tell(app, "ada", "first", "second", "third")
    whole = done(ada.get(f"{ME}/notifications"))["items"]

    paged, cursor = [], None
    while True:
        query = "limit=2" if cursor is None else f"limit=2&cursor={cursor}"
        page = done(ada.get(f"{ME}/notifications?{query}"))
        paged += page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    marked = done(ada.put(f"{ME}/notifications/{whole[0]['id']}/read"))

    assert paged == whole
    assert marked["readAt"] is not None
    assert done(ada.put(f"{ME}/notifications/{whole[0]['id']}/read")) == marked
    assert done(ada.get(f"{ME}/notifications?unread=true"))["items"] == whole[1:]


def test_companies_that_were_looked_at_are_noted(ada: httpx2.Client) -> None:
    done(ada.put(f"{ME}/viewed/AAPL"))
    assert done(ada.put(f"{ME}/viewed/brk-b")) == {"viewed": ["BRK.B", "AAPL"]}
    problem(ada.put(f"{ME}/viewed/NOPE"), 404)


def test_one_can_take_along_ones_data_and_have_it_deleted(ada: httpx2.Client, app: App) -> None:
    done(ada.patch(ME, json=WHOLE))
    done(ada.put(f"{ME}/viewed/AAPL"))
    tell(app, "ada", "first")
    export = done(ada.get(f"{ME}/export"))
    assert export["user"]["profile"] == WHOLE["profile"]
    assert (export["viewed"], len(export["notifications"])) == (["AAPL"], 1)

    gone = ada.delete(ME)

    assert (gone.status_code, gone.content) == (204, b"")
    after = done(ada.get(f"{ME}/export"))
    assert after["user"]["profile"]["firstName"] is None
    assert (after["viewed"], after["notifications"]) == ([], [])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "/topics", "OPTIONS, PUT"),
        ("DELETE", "/notifications", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_has_not_is_told_those_it_has(
    ada: httpx2.Client, method: str, path: str, allowed: str
) -> None:
    response = ada.request(method, ME + path)

    problem(response, 405)
    assert response.headers["allow"] == allowed
