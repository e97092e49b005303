from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from signal9_core.domain import article_id
from signal9_core.errors import PayloadError
from signal9_core.providers.alphavantage.lists import (
    read_calendar,
    read_dividends,
    read_listing,
    read_news,
    read_search,
    read_splits,
)

from .bodies import body, news_item

LISTING = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"
CALENDAR = "symbol,name,reportDate,fiscalDateEnding,estimate,currency"


def test_a_listing_keeps_what_it_does_not_know_and_leaves_out_what_is_no_ticker() -> None:
    table = (
        f"{LISTING},sharesOutstanding\r\nBRK-B,,NYSE,Stock,1996-05-09,null,Active,12\r\n"
        "NXT(EXP20091224),Nextracker,NASDAQ,Stock,2023-02-09,null,Active,1\r\n"
        "GONE,Gone Inc,NYSE,Stock,1999-01-04,2020-02-03,Delisted,2\r\n"
    )

    first, gone = read_listing(table.encode())

    assert (first.ticker, first.name, first.delisting_date) == ("BRK.B", None, None)
    assert first.model_extra == {"sharesOutstanding": "12"}
    assert (gone.status, gone.delisting_date) == ("inactive", date(2020, 2, 3))


def test_a_listing_with_an_unknown_status_is_refused() -> None:
    with pytest.raises(PayloadError, match="LISTING_STATUS: status 'halted'"):
        read_listing(f"{LISTING}\nA,A,NYSE,Stock,1999-11-18,null,Halted\n".encode())


@pytest.mark.parametrize(
    ("more", "time_of_day"), [(",timeOfTheDay|,post-market", "post-market"), ("|", None)]
)
def test_the_calendar_had_six_columns_and_has_seven(more: str, time_of_day: str | None) -> None:
    head, row = more.split("|")
    table = f"{CALENDAR}{head}\nTM,Toyota,2024-02-06,2023-12-31,,JPY{row}\n"
    table += f"NO TICKER,X,2024-02-06,2023-12-31,,JPY{row}\n"

    (entry,) = read_calendar(table.encode())

    assert (entry.report_date, entry.estimate, entry.currency) == (date(2024, 2, 6), None, "JPY")
    assert entry.time_of_the_day == time_of_day


def test_a_column_of_the_calendar_that_has_another_name_is_missed() -> None:
    with pytest.raises(PayloadError, match="EARNINGS_CALENDAR: column reportDate is missing"):
        read_calendar(b"symbol,name,date,fiscalDateEnding\n")


def test_an_object_in_place_of_a_table_is_refused() -> None:
    with pytest.raises(PayloadError, match=r"came in place of a table: .*feed"):
        read_calendar(body({"feed": []}))


def test_an_article_has_topics_tones_and_an_id_of_its_own() -> None:
    item = news_item("https://example.com/a", banner_image=None, category="n/a")

    (article,) = read_news(body({"items": "1", "feed": [item]}))

    assert article.id == article_id("https://example.com/a")
    assert article.published_at == datetime(2024, 1, 5, 14, 30, tzinfo=UTC)
    assert article.topics == ("mergers_and_acquisitions",)
    assert article.sentiment == Decimal("0.021785")
    (tone,) = article.tickers
    assert (tone.ticker, str(tone.relevance), str(tone.sentiment)) == (
        "BRK.B",
        "0.868004",
        "0.038021",
    )
    assert article.model_extra == {
        "authors": ["A. Writer"],
        "topicRelevance": {"Mergers & Acquisitions": Decimal("0.108179")},
        "banner_image": None,
        "category": "n/a",
    }


def test_an_article_is_the_same_whoever_it_was_asked_for() -> None:
    feed = body({"feed": [news_item("https://example.com/a"), news_item("https://example.com/a")]})

    assert read_news(feed, "AAPL") == read_news(feed, "MSFT")
    assert len(read_news(feed)) == 1


