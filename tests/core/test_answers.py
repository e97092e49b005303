import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from pydantic import BaseModel, ValidationError

from signal9_core import schemas as answers
from signal9_core.domain import Interval, Period, ReportKind, SentimentLabel
from signal9_core.schemas import (
    Answer,
    ArticleAnswer,
    BarRow,
    FinancialsAnswer,
    PriceColumns,
    PricesAnswer,
    ReportRow,
    SearchAnswer,
    SearchHit,
    TickerTone,
    to_json,
)

from .strategies import figures


@settings(deadline=None, max_examples=25)
@given(figures(places=6))
def test_numbers_are_json_numbers_that_keep_their_decimals(figure: Decimal) -> None:
    row = ReportRow(fiscal_date_ending=date(2012, 12, 31), currency="USD", values={"eps": figure})

    kept = json.loads(to_json(row), parse_float=Decimal, parse_int=Decimal)

    assert str(kept["values"]["eps"]) == str(figure)


def test_names_are_in_camel_case_and_gaps_are_null() -> None:
    answer = FinancialsAnswer(
        ticker="IBM",
        report=ReportKind.INCOME_STATEMENT,
        period=Period.ANNUAL,
        items=[
            ReportRow(
                fiscal_date_ending=date(2012, 12, 31),
                currency=None,
                values={"totalRevenue": Decimal(104507000000), "ebit": None},
            )
        ],
    )

    assert json.loads(to_json(answer)) == {
        "ticker": "IBM",
        "report": "income_statement",
        "period": "annual",
        "items": [
            {
                "fiscalDateEnding": "2012-12-31",
                "currency": None,
                "values": {"totalRevenue": 104507000000, "ebit": None},
            }
        ],
        "nextCursor": None,
        "freshness": None,
    }


def test_prices_come_as_rows_or_as_columns() -> None:
    price = Decimal("702.10")
    day = date(2012, 9, 19)
    row = BarRow(date=day, open=price, high=price, low=price, close=price, volume=1)
    columns = PriceColumns(
        date=[day], open=[price], high=[price], low=[price], close=[price], volume=[1]
    )

    as_rows, as_columns = (
        PricesAnswer(
            ticker="AAPL", interval=Interval.DAY, adjusted=False, currency="USD", items=items
        )
        for items in ([row], columns)
    )

    assert b'"items":[{"date":"2012-09-19","open":702.10,' in to_json(as_rows)
    assert b'"items":{"date":["2012-09-19"],"open":[702.10],' in to_json(as_columns)
    assert b'"interval":"1d"' in to_json(as_rows)


def test_an_article_says_who_judged_it() -> None:
    article = ArticleAnswer(
        id="0" * 20,
        published_at=datetime(2013, 3, 1, 21, tzinfo=UTC),
        title="A title",
        summary=None,
        url=None,
        source="press report",
        topics=["earnings"],
        tickers=[
            TickerTone(
                ticker="IBM",
                relevance=Decimal(1),
                sentiment=Decimal("0.200000"),
                label=SentimentLabel.SOMEWHAT_BULLISH,
            )
        ],
        sentiment=None,
        label=None,
        scored_by="lexicon",
    )

    found = json.loads(to_json(article))

    assert found["publishedAt"] == "2013-03-01T21:00:00Z"
    assert found["scoredBy"] == "lexicon"
    assert found["tickers"] == [
        {"ticker": "IBM", "relevance": 1, "sentiment": 0.2, "label": "Somewhat-Bullish"}
    ]


def test_text_is_written_in_utf_8() -> None:
    hit = SearchHit(ticker="NESN", name="Nestlé", exchange=None, score=Decimal("99.1"))

    assert "Nestlé".encode() in to_json(SearchAnswer(items=[hit]))


def test_an_answer_cannot_be_changed() -> None:
    answer = SearchAnswer(items=[])

    with pytest.raises(ValidationError, match="frozen"):
        answer.items = []  # type: ignore[misc]


@pytest.mark.parametrize(
    "model",
    [
        each
        for each in (getattr(answers, name) for name in answers.__all__)
        if isinstance(each, type) and issubclass(each, Answer)
    ],
)
def test_schemas_call_numbers_numbers(model: type[BaseModel]) -> None:
    schema = json.dumps(model.model_json_schema(mode="serialization"))

    assert '"pattern"' not in schema
    assert '"properties"' in schema or model is Answer
