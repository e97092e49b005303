"""The API as a client meets it: over HTTP, on the local server."""

import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from signal9_core.schemas import (
    Answer,
    AssetAnswer,
    AssetsAnswer,
    FinancialsAnswer,
    NewsAnswer,
    PricesAnswer,
    SearchAnswer,
    to_json,
)
from signal9_handlers import __version__
from signal9_handlers.api.health import HealthAnswer
from tests.handlers.conftest import EXACT


def get(client: httpx2.Client, path: str, **query: object) -> Any:
    response = client.get(
        f"/api/v1{path}", params={name: str(each) for name, each in query.items()}
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return json.loads(response.text, parse_float=Decimal)


def pages(client: httpx2.Client, path: str, **query: object) -> list[list[Any]]:
    found = []
    cursor: dict[str, object] = {}
    while True:
        page = get(client, path, **query, **cursor)
        found.append(page["items"])
        if page["nextCursor"] is None:
            return found
        cursor = {"cursor": page["nextCursor"]}


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/health", HealthAnswer),
        ("/assets", AssetsAnswer),
        ("/assets/AAPL", AssetAnswer),
        ("/assets/ZZZ", AssetAnswer),
        ("/assets/AAPL/prices", PricesAnswer),
        ("/assets/AAPL/prices?format=columns&adjusted=true&interval=1mo", PricesAnswer),
        ("/search?q=apple", SearchAnswer),
        ("/news", NewsAnswer),
        ("/financials/AAPL", FinancialsAnswer),
    ],
)
def test_answers_are_exactly_of_their_documented_model(
    client: httpx2.Client, path: str, model: type[Answer]
) -> None:
    text = client.get(f"/api/v1{path}").text

    again = to_json(model.model_validate_json(text))

    assert json.loads(text, parse_float=Decimal) == json.loads(again, parse_float=Decimal)


def test_health_tells_version_and_stage(client: httpx2.Client) -> None:
    assert get(client, "/health") == {"status": "ok", "version": __version__, "stage": "local"}


def test_companies_are_listed_by_name_and_can_be_narrowed(client: httpx2.Client) -> None:
    everyone = get(client, "/assets")["items"]
    nasdaq = get(client, "/assets", exchange="nasdaq")["items"]
    finance = get(client, "/assets", sector="finance")["items"]

    assert {each["ticker"] for each in everyone} == {"AAPL", "BRK.B", "MSFT", "ZZZ"}
    assert [each["ticker"] for each in nasdaq] == ["AAPL", "MSFT"]
    assert [each["ticker"] for each in finance] == ["BRK.B"]


@pytest.mark.parametrize("spelling", ["AAPL", "aapl", "%41APL", "aapl/"])
def test_a_ticker_may_be_written_in_any_case_and_encoded(
    client: httpx2.Client, spelling: str
) -> None:
    assert get(client, f"/assets/{spelling}")["ticker"] == "AAPL"


def test_share_classes_are_found_by_their_dot(client: httpx2.Client) -> None:
    assert get(client, "/assets/brk.b")["ticker"] == "BRK.B"
    assert get(client, "/assets/BRK%2EB/prices")["items"][0]["close"] == Decimal("702.1")


def test_every_digit_of_a_price_reaches_the_client(client: httpx2.Client) -> None:
    bars = get(client, "/assets/MSFT/prices")["items"]
    columns = get(client, "/assets/MSFT/prices", format="columns")["items"]

    assert {bar["close"] for bar in bars} == {EXACT}
    assert columns["close"] == [bar["close"] for bar in bars]
    assert columns["date"] == [bar["date"] for bar in bars]


def test_prices_can_be_cut_resampled_and_adjusted(client: httpx2.Client) -> None:
    cut = get(client, "/assets/AAPL/prices", **{"from": "2023-12-29", "to": "2024-01-02"})
    months = get(client, "/assets/AAPL/prices", interval="1mo")
    adjusted = get(client, "/assets/AAPL/prices", adjusted="true")

    assert [bar["date"] for bar in cut["items"]] == ["2023-12-29", "2024-01-02"]
    assert [bar["date"] for bar in months["items"]] == ["2023-12-29", "2024-01-03"]
    assert adjusted["items"][-1]["close"] == Decimal("92.125")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/assets", {}),
        ("/assets/MSFT/prices", {}),
        ("/assets/MSFT/prices", {"interval": "1w"}),
        ("/news", {}),
        ("/news", {"ticker": "AAPL"}),
        ("/financials/AAPL", {}),
    ],
)
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_hold_everything_once_and_in_order(
    client: httpx2.Client, path: str, query: dict[str, str], limit: int
) -> None:
    whole = get(client, path, **query)["items"]

    paged = pages(client, path, **query, limit=limit)

    assert [each for page in paged for each in page] == whole
    assert all(len(page) == limit for page in paged[:-1])


def test_search_forgives_slips_and_takes_any_script(client: httpx2.Client) -> None:
    assert get(client, "/search", q="mircosoft")["items"][0]["ticker"] == "MSFT"
    assert get(client, "/search", q="苹果 🍏")["items"] == []


def test_news_can_be_narrowed_to_a_company_a_topic_and_days(client: httpx2.Client) -> None:
    company = get(client, "/news", ticker="brk.b")["items"]
    topic = get(client, "/news", topic="Technology")["items"]
    days = get(client, "/news", **{"from": "2024-01-11", "to": "2024-01-12"})["items"]

    assert [each["title"] for each in company] == ["Apple and Berkshire"]
    assert [each["title"] for each in topic] == ["Apple gains"]
    assert [each["title"] for each in days] == ["Apple 12", "Apple 11"]


def test_reports_come_by_kind_and_period(client: httpx2.Client) -> None:
    income = get(client, "/financials/aapl")
    earnings = get(client, "/financials/AAPL", report="earnings", period="quarterly")

    assert [each["fiscalDateEnding"] for each in income["items"]] == ["2023-09-30", "2022-09-24"]
    assert earnings["items"][0]["values"]["reportedEPS"] == Decimal("1.46")


def test_an_answer_that_has_not_changed_is_not_sent_again(client: httpx2.Client) -> None:
    first = client.get("/api/v1/assets/AAPL/prices")
    tag = first.headers["etag"]

    for asked in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = client.get("/api/v1/assets/AAPL/prices", headers={"If-None-Match": asked})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    changed = client.get("/api/v1/assets/AAPL/prices", headers={"If-None-Match": '"other"'})

    assert tag.startswith('"')
    assert first.headers["cache-control"] == "private, no-cache"
    assert changed.content == first.content
    assert client.get("/api/v1/assets/AAPL/prices?interval=1w").headers["etag"] != tag


@pytest.mark.parametrize("path", ["/health", "/assets/AAPL", "/assets/NOPE", "/nothing"])
def test_head_says_what_get_says_without_a_body(client: httpx2.Client, path: str) -> None:
    got = client.get(f"/api/v1{path}")
    head = client.head(f"/api/v1{path}")

    assert head.status_code == got.status_code
    assert head.content == b""
    for name in ("content-type", "etag", "cache-control", "x-content-type-options"):
        assert head.headers.get(name) == got.headers.get(name)


def test_requests_at_the_same_time_are_not_mixed_up(client: httpx2.Client) -> None:
    tickers = ["AAPL", "BRK.B", "MSFT", "ZZZ"] * 8

    with ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(lambda ticker: get(client, f"/assets/{ticker}"), tickers))

    assert [each["ticker"] for each in found] == tickers
