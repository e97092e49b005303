"""The briefing over HTTP."""

from collections.abc import Iterator

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.schemas import BriefingAnswer

from .test_problems import problem

ME = "/api/v1/users/me"
BRIEFING = "/api/v1/news/briefing"


@pytest.fixture
def reader(client: httpx2.Client, app: App) -> Iterator[httpx2.Client]:
    app.users.delete("local|developer")
    yield client
    app.users.delete("local|developer")


def briefing(client: httpx2.Client, **query: object) -> BriefingAnswer:
    response = client.get(BRIEFING, params={name: str(each) for name, each in query.items()})
    assert response.status_code == 200, response.text
    return BriefingAnswer.model_validate_json(response.text)


def titles(answer: BriefingAnswer) -> list[str]:
    return [each.title for each in answer.items]


def test_a_briefing_follows_what_the_caller_follows(reader: httpx2.Client) -> None:
    everything = briefing(reader)
    reader.put(f"{ME}/watchlist", json={"watchlist": ["MSFT"]})
    reader.put(f"{ME}/viewed/AAPL")
    mine = briefing(reader)

    assert (everything.of, len(everything.items)) == ("market", 10)
    assert (mine.of, titles(mine)) == ("interests", ["Microsoft slips"])
    assert mine.market == everything.market
    assert [each.ticker for each in mine.viewed] == ["AAPL"]


def test_it_can_be_narrowed_ordered_and_paged(reader: httpx2.Client) -> None:
    assert titles(briefing(reader, sentiment="Bullish")) == ["Apple gains"]
    first = briefing(reader, order="impact", limit=1)
    second = briefing(reader, order="impact", limit=1, cursor=first.next_cursor)

    assert titles(first) + titles(second) == ["Microsoft slips", "Apple gains"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("sentiment=happy", "sentiment"),
        ("order=oldest", "order"),
        ("limit=201", "limit"),
        ("cursor=x", "cursor"),
        ("user=ada", "user"),
    ],
)
def test_a_wrong_parameter_is_named(reader: httpx2.Client, query: str, field: str) -> None:
    found = problem(reader.get(f"{BRIEFING}?{query}"), 422)

    assert [each.field for each in found.errors] == [field]


def test_a_briefing_is_not_for_keeping_without_asking_again(reader: httpx2.Client) -> None:
    first = reader.get(BRIEFING)

    assert first.headers["cache-control"] == "private, no-cache"
    again = reader.get(BRIEFING, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
