"""What is to go says so, in the document and with every answer, and not too late."""

import json
from dataclasses import replace
from datetime import date

import httpx2
import pytest

from signal9_handlers.api import news
from signal9_handlers.api.deprecation import Deprecation
from signal9_handlers.openapi import document

GOING = Deprecation(since=date(2026, 12, 1), sunset=date(2027, 6, 30))


@pytest.fixture
def going(client: httpx2.Client, monkeypatch: pytest.MonkeyPatch) -> httpx2.Client:
    """A client of an API whose news are to go."""
    operations = [replace(each, deprecated=GOING) for each in news.app.operations]
    monkeypatch.setattr(news.app, "operations", operations)
    return client


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", ["/news", "/news?limit=0", "/news?ticker=NOPE"])
def test_every_answer_of_what_is_to_go_says_since_when_and_until_when(
    going: httpx2.Client, method: str, path: str
) -> None:
    headers = going.request(method, f"/api/v1{path}").headers

    assert headers["deprecation"] == "@1796083200"
    assert headers["sunset"] == "Wed, 30 Jun 2027 00:00:00 GMT"


def test_an_answer_that_has_not_changed_says_so_too(going: httpx2.Client) -> None:
    again = going.get("/api/v1/news", headers={"If-None-Match": "*"})

    assert (again.status_code, again.headers["deprecation"]) == (304, "@1796083200")


def test_what_stays_says_nothing(going: httpx2.Client) -> None:
    for path in ("/news/briefing", "/assets", "/health"):
        assert "deprecation" not in going.get(f"/api/v1{path}").headers


def test_the_document_marks_what_is_to_go(going: httpx2.Client) -> None:
    paths = json.loads(document())["paths"]

    marked = {
        path for path, item in paths.items() for each in item.values() if "deprecated" in each
    }
    assert marked == {"/api/v1/news"}
    answer = paths["/api/v1/news"]["get"]["responses"]["200"]
    assert {"Deprecation", "Sunset"} <= answer["headers"].keys()


def test_half_a_year_is_the_least() -> None:
    with pytest.raises(ValueError, match="less than 182 days"):
        Deprecation(since=date(2026, 12, 1), sunset=date(2027, 5, 31))


def test_nothing_is_to_go_today() -> None:
    assert '"deprecated"' not in document()
