import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signal9_core import events
from signal9_core.domain.companies import DataSet
from signal9_core.domain.reports import Period, ReportKind
from signal9_core.errors import InputError
from signal9_core.events import (
    EVENTS,
    SOURCE,
    AssetDataUpdated,
    EarningsScheduled,
    Event,
    FinancialDataIngested,
    FinancialDataRestated,
    IngestionFailed,
    NewsIngested,
    NewsSentimentAnalyzed,
    PricesUpdated,
    RestatedPeriod,
    UserAction,
    UserDeletionRequested,
    event_from,
    event_schema,
)

from .strategies import days, instants, scores, texts, tickers

AT = datetime(2013, 3, 1, 21, tzinfo=UTC)
SAMPLES: tuple[Event, ...] = (
    AssetDataUpdated(at=AT, tickers=("IBM", "BRK.B"), data_set="listing"),
    EarningsScheduled(at=AT, ticker="IBM", report_date=date(2013, 4, 18)),
    FinancialDataIngested(
        at=AT, ticker="IBM", reports=(ReportKind.EARNINGS, ReportKind.CASH_FLOW), count=3
    ),
    FinancialDataRestated(
        at=AT,
        correlation_id="alphavantage-20130301T210000.000000Z",
        ticker="IBM",
        reports=(ReportKind.CASH_FLOW,),
        periods=(
            RestatedPeriod(
                report=ReportKind.CASH_FLOW,
                period=Period.ANNUAL,
                fiscal_date_ending=date(2012, 12, 31),
            ),
        ),
    ),
    IngestionFailed(at=AT, data_set="calendar", reason="over the quota", transient=True),
    NewsIngested(at=AT, ticker="IBM", first=AT, last=AT, count=1),
    NewsSentimentAnalyzed(at=AT, ticker="IBM", score=Decimal("-0.125"), sample_size=4),
    PricesUpdated(at=AT, ticker="IBM", first=date(2013, 2, 28), last=date(2013, 3, 1), count=2),
    UserAction(at=AT, user_id="auth0|1", action="watchlist"),
    UserDeletionRequested(at=AT, user_id="auth0|1"),
)
every_event = pytest.mark.parametrize("event", SAMPLES, ids=lambda event: type(event).__name__)


def test_every_kind_of_event_has_a_detail_type_and_is_tried_here() -> None:
    members = vars(events).values()
    kinds = {kind for kind in members if isinstance(kind, type) and issubclass(kind, Event)}

    assert SOURCE == "signal9.data"
    assert set(EVENTS) == kinds - {Event} == {type(event) for event in SAMPLES}
    assert {kind.detail_type for kind in EVENTS} == {
        "Asset Data Updated",
        "Earnings Scheduled",
        "Financial Data Ingested",
        "Financial Data Restated",
        "Ingestion Failed",
        "News Ingested",
        "News Sentiment Analyzed",
        "Prices Updated",
        "User Action",
        "User Deletion Requested",
    }


@every_event
def test_an_event_is_the_same_on_the_other_side_of_the_bus(event: Event) -> None:
    detail = json.loads(event.model_dump_json())

    assert event_from(envelope(event)) == type(event).from_envelope(envelope(event)) == event
    assert (detail["version"], detail["at"]) == (1, "2013-03-01T21:00:00Z")
    assert not [name for name in detail if "_" in name]


_PRICES = {"ticker": tickers(), "first": days(), "last": days(), "count": st.integers(1, 10**6)}
_SENTIMENT = {"ticker": tickers(), "score": scores(), "sample_size": st.integers(1, 1000)}
_FAILURE = {
    "data_set": st.sampled_from(DataSet),
    "reason": texts(),
    "transient": st.booleans(),
}


def of_kind(
    kind: type[Event], fields: dict[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Event]:
    return st.fixed_dictionaries({"at": instants(), **fields}).map(kind.model_validate)


@settings(deadline=None, max_examples=25)
@given(
    of_kind(PricesUpdated, _PRICES)
    | of_kind(NewsSentimentAnalyzed, _SENTIMENT)
    | of_kind(IngestionFailed, _FAILURE)
)
def test_any_event_survives_the_bus(event: Event) -> None:
    assert event_from(envelope(event)) == event


@every_event
def test_the_schema_of_an_event_names_the_fields_of_its_json(event: Event) -> None:
    schema = event_schema(type(event))

    assert schema["title"] == type(event).__name__
    assert schema["description"]
    assert schema["additionalProperties"] is False
    assert set(schema["required"]) <= set(json.loads(event.model_dump_json()))
    assert set(json.loads(event.model_dump_json())) == set(schema["properties"])


@every_event
@pytest.mark.parametrize("change", [{"version": 2}, {"more": 1}])
def test_another_version_or_an_unknown_field_is_refused(
    event: Event, change: dict[str, object]
) -> None:
    detail = json.loads(event.model_dump_json()) | change

    with pytest.raises(ValidationError):
        event_from({**envelope(event), "detail": detail})


@pytest.mark.parametrize("detail_type", ["Asset Data Deleted", "", None])
def test_a_foreign_detail_type_is_refused(detail_type: str | None) -> None:
    with pytest.raises(InputError, match=r"^detail-type: "):
        event_from({"detail-type": detail_type, "detail": {}})


def test_an_event_about_nothing_cannot_be_made() -> None:
    with pytest.raises(ValidationError, match="count"):
        NewsIngested(at=AT, ticker="IBM", first=AT, last=AT, count=0)
    with pytest.raises(ValidationError, match="tickers"):
        AssetDataUpdated(at=AT, tickers=(), data_set="listing")


def envelope(event: Event) -> dict[str, object]:
    return {
        "version": "0",
        "source": SOURCE,
        "detail-type": event.detail_type,
        "detail": json.loads(event.model_dump_json()),
    }
