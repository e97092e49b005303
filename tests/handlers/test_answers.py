"""Answers over HTTP: their content, pages, fields, batches, order and media types."""

import csv
import gzip
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from io import StringIO

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_handlers import __version__
from signal9_handlers.local.gateway import SMALLEST_COMPRESSED

from .sample import EXACT, get, pages, refused_fields

PRICES = "/api/v1/assets/MSFT/prices"


def test_health_tells_version_and_stage_and_any_problems(
    client: httpx2.Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = {"status": "ok", "version": __version__, "stage": "local"}
    assert get(client, "/health") == healthy

    monkeypatch.setattr(type(app), "freshness", None)
    monkeypatch.setattr(app, "problems", lambda: ("The provider's key is not set.",))

    problems = ["The provider's key is not set."]
    assert get(client, "/health") == healthy | {"status": "degraded", "problems": problems}


def test_companies_are_listed_by_name_and_filtered(client: httpx2.Client) -> None:
    everyone = get(client, "/assets")["items"]
    nasdaq = get(client, "/assets", exchange="nasdaq")["items"]
    finance = get(client, "/assets", sector="finance")["items"]

    assert {asset["ticker"] for asset in everyone} == {"AAPL", "BRK.B", "MSFT", "ZZZ"}
    assert [asset["ticker"] for asset in nasdaq] == ["AAPL", "MSFT"]
    assert [asset["ticker"] for asset in finance] == ["BRK.B"]


@pytest.mark.parametrize(
    ("spelling", "ticker"),
    [("AAPL", "AAPL"), ("%41aPL/", "AAPL"), ("brk.b", "BRK.B"), ("BRK%2EB", "BRK.B")],
)
def test_a_ticker_may_be_written_in_any_case_and_encoded(
    client: httpx2.Client, spelling: str, ticker: str
) -> None:
    assert get(client, f"/assets/{spelling}")["ticker"] == ticker


def test_all_digits_of_a_price_reach_the_client(client: httpx2.Client) -> None:
    bars = get(client, "/assets/MSFT/prices")["items"]
    columns = get(client, "/assets/MSFT/prices", format="columns")["items"]
    table = _table(client, "/assets/MSFT/prices")

    assert {bar["close"] for bar in bars} == {EXACT}
    assert columns == {name: [bar[name] for bar in bars] for name in columns}
    assert table == [{name: str(value) for name, value in bar.items()} for bar in bars]


def test_prices_can_be_cut_resampled_and_adjusted(client: httpx2.Client) -> None:
    cut = get(client, "/assets/AAPL/prices", **{"from": "2023-12-29", "to": "2024-01-02"})
    months = get(client, "/assets/AAPL/prices", interval="1mo")
    adjusted = get(client, "/assets/AAPL/prices", adjusted="true")

    assert [bar["date"] for bar in cut["items"]] == ["2023-12-29", "2024-01-02"]
    assert [bar["date"] for bar in months["items"]] == ["2023-12-29", "2024-01-03"]
    assert adjusted["items"][0]["close"] == Decimal("96.79")


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/assets", {}),
        ("/assets/MSFT/prices", {}),
        ("/assets/MSFT/prices", {"order": "desc"}),
        ("/assets/MSFT/prices", {"interval": "1w"}),
        ("/news", {}),
        ("/news", {"ticker": "AAPL"}),
        ("/financials/AAPL", {}),
    ],
)
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_hold_every_item_once_and_in_order(
    client: httpx2.Client, path: str, query: dict[str, str], limit: int
) -> None:
    whole = get(client, path, **query)["items"]

    paged = pages(client, path, **query, limit=limit)

    assert [item for page in paged for item in page] == whole
    assert all(len(page) == limit for page in paged[:-1])


def test_newest_bars_first_are_the_same_bars(client: httpx2.Client) -> None:
    path = "/assets/MSFT/prices"

    newest_first = get(client, path, order="desc")["items"]

    assert newest_first == get(client, path)["items"][::-1]


