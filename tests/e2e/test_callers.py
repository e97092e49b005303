"""Who is let in, and what they do with their own record."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.e2e.place import Place, eventually


def _record_of(client: httpx2.Client) -> dict[str, Any] | None:
    """Return the record, unless it is being deleted."""
    answer = client.get("/users/me")
    return None if answer.status_code == 503 else answer.json()


@pytest.fixture(scope="module")
def stranger(place: Place) -> Iterator[httpx2.Client]:
    """A client without a token."""
    with place.api("") as found:
        yield found


@pytest.fixture(scope="module")
def grace(place: Place) -> Iterator[httpx2.Client]:
    """A client of somebody whose record nothing else looks at."""
    if not place.emulated:
        pytest.skip("no record is changed in a real stage")
    with place.api(place.token("grace")) as found:
        yield found


def test_health_is_open_to_everybody(stranger: httpx2.Client) -> None:
    assert stranger.get("/health").status_code == 200


@pytest.mark.parametrize("token", ["", "Bearer made.up.token", "Basic YTpi"])
@pytest.mark.parametrize("path", ["/assets/AAPL", "/users/me"])
def test_nobody_else_is_let_in_without_a_good_token(
    stranger: httpx2.Client, path: str, token: str
) -> None:
    answer = stranger.get(path, headers={"Authorization": token} if token else {})

    assert answer.status_code == 401, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["status"] == 401


def test_a_token_of_one_scope_opens_its_paths_and_no_others(place: Place) -> None:
    if not place.emulated:
        pytest.skip("there is one token for a real stage")
    with place.api(place.token("reader", "read:market")) as reader:
        allowed = reader.get("/assets/AAPL")
        refused = reader.patch("/users/me", json={"investorType": "moderate"})

    assert allowed.status_code == 200
    assert refused.status_code == 403, refused.text
    assert refused.headers["Content-Type"].startswith("application/problem+json")
    assert "write:me" in refused.text


def test_a_record_is_changed_only_by_who_has_read_it(grace: httpx2.Client) -> None:
    read = grace.get("/users/me")
    wanted = {"profile": {"firstName": "Grace"}, "investorType": "moderate"}

    changed = grace.patch("/users/me", json=wanted, headers={"If-Match": read.headers["ETag"]})
    overtaken = grace.patch("/users/me", json={}, headers={"If-Match": read.headers["ETag"]})

    assert read.json()["userId"] == "grace"
    assert changed.status_code == 200, changed.text
    assert changed.json()["profile"]["firstName"] == "Grace"
    assert changed.headers["ETag"] != read.headers["ETag"]
    assert overtaken.status_code == 412, overtaken.text


def test_what_a_caller_follows_makes_the_briefing(api: httpx2.Client, grace: httpx2.Client) -> None:
    # Those that have news by now: a briefing reaches back from the latest article.
    mentioned = {
        each["ticker"]
        for article in api.get("/news", params={"limit": 100}).json()["items"]
        for each in article["tickers"]
    }
    known = sorted(each for each in mentioned if api.get(f"/assets/{each}").status_code == 200)
    given = {"watchlist": [each.lower() for each in known]}
    grace.put("/users/me/watchlist", json=given).raise_for_status()
    grace.put("/users/me/topics", json={"topics": ["Technology"]}).raise_for_status()
    grace.put("/users/me/viewed/AAPL").raise_for_status()

    record, briefing = grace.get("/users/me").json(), grace.get("/news/briefing").json()

    assert (sorted(record["watchlist"]), record["topics"]) == (known, ["technology"])
    assert briefing["of"] == "interests"
    assert briefing["items"]
    assert [each["ticker"] for each in briefing["viewed"]] == ["AAPL"]


def test_a_company_that_is_not_known_cannot_be_watched(grace: httpx2.Client) -> None:
    answer = grace.put("/users/me/watchlist", json={"watchlist": ["NOSUCH"]})

    assert answer.status_code == 422, answer.text
    assert "NOSUCH" in answer.text


def test_a_caller_takes_their_data_along_and_has_it_deleted(grace: httpx2.Client) -> None:
    taken = grace.get("/users/me/export").json()

    deleted = grace.delete("/users/me")

    assert "Grace" in str(taken)
    assert deleted.status_code == 200
    assert deleted.json()["backupsUntil"] > deleted.json()["requestedAt"]
    anew = eventually(lambda: _record_of(grace), within_s=60)
    assert (anew["watchlist"], anew["topics"]) == ([], [])
    assert anew["profile"]["firstName"] is None