def test_what_an_article_lacks_is_absent() -> None:
    tones = [{"ticker": "IBM", "relevance_score": "0.5"}, {"ticker": "?", "relevance_score": "1"}]
    bare = {"title": "", "summary": "Only this.", "time_published": "20240105T1430", "source": "-"}

    (article,) = read_news(body({"feed": [{**bare, "ticker_sentiment": [*tones, tones[0]]}]}))

    assert (article.title, article.url, article.source) == ("Only this.", None, "unknown")
    assert (article.sentiment, article.topics) == (None, ())
    assert [(each.ticker, each.sentiment) for each in article.tickers] == [("IBM", None)]


@pytest.mark.parametrize(
    ("feed", "problem"),
    [
        ("?", "feed is no list"),
        (["?"], "in place of an object"),
        ([{"title": "T"}], "field time_published, source is missing"),
        ([news_item("u", "yesterday")], "time_published 'yesterday'"),
        ([news_item("u", topics="?")], "topics is no list"),
        ([news_item("u", ticker_sentiment=[{}])], "ticker, relevance_score is missing"),
        ([news_item("u", overall_sentiment_score=7)], "sentiment"),
    ],
)
def test_what_is_wrong_with_news_is_named(feed: object, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage NEWS_SENTIMENT.*{problem}"):
        read_news(body({"feed": feed}))


def test_news_without_a_feed_are_no_news() -> None:
    with pytest.raises(PayloadError, match="field feed is missing; there is items"):
        read_news(body({"items": "50"}))


def test_ten_thousand_articles_are_read() -> None:
    feed = [news_item(f"https://example.com/{number}") for number in range(10_000)]

    assert len(read_news(body({"feed": feed}))) == 10_000


def test_matches_are_read_from_json_and_from_a_table() -> None:
    row = {
        "1. symbol": "TSCO.LON",
        "2. name": "Tesco",
        "8. currency": "GBX",
        "9. matchScore": "0.7",
    }
    table = b"symbol,name,currency,matchScore\nTSCO.LON,Tesco,GBX,0.7\n"

    matches = read_search(body({"bestMatches": [row]}))

    assert matches == read_search(table)
    assert (matches[0].ticker, matches[0].match_score) == ("TSCO.LON", Decimal("0.7"))
    assert read_search(b"{}") == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({"bestMatches": "?"}, "is no list"),
        ({"bestMatches": ["?"]}, "in place of a match"),
        ({"bestMatches": [{"1. symbol": "A"}]}, "field name, matchScore is missing"),
        ({"matches": []}, "field bestMatches is missing"),
    ],
)
def test_what_is_wrong_with_matches_is_named(found: object, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"SYMBOL_SEARCH.*{problem}"):
        read_search(body(found))


def test_splits_are_read_from_json_and_from_a_table_oldest_first() -> None:
    rows = [("2021-11-04", "1.0460"), ("1999-05-27", "2.0000")]
    table = "\n".join(["effective_date,split_factor", *map(",".join, rows)]).encode()
    data = [{"effective_date": day, "split_factor": factor} for day, factor in rows]

    found = read_splits(table, "BRK.B")

    assert [(str(each.ex_date), each.ratio) for each in found] == [
        ("1999-05-27", Decimal(2)),
        ("2021-11-04", Decimal("1.046")),
    ]
    assert read_splits(body({"symbol": "BRK-B", "data": data}), None) == found


def test_dividends_of_one_day_are_one_dividend() -> None:
    rows = ("2024-01-05,2024-01-09,0.1", "2024-01-05,None,2")
    table = "\n".join(["ex_dividend_date,payment_date,amount", *rows]).encode()

    (found,) = read_dividends(table, "IBM")

    assert (found.amount, found.model_extra) == (Decimal("2.1"), {"payment_date": "2024-01-09"})


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (b"effective_day,split_factor\n", "column effective_date is missing"),
        (b"effective_date,split_factor\n2024-01-05,None\n", "ConversionSyntax"),
        (b"effective_date,split_factor\n2024-01-05,0\n", "ratio .*greater than 0"),
        (body({"symbol": "IBM"}), "field data is missing"),
        (body({"symbol": "IBM", "data": ["?"]}), "data is no list of objects"),
        (body({"symbol": "IBM", "data": [{}]}), "effective_date, split_factor is missing"),
    ],
)
def test_what_is_wrong_with_splits_is_named(found: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"alphavantage SPLITS IBM: .*{problem}"):
        read_splits(found, "IBM")