def test_search_tolerates_typing_errors_and_any_script(client: httpx2.Client) -> None:
    assert get(client, "/search", q="mircosoft")["items"][0]["ticker"] == "MSFT"
    assert get(client, "/search", q="苹果 🍏")["items"] == []


def test_news_can_be_filtered_by_company_topic_and_days(client: httpx2.Client) -> None:
    company = get(client, "/news", ticker="brk.b")["items"]
    topic = get(client, "/news", topic="Technology")["items"]
    days = get(client, "/news", **{"from": "2024-01-11", "to": "2024-01-12"})["items"]

    assert [article["title"] for article in company] == ["Apple and Berkshire"]
    assert [article["title"] for article in topic] == ["Apple gains"]
    assert [article["title"] for article in days] == ["Apple 12", "Apple 11"]


def test_reports_come_by_kind_and_period(client: httpx2.Client) -> None:
    income = get(client, "/financials/aapl")["items"]
    earnings = get(client, "/financials/AAPL", report="earnings", period="quarterly")["items"]

    assert [report["fiscalDateEnding"] for report in income] == ["2023-09-30", "2022-09-24"]
    assert earnings[0]["values"]["reportedEPS"] == Decimal("1.46")


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/assets?limit=9", ["ticker", "name"]),
        ("/assets?tickers=AAPL", ["name"]),
        ("/assets/AAPL/prices?limit=9", ["date", "close"]),
        ("/search?q=apple", ["score"]),
        ("/news?limit=9", ["title"]),
        ("/financials/AAPL?limit=9", ["fiscalDateEnding"]),
    ],
)
def test_only_the_requested_fields_are_sent(
    client: httpx2.Client, path: str, fields: list[str]
) -> None:
    whole = get(client, path)
    part = get(client, f"{path}&fields={','.join(fields)}")

    assert part["items"]
    assert part == whole | {
        "items": [{name: item[name] for name in fields} for item in whole["items"]]
    }


def test_fields_of_one_company_columns_and_tables_are_selected_too(client: httpx2.Client) -> None:
    asset = get(client, "/assets/AAPL?fields=name,ticker")
    columns = get(client, "/assets/AAPL/prices?format=columns&fields=close,date")["items"]
    table = _table(client, "/assets/AAPL/prices?format=columns&fields=close,date")

    assert asset == {"ticker": "AAPL", "name": "Apple Inc."}
    assert list(columns) == list(table[0]) == ["date", "close"]


@pytest.mark.parametrize("fields", ["close,colour", "close,close", "close,", "CLOSE", "__class__"])
def test_an_invalid_field_is_refused(client: httpx2.Client, fields: str) -> None:
    assert refused_fields(client.get(f"{PRICES}?fields={fields}")) == ["fields"]


def test_several_companies_come_in_the_requested_order(client: httpx2.Client) -> None:
    assets = get(client, "/assets?tickers=MSFT,nope,aapl")
    prices = get(client, "/prices?tickers=MSFT,nope,aapl&limit=1")

    assert [asset["ticker"] for asset in assets["items"]] == ["MSFT", "AAPL"]
    assert [series["ticker"] for series in prices["items"]] == ["MSFT", "AAPL"]
    assert assets["unknown"] == prices["unknown"] == ["NOPE"]


def test_a_batch_of_prices_continues_where_it_stopped(client: httpx2.Client) -> None:
    [first] = get(client, "/prices?tickers=MSFT&limit=2")["items"]
    rest = get(client, f"/assets/MSFT/prices?limit=100&cursor={first['nextCursor']}")["items"]

    assert first["items"] + rest == get(client, "/assets/MSFT/prices")["items"]


@pytest.mark.parametrize(
    "query",
    [
        "/prices",
        "/prices?tickers=",
        "/prices?tickers=A,A",
        f"/prices?tickers={','.join(map(str, range(21)))}",
        "/assets?tickers=AAPL&exchange=NYSE",
    ],
)
def test_an_invalid_batch_is_refused(client: httpx2.Client, query: str) -> None:
    assert refused_fields(client.get(f"/api/v1{query}")) == ["tickers"]


