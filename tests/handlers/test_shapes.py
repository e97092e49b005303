"""Answers in the shape that a client asks for: fields, batches, order, CSV, compressed."""

import csv
import gzip
import json
from decimal import Decimal
from io import StringIO
from typing import Any

import httpx2
import pytest

from signal9_handlers.local.compression import SMALLEST


def get(client: httpx2.Client, path: str) -> Any:
    response = client.get(f"/api/v1{path}")
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_float=Decimal)


def table(response: httpx2.Response) -> list[dict[str, str]]:
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(StringIO(response.text)))


def csv_of(client: httpx2.Client, path: str) -> httpx2.Response:
    return client.get(f"/api/v1{path}", headers={"Accept": "text/csv"})


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/assets", ["ticker", "name"]),
        ("/assets?tickers=AAPL", ["name"]),
        ("/assets/AAPL/prices", ["date", "close"]),
        ("/search?q=apple", ["score"]),
        ("/news", ["title"]),
        ("/financials/AAPL", ["fiscalDateEnding"]),
    ],
)
def test_only_the_fields_that_were_asked_for_are_sent(
    client: httpx2.Client, path: str, fields: list[str]
) -> None:
    sign = "&" if "?" in path else "?"

    whole = get(client, path)
    part = get(client, f"{path}{sign}fields={','.join(fields)}")

    assert part["items"]
    assert part == whole | {
        "items": [{name: each[name] for name in fields} for each in whole["items"]]
    }


def test_fields_of_one_company_and_of_columns_are_selected_too(client: httpx2.Client) -> None:
    assert get(client, "/assets/AAPL?fields=name,ticker") == {
        "ticker": "AAPL",
        "name": "Apple Inc.",
    }
    columns = get(client, "/assets/AAPL/prices?format=columns&fields=close,date")["items"]
    assert list(columns) == ["date", "close"]


@pytest.mark.parametrize("fields", ["close,colour", "close,close", "close,", "CLOSE", "__class__"])
def test_a_field_that_is_none_is_named(client: httpx2.Client, fields: str) -> None:
    answer = client.get(f"/api/v1/assets/AAPL/prices?fields={fields}")

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["fields"]


def test_several_companies_come_in_the_order_asked_for(client: httpx2.Client) -> None:
    assets = get(client, "/assets?tickers=MSFT,nope,aapl")
    prices = get(client, "/prices?tickers=MSFT,nope,aapl&limit=1")

    assert [each["ticker"] for each in assets["items"]] == ["MSFT", "AAPL"]
    assert [each["ticker"] for each in prices["items"]] == ["MSFT", "AAPL"]
    assert assets["unknown"] == prices["unknown"] == ["NOPE"]


def test_a_batch_of_prices_goes_on_where_it_stopped(client: httpx2.Client) -> None:
    whole = get(client, "/assets/MSFT/prices")["items"]

    [first] = get(client, "/prices?tickers=MSFT&limit=2")["items"]
    cursor = first["nextCursor"]
    rest = get(client, f"/assets/MSFT/prices?limit=100&cursor={cursor}")["items"]

    assert first["items"] + rest == whole


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
def test_a_batch_that_makes_no_sense_is_refused(client: httpx2.Client, query: str) -> None:
    answer = client.get(f"/api/v1{query}")

    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["tickers"]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_newest_bars_first_are_the_same_bars(client: httpx2.Client, limit: int) -> None:
    oldest_first = get(client, "/assets/MSFT/prices")["items"]
    found: list[Any] = []
    cursor = ""
    while True:
        page = get(client, f"/assets/MSFT/prices?order=desc&limit={limit}{cursor}")
        found += page["items"]
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"

    assert found == oldest_first[::-1]
    columns = get(client, "/assets/MSFT/prices?order=desc&format=columns")["items"]
    assert columns["close"] == [bar["close"] for bar in found]


@pytest.mark.parametrize(
    ("path", "data_set"),
    [
        ("/assets/AAPL/prices", "prices"),
        ("/financials/AAPL", "financials"),
        ("/news?ticker=AAPL", "news"),
        ("/prices?tickers=AAPL", "prices"),
    ],
)
def test_every_answer_about_a_company_tells_how_fresh_it_is(
    client: httpx2.Client, path: str, data_set: str
) -> None:
    known = get(client, "/assets/AAPL")["freshness"][data_set]

    answer = get(client, path)

    assert (answer["items"][0] if path.startswith("/prices") else answer)["freshness"] == known
    assert known.keys() == {"asOf", "source", "complete", "fetchedAt", "count"}


def test_prices_come_as_csv_to_the_last_digit(client: httpx2.Client) -> None:
    rows = get(client, "/assets/MSFT/prices")["items"]

    sheet = table(csv_of(client, "/assets/MSFT/prices"))

    assert [{name: str(value) for name, value in row.items()} for row in rows] == sheet
    chosen = csv_of(client, "/assets/MSFT/prices?fields=close,date&format=columns").text
    assert chosen.splitlines()[0] == "date,close"


def test_reports_come_as_csv_with_a_column_for_each_figure(client: httpx2.Client) -> None:
    [newest, *_] = get(client, "/financials/AAPL")["items"]

    [row, *_] = table(csv_of(client, "/financials/AAPL"))

    assert row["fiscalDateEnding"] == newest["fiscalDateEnding"]
    for name, value in newest["values"].items():
        assert row[name] == ("" if value is None else str(value))


def test_csv_is_paged_by_a_header(client: httpx2.Client) -> None:
    first = csv_of(client, "/assets/MSFT/prices?limit=20")
    rest = csv_of(client, f"/assets/MSFT/prices?limit=20&cursor={first.headers['x-next-cursor']}")

    assert [each["date"] for each in table(first) + table(rest)] == [
        each["date"] for each in get(client, "/assets/MSFT/prices")["items"]
    ]
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
def test_csv_is_sent_to_those_who_like_it_better(
    client: httpx2.Client, accept: str, is_csv: bool
) -> None:
    answer = client.get("/api/v1/assets/AAPL/prices", headers={"Accept": accept})

    assert answer.headers["content-type"].startswith("text/csv") == is_csv
    assert "Accept" in answer.headers["vary"]


def test_large_answers_are_compressed_for_those_who_take_that(client: httpx2.Client) -> None:
    path = "/api/v1/assets/MSFT/prices"
    with client.stream("GET", path, headers={"Accept-Encoding": "br, gzip"}) as sent:
        body = b"".join(sent.iter_raw())
    plain = client.get(path, headers={"Accept-Encoding": "identity"})

    assert sent.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain.content
    assert len(body) < len(plain.content) / 2
    assert sent.headers["etag"] == plain.headers["etag"]
    assert "Accept-Encoding" in sent.headers["vary"]


@pytest.mark.parametrize("coding", ["identity", "gzip;q=0", "br", ""])
def test_others_get_it_plain(client: httpx2.Client, coding: str) -> None:
    answer = client.get("/api/v1/assets/MSFT/prices", headers={"Accept-Encoding": coding})

    assert "content-encoding" not in answer.headers
    assert len(answer.content) > SMALLEST


def test_small_answers_stay_as_they_are(client: httpx2.Client) -> None:
    assert "content-encoding" not in client.get("/api/v1/health").headers
