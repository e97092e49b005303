import json
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules

import pytest
from hypothesis import given, settings
from pydantic import BaseModel, ValidationError

from signal9_core import schemas
from signal9_core.domain.news import NewsArticle, TickerSentiment
from signal9_core.domain.prices import Interval
from signal9_core.domain.reports import Period, ReportKind
from signal9_core.schemas.base import Answer, to_json
from signal9_core.schemas.companies import SearchAnswer, SearchHit
from signal9_core.schemas.financials import FinancialsAnswer, ReportRow
from signal9_core.schemas.news import ArticleAnswer
from signal9_core.schemas.prices import BarRow, PriceColumns, PricesAnswer

from .strategies import figures


@settings(deadline=None, max_examples=25)
@given(figures(places=6))
def test_numbers_are_json_numbers_with_all_their_decimals(figure: Decimal) -> None:
    row = ReportRow(fiscal_date_ending=date(2012, 12, 31), currency="USD", values={"eps": figure})

    parsed = json.loads(to_json(row), parse_float=Decimal, parse_int=Decimal)

    assert str(parsed["values"]["eps"]) == str(figure)


def test_names_are_in_camel_case_and_gaps_are_null() -> None:
    row = ReportRow(
        fiscal_date_ending=date(2012, 12, 31), currency=None, values={"totalRevenue": None}
    )
    answer = FinancialsAnswer(
        ticker="IBM", report=ReportKind.INCOME_STATEMENT, period=Period.ANNUAL, items=[row]
    )

    assert json.loads(to_json(answer)) == {
        "ticker": "IBM",
        "report": "income_statement",
        "period": "annual",
        "items": [
            {
                "fiscalDateEnding": "2012-12-31",
                "currency": None,
                "values": {"totalRevenue": None},
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


def test_an_article_is_answered_with_labels_and_without_unknown_fields() -> None:
    article = NewsArticle(
        id="0" * 20,
        published_at=datetime(2013, 3, 1, 21, tzinfo=UTC),
        title="A title",
        source="press report",
        tickers=(
            TickerSentiment(ticker="IBM", relevance=Decimal(1), sentiment=Decimal("0.200000")),
        ),
        scored_by="lexicon",
        bannerImage="https://example.com/banner",  # type: ignore[call-arg]
    )

    answer = json.loads(to_json(ArticleAnswer.model_validate(article)))

    assert answer["publishedAt"] == "2013-03-01T21:00:00Z"
    assert (answer["scoredBy"], answer["label"]) == ("lexicon", None)
    assert answer["tickers"] == [
        {"ticker": "IBM", "relevance": 1, "sentiment": 0.2, "label": "Somewhat-Bullish"}
    ]
    assert answer.keys() == {
        field.alias or name for name, field in ArticleAnswer.model_fields.items()
    }


def test_text_is_written_in_utf_8() -> None:
    hit = SearchHit(ticker="NESN", name="Nestlé", exchange=None, score=Decimal("99.1"))

    assert "Nestlé".encode() in to_json(SearchAnswer(items=[hit]))


def test_an_answer_cannot_be_changed() -> None:
    answer = SearchAnswer(items=[])

    with pytest.raises(ValidationError, match="frozen"):
        answer.items = []  # type: ignore[misc]


_ANSWERS = [
    model
    for module in iter_modules(schemas.__path__, f"{schemas.__name__}.")
    for model in vars(import_module(module.name)).values()
    if isinstance(model, type) and issubclass(model, Answer) and model is not Answer
]


@pytest.mark.parametrize("model", _ANSWERS)
def test_schemas_call_numbers_numbers(model: type[BaseModel]) -> None:
    schema = json.dumps(model.model_json_schema(mode="serialization"))

    assert '"pattern"' not in schema.replace('"pattern": "^[A-Z]{3}$"', "")  # a currency
    assert '"properties"' in schema