@pytest.mark.parametrize(
    ("path", "data_set"),
    [
        ("/assets/AAPL/prices", "prices"),
        ("/financials/AAPL", "financials"),
        ("/news?ticker=AAPL", "news"),
        ("/prices?tickers=AAPL", "prices"),
    ],
)
def test_an_answer_about_a_company_tells_how_fresh_it_is(
    client: httpx2.Client, path: str, data_set: str
) -> None:
    known = get(client, "/assets/AAPL")["freshness"][data_set]

    answer = get(client, path)

    assert (answer["items"][0] if path.startswith("/prices") else answer)["freshness"] == known
    assert known.keys() == {"asOf", "source", "complete", "fetchedAt", "count"}


def test_reports_come_as_csv_with_a_column_for_each_figure(client: httpx2.Client) -> None:
    newest = get(client, "/financials/AAPL")["items"][0]

    row = _table(client, "/financials/AAPL")[0]

    assert row["fiscalDateEnding"] == newest["fiscalDateEnding"]
    for name, value in newest["values"].items():
        assert row[name] == ("" if value is None else str(value))


def test_csv_has_its_cursor_in_a_header(client: httpx2.Client) -> None:
    accept = {"Accept": "text/csv"}
    cursor = client.get(f"{PRICES}?limit=20", headers=accept).headers["x-next-cursor"]
    rest = client.get(f"{PRICES}?limit=20&cursor={cursor}", headers=accept)

    assert len(rest.text.splitlines()) == 6
    assert "x-next-cursor" not in rest.headers


@pytest.mark.parametrize(
    ("accept", "is_csv"),
    [
        ("text/csv", True),
        ("text/csv;q=0.9, application/json;q=0.5", True),
        ("*/*", False),
        ("text/html, */*;q=0.8", False),
        ("text/csv;q=0.5, application/json", False),
        ("text/csv, */*", False),
        ("text/csv;q=much", False),
        ("", False),
    ],
)
def test_csv_is_sent_to_clients_that_prefer_it(
    client: httpx2.Client, accept: str, is_csv: bool
) -> None:
    response = client.get(PRICES, headers={"Accept": accept})

    assert response.headers["content-type"].startswith("text/csv") == is_csv


@pytest.mark.parametrize(
    ("coding", "is_compressed"),
    [
        ("br, gzip", True),
        ("deflate, gzip; q=0.5", True),
        ("*", True),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip;q=0.0", False),
        ("br", False),
        ("", False),
    ],
)
def test_large_answers_are_compressed_for_clients_that_accept_gzip(
    client: httpx2.Client, coding: str, is_compressed: bool
) -> None:
    plain = client.get(PRICES, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", PRICES, headers={"Accept-Encoding": coding}) as response:
        body = b"".join(response.iter_raw())

    assert len(plain.content) > SMALLEST_COMPRESSED
    assert ("content-encoding" in response.headers) == is_compressed
    assert (gzip.decompress(body) if is_compressed else body) == plain.content
    assert response.headers["etag"] == plain.headers["etag"]
    assert "content-encoding" not in client.get("/api/v1/health").headers


def test_requests_at_the_same_time_are_not_mixed_up(client: httpx2.Client) -> None:
    tickers = ["AAPL", "BRK.B", "MSFT", "ZZZ"] * 8

    with ThreadPoolExecutor(8) as executor:
        answers = list(executor.map(lambda ticker: get(client, f"/assets/{ticker}"), tickers))

    assert [answer["ticker"] for answer in answers] == tickers


def _table(client: httpx2.Client, path: str) -> list[dict[str, str]]:
    response = client.get(f"/api/v1{path}", headers={"Accept": "text/csv"})
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(response.text)))
