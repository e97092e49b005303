"""The caller's own record and briefing, and that nobody can reach another's."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.users import Notification
from signal9_core.repositories.notifications import NotificationRepository
from signal9_core.schemas.news import BriefingAnswer
from signal9_handlers.api.http import Request
from signal9_handlers.api.routing import LONGEST_BODY
from signal9_handlers.auth.identity import SCOPES, Identity
from signal9_handlers.local.gateway import Gateway
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site

from .sample import problem, refused_fields, serving

ME = "/api/v1/users/me"
BRIEFING = "/api/v1/news/briefing"
PROFILE = {
    "profile": {"firstName": "Ada", "lastName": "Lovelace", "birthDate": "1985-12-10"},
    "investorType": "moderate",
}


def by_name(request: Request) -> Identity:
    """Identify everyone by what they claim."""
    values = request.headers.get("x-test-email")
    return Identity(request.header("x-test-user"), SCOPES, email=values[0] if values else None)


@pytest.fixture(scope="module")
def people() -> Iterator[str]:
    with serving(LocalServer(Site(None), Gateway(authorize=by_name))) as address:
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


def answer(response: httpx2.Response) -> dict[str, Any]:
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


def notify(app: App, user_id: str, *titles: str) -> None:
    at = datetime(2024, 1, 8, tzinfo=UTC)
    NotificationRepository(app.store, app.clock).claim(
        [
            (
                Notification(
                    id=f"{user_id}{title}",
                    user_id=user_id,
                    kind="news",
                    ticker="AAPL",
                    title=title,
                    url="/api/v1/news/1",
                    created_at=at,
                ),
                at,
            )
            for title in titles
        ]
    )


def test_the_wizard_from_the_first_request_to_the_last(ada: httpx2.Client) -> None:
    first = answer(ada.get(ME))
    early = ada.put(f"{ME}/wizard", json={"wizard": "completed"})
    assert (first["userId"], first["wizard"], len(first["missing"])) == ("ada", "not_started", 4)
    assert refused_fields(early) == ["wizard"]

    answer(ada.patch(ME, json=PROFILE))
    answer(ada.put(f"{ME}/topics", json={"topics": ["IPO", "Mergers & Acquisitions"]}))
    answer(ada.put(f"{ME}/watchlist", json={"watchlist": ["msft", "BRK-B"]}))
    last = answer(ada.put(f"{ME}/wizard", json={"wizard": "completed"}))

    assert last == answer(ada.get(ME))
    assert last["profile"] == PROFILE["profile"]
    assert last["topics"] == ["ipo", "mergers_and_acquisitions"]
    assert last["watchlist"] == ["MSFT", "BRK.B"]
    assert (last["wizard"], last["missing"]) == ("completed", [])


def test_notification_settings_are_changed_one_by_one_and_restored_by_null(
    ada: httpx2.Client,
) -> None:
    first = answer(ada.get(ME))["notifications"]
    night = {"quietFrom": "22:00", "quietUntil": "07:00", "timeZone": "Europe/Berlin"}

    answer(ada.patch(ME, json={"notifications": night}))
    second = answer(ada.patch(ME, json={"notifications": {"delivery": "daily"}}))["notifications"]
    names = dict.fromkeys(second)
    third = answer(ada.patch(ME, json={"notifications": names}))["notifications"]

    assert first == {
        "delivery": "at_once",
        "dailyAt": "08:00",
        "quietFrom": None,
        "quietUntil": None,
        "timeZone": "UTC",
        "email": False,
    }
    assert second == first | night | {"delivery": "daily"}
    assert third == first


def test_the_address_is_the_one_of_the_token(ada: httpx2.Client) -> None:
    def email_after(method: str, **headers: str) -> object:
        body = {"investorType": "moderate"} if method == "PATCH" else None
        return answer(ada.request(method, ME, json=body, headers=headers))["email"]

    assert email_after("GET") is None
    assert email_after("GET", **{"X-Test-Email": "ada@example.com"}) == "ada@example.com"
    assert email_after("PATCH") == "ada@example.com"
    assert email_after("PATCH", **{"X-Test-Email": "ada@example.org"}) == "ada@example.org"
    assert email_after("GET", **{"X-Test-Email": ""}) is None


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
        ("PATCH", "", {"notifications": {"delivery": "weekly"}}, "notifications.delivery"),
        ("PATCH", "", {"notifications": {"dailyAt": "8:00"}}, "notifications.dailyAt"),
        ("PATCH", "", {"notifications": {"dailyAt": "24:00"}}, "notifications.dailyAt"),
        ("PATCH", "", {"notifications": {"quietFrom": "22:00"}}, "notifications.quietUntil"),
        ("PATCH", "", {"notifications": {"quietUntil": "07:00"}}, "notifications.quietFrom"),
        ("PATCH", "", {"notifications": {"timeZone": "Mars/Olympus"}}, "notifications.timeZone"),
        ("PATCH", "", {"notifications": {"timeZone": "../etc"}}, "notifications.timeZone"),
        ("PATCH", "", {"notifications": {"email": "yes please"}}, "notifications.email"),
        ("PATCH", "", [], "body"),
        ("PATCH", "", None, "body"),
        ("PUT", "/wizard", {}, "wizard"),
        ("PUT", "/topics", {"topics": "ipo"}, "topics"),
        ("PUT", "/topics", {"topics": ["ipo", "¡"]}, "topics.1"),
        ("PUT", "/topics", {"topics": ["a"] * 51}, "topics"),
        ("PUT", "/watchlist", {"watchlist": ["AAPL", "NOPE"]}, "watchlist.1"),
        ("PUT", "/watchlist", {"watchlist": ["AAPL", None]}, "watchlist.1"),
        ("PUT", "/watchlist", {"watchlist": ["AAPL"] * 201}, "watchlist"),
        ("PUT", "/watchlist?user=grace", {"watchlist": []}, "user"),
    ],
)
def test_an_invalid_field_is_named_and_nothing_is_stored(
    ada: httpx2.Client, method: str, path: str, body: object, field: str
) -> None:
    before = ada.get(ME).headers["etag"]
    headers = {"Content-Type": "application/json"}

    response = ada.request(method, ME + path, content=json.dumps(body), headers=headers)

    assert refused_fields(response) == [field]
    assert ada.get(ME).headers["etag"] == before


def test_messages_about_a_body_say_what_is_valid(ada: httpx2.Client) -> None:
    unknown = ada.put(f"{ME}/topics", json={"topics": [], "userId": "grace"})
    status = ada.put(f"{ME}/wizard", json={"wizard": "done"})
    many = ada.put(f"{ME}/topics", json={"topics": ["a"] * 51})

    assert problem(unknown, 422).detail == "userId: unknown field"
    assert problem(status, 422).detail == (
        "wizard: must be one of not_started, in_progress, completed"
    )
    assert problem(many, 422).detail.startswith("topics: must have at most 50 items")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"{'a': 1}", b'{"topics": [NaN]}', b'{"a":' * 9_000, b'"', b"\x00"],
)
def test_a_body_that_is_not_json_is_refused(ada: httpx2.Client, content: bytes) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    problem(ada.put(f"{ME}/topics", content=content, headers=headers), 422)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""]
)
def test_only_what_is_declared_as_json_is_read(ada: httpx2.Client, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    problem(ada.put(f"{ME}/topics", content=b'{"topics": []}', headers=headers), 415)


def test_a_body_that_is_too_large_is_refused(ada: httpx2.Client) -> None:
    problem(ada.put(f"{ME}/topics", json={"topics": ["a" * LONGEST_BODY]}), 413)


def test_a_change_can_depend_on_the_version_that_was_read(ada: httpx2.Client) -> None:
    read = ada.get(ME).headers["etag"]
    first = ada.put(f"{ME}/topics", json={"topics": ["ipo"]}, headers={"If-Match": read})
    assert answer(first)["topics"] == ["ipo"]

    for stale in (read, '"made-up"', f"W/{first.headers['etag']}", "garbage"):
        late = ada.put(f"{ME}/topics", json={"topics": []}, headers={"If-Match": stale})
        problem(late, 412)
    for good in ("*", f'"other", {first.headers["etag"]}'):
        again = ada.put(f"{ME}/topics", json={"topics": ["ipo"]}, headers={"If-Match": good})
        assert again.headers["etag"] == first.headers["etag"]

    unchanged = ada.get(ME, headers={"If-None-Match": first.headers["etag"]})
    assert unchanged.status_code == 304


def test_nobody_can_reach_the_record_of_another(
    ada: httpx2.Client, grace: httpx2.Client, app: App
) -> None:
    answer(ada.put(f"{ME}/topics", json={"topics": ["ipo"]}))
    notify(app, "ada", "secret", "more")
    cursor = answer(ada.get(f"{ME}/notifications?limit=1"))["nextCursor"]
    mine = ada.get(ME)

    assert answer(grace.get(ME))["topics"] == []
    assert answer(grace.get(f"{ME}/notifications"))["items"] == []
    problem(grace.get(f"{ME}/notifications", params={"limit": 1, "cursor": cursor}), 422)
    problem(grace.put(f"{ME}/notifications/adasecret/read"), 404)
    problem(grace.get("/api/v1/users/ada"), 404)
    problem(grace.patch(ME, json={}, headers={"If-Match": mine.headers["etag"]}), 412)
    assert grace.delete(ME).status_code == 200

    assert ada.get(ME).content == mine.content
    assert all(item["readAt"] is None for item in answer(ada.get(f"{ME}/notifications"))["items"])


def test_notifications_are_paged_and_marked_as_read(ada: httpx2.Client, app: App) -> None:
    notify(app, "ada", "first", "second", "third")
    whole = answer(ada.get(f"{ME}/notifications"))["items"]

    first = answer(ada.get(f"{ME}/notifications?limit=2"))
    rest = answer(ada.get(f"{ME}/notifications?limit=2&cursor={first['nextCursor']}"))
    marked = answer(ada.put(f"{ME}/notifications/{whole[0]['id']}/read"))

    assert (first["items"] + rest["items"], rest["nextCursor"]) == (whole, None)
    assert marked["readAt"] is not None
    assert answer(ada.put(f"{ME}/notifications/{whole[0]['id']}/read")) == marked
    assert answer(ada.get(f"{ME}/notifications?unread=true"))["items"] == whole[1:]


def test_viewed_companies_are_listed_latest_first(ada: httpx2.Client) -> None:
    answer(ada.put(f"{ME}/viewed/AAPL"))

    assert answer(ada.put(f"{ME}/viewed/brk-b")) == {"viewed": ["BRK.B", "AAPL"]}
    problem(ada.put(f"{ME}/viewed/NOPE"), 404)


def test_all_data_can_be_exported_and_deleted(ada: httpx2.Client, app: App) -> None:
    answer(ada.patch(ME, json=PROFILE))
    answer(ada.put(f"{ME}/viewed/AAPL"))
    notify(app, "ada", "first")
    export = answer(ada.get(f"{ME}/export"))
    assert export["user"]["profile"] == PROFILE["profile"]
    assert (export["viewed"], len(export["notifications"])) == (["AAPL"], 1)

    deleted = ada.delete(ME)

    assert answer(deleted)["backupsUntil"] is None
    after = answer(ada.get(f"{ME}/export"))
    assert after["user"]["profile"]["firstName"] is None
    assert (after["viewed"], after["notifications"]) == ([], [])


def briefing(client: httpx2.Client, **query: object) -> tuple[BriefingAnswer, list[str]]:
    response = client.get(BRIEFING, params={name: str(value) for name, value in query.items()})
    content = BriefingAnswer.model_validate(answer(response))
    return content, [article.title for article in content.items]


def test_a_briefing_follows_the_callers_interests(ada: httpx2.Client) -> None:
    everything, titles = briefing(ada)
    ada.put(f"{ME}/watchlist", json={"watchlist": ["MSFT"]})
    ada.put(f"{ME}/viewed/AAPL")
    mine, my_titles = briefing(ada)

    assert (everything.of, len(titles)) == ("market", 10)
    assert (mine.of, my_titles) == ("interests", ["Microsoft slips"])
    assert mine.market == everything.market
    assert [asset.ticker for asset in mine.viewed] == ["AAPL"]


def test_a_briefing_can_be_filtered_ordered_and_paged(ada: httpx2.Client) -> None:
    first, first_titles = briefing(ada, order="impact", limit=1)
    _, second_titles = briefing(ada, order="impact", limit=1, cursor=first.next_cursor)

    assert briefing(ada, sentiment="Bullish")[1] == ["Apple gains"]
    assert first_titles + second_titles == ["Microsoft slips", "Apple gains"]
