"""Values of another type or form are refused by name, not read as something else."""

import json
from decimal import Decimal
from typing import Any

import pytest

from signal9_core.domain.news import NewsArticle
from signal9_core.errors import PayloadError
from signal9_core.providers.alpaca.parsers import FORMAT as ALPACA
from signal9_core.providers.alphavantage.parsers import FORMAT as ALPHAVANTAGE

HEAD = "timestamp,open,high,low,close,volume"
LISTING = "symbol,name,exchange,assetType,ipoDate,delistingDate,status"


def parse(function: str, content: object) -> None:
    parsers = {**ALPACA.parsers, **ALPHAVANTAGE.parsers}
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    list(parsers[function](body, "IBM"))


def report(**values: Any) -> dict[str, object]:
    row = {"fiscalDateEnding": "2023-12-31", "reportedCurrency": "USD", "totalRevenue": "1"}
    return {"symbol": "IBM", "annualReports": [{**row, **values}], "quarterlyReports": []}


@pytest.mark.parametrize("day", [0, "0", 1_700_006_400, "86400", 1e9, True, "2023-12-31T00:00:00"])
def test_a_number_is_no_day(day: object) -> None:
    with pytest.raises(PayloadError, match=r"fiscalDateEnding .*invalid date"):
        parse("INCOME_STATEMENT", report(fiscalDateEnding=day))
    with pytest.raises(PayloadError, match="invalid date"):
        parse("SPLITS", {"symbol": "IBM", "data": [{"effective_date": day, "split_factor": "2"}]})


@pytest.mark.parametrize("figure", [True, [], {}, "1,000", "NaN", "1e400", "9" * 39])
def test_what_is_no_number_is_no_figure(figure: object) -> None:
    with pytest.raises(PayloadError, match="totalRevenue"):
        parse("INCOME_STATEMENT", report(totalRevenue=figure))


@pytest.mark.parametrize(
    ("function", "content", "problem"),
    [
        ("TIME_SERIES_DAILY", f"{HEAD},close\n2024-01-05,1,1,1,1,7,2", "a column occurs twice"),
        ("LISTING_STATUS", f"{LISTING},\nIBM,I,N,Stock,null,null,Active,\n", "has no name"),
        (
            "TIME_SERIES_DAILY",
            f"{HEAD}\r\n2024-01-05,1,1,1,1,71\r\n2024-01-04,1,1,1,1,7",
            "cut off",
        ),
        (
            "TIME_SERIES_DAILY",
            f"{HEAD}\n2024-01-05,1,1,1,1,7\n2024-01-05,1,1,1,1,8",
            "occurs twice",
        ),
        ("TIME_SERIES_DAILY", f"{HEAD}\n2024-01-05,nan,1,1,1,7\n", "NaN"),
        (
            "LISTING_STATUS",
            f'{LISTING}\nIBM,"IBM"x,NYSE,Stock,null,null,Active\n',
            "expected after",
        ),
        ("LISTING_STATUS", f"{LISTING}\nIBM,{'x' * 200_000},N,Stock,null,null,Active\n", "limit"),
        (
            "stocks_bars",
            {
                "bars": {"I M": [{"t": "2024-01-05T05:00:00Z"} | dict.fromkeys("ohlcv", 1)]},
                "next_page_token": None,
            },
            "invalid ticker 'I M'",
        ),
        (
            "stocks_bars",
            {
                "bars": {"IBM": [{"t": "2024-01-05T05:00:00"} | dict.fromkeys("ohlcv", 1)]},
                "next_page_token": None,
            },
            "not a daily one",
        ),
        (
            "NEWS_SENTIMENT",
            {
                "feed": [
                    {"title": "t", "url": "u", "time_published": "20241301T000000", "source": "s"}
                ]
            },
            "month",
        ),
        (
            "NEWS_SENTIMENT",
            {
                "feed": [
                    {
                        "title": "t",
                        "time_published": "20240101T000000",
                        "source": "s",
                        "overall_sentiment_score": "0." + "1" * 39,
                    }
                ]
            },
            "invalid number",
        ),
    ],
)
def test_the_value_is_named(function: str, content: object, problem: str) -> None:
    with pytest.raises(PayloadError, match=f"{function}.*{problem}"):
        parse(function, content)


@pytest.mark.parametrize("name", ["", None])
def test_a_topic_without_a_name_is_left_out(name: object) -> None:
    topics = [{"topic": name, "relevance_score": "1"}, {"topic": "IPO", "relevance_score": "0.5"}]
    article = {"title": "t", "url": "u", "time_published": "20240101T000000", "source": "s"}
    body = json.dumps({"feed": [{**article, "topics": topics}]}).encode()

    (parsed,) = ALPHAVANTAGE.parsers["NEWS_SENTIMENT"](body, None)

    assert isinstance(parsed, NewsArticle)
    assert (parsed.model_extra or {})["topicRelevance"] == {"IPO": Decimal("0.5")}
