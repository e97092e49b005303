import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signal9_core import events
from signal9_core.domain import DataSet, ReportKind
from signal9_core.errors import InputError
from signal9_core.events import (
    EVENTS,
    SOURCE,
    AssetDataUpdated,
    EarningsScheduled,
    Event,
    FinancialDataIngested,
    IngestionFailed,
    NewsIngested,
    NewsSentimentAnalyzed,
    PricesUpdated,
    UserAction,
    event_from,
    event_schema,
)

from .strategies import days, instants, scores, texts, tickers

AT = datetime(2013, 3, 1, 21, tzinfo=UTC)
ONE_OF_EACH: tuple[Event, ...] = (
    AssetDataUpdated(at=AT, tickers=("IBM", "BRK.B"), data_set="listing"),
    EarningsScheduled(at=AT, ticker="IBM", report_date=date(2013, 4, 18)),
    FinancialDataIngested(
        at=AT, ticker="IBM", reports=(ReportKind.EARNINGS, ReportKind.CASH_FLOW), count=3
    ),
    IngestionFailed(at=AT, data_set="calendar", reason="over the quota", transient=True),
    NewsIngested(at=AT, ticker="IBM", first=AT, last=AT, count=1),
    NewsSentimentAnalyzed(at=AT, ticker="IBM", score=Decimal("-0.125"), sample_size=4),
    PricesUpdated(at=AT, ticker="IBM", first=date(2013, 2, 28), last=date(2013, 3, 1), count=2),
    UserAction(at=AT, user_id="auth0|1", action="watchlist"),
)
each_event = pytest.mark.parametrize("event", ONE_OF_EACH, ids=lambda event: type(event).__name__)


def test_detail_types_are_those_that_rules_match() -> None:
    assert SOURCE == "signal9.data"
    assert {kind.detail_type for kind in EVENTS} == {
        "Asset Data Updated",
        "Earnings Scheduled",
        "Financial Data Ingested",
        "Ingestion Failed",
        "News Ingested",
        "News Sentiment Analyzed",
        "Prices Updated",
        "User Action",
    }


def test_every_kind_of_event_is_known_and_tried_here() -> None:
    exported = (getattr(events, name) for name in events.__all__)
    kinds = {
        each
        for each in exported
        if isinstance(each, type) and issubclass(each, Event) and each is not Event
    }

    assert set(EVENTS) == kinds == {type(event) for event in ONE_OF_EACH}


@each_event
def test_an_event_is_the_same_on_the_other_side_of_the_bus(event: Event) -> None:
    assert event_from(_delivered(event)) == event
    assert type(event).from_envelope(_delivered(event)) == event


@settings(deadline=None, max_examples=25)
@given(
    st.one_of(
        st.builds(
            lambda at, ticker, first, last, count: PricesUpdated(
                at=at, ticker=ticker, first=first, last=last, count=count
            ),
            instants(),
            tickers(),
            days(),
            days(),
            st.integers(1, 10**6),
        ),
        st.builds(
            lambda at, ticker, score, size: NewsSentimentAnalyzed(
                at=at, ticker=ticker, score=score, sample_size=size
            ),
            instants(),
            tickers(),
            scores(),
            st.integers(1, 1000),
        ),
        st.builds(
            lambda at, data_set, reason, transient: IngestionFailed(
                at=at, data_set=data_set, reason=reason, transient=transient
            ),
            instants(),
            st.sampled_from(DataSet),
            texts(),
            st.booleans(),
        ),
    )
)
def test_any_event_survives_the_bus(event: Event) -> None:
    assert event_from(_delivered(event)) == event
    _check(event_schema(type(event)), json.loads(event.model_dump_json()))


@each_event
def test_the_detail_names_its_version_and_its_fields_in_camel_case(event: Event) -> None:
    detail = json.loads(event.model_dump_json())

    assert detail["version"] == 1
    assert detail["at"] == "2013-03-01T21:00:00Z"
    assert not [name for name in detail if "_" in name]


@each_event
def test_the_schema_of_an_event_accepts_its_own_json(event: Event) -> None:
    schema = event_schema(type(event))

    _check(schema, json.loads(event.model_dump_json()))
    assert schema["title"] == type(event).__name__
    assert schema["description"]
    assert schema["additionalProperties"] is False


@each_event
def test_an_event_of_another_version_or_with_an_unknown_field_is_refused(event: Event) -> None:
    for change in ({"version": 2}, {"more": 1}):
        envelope = _delivered(event)
        detail = json.loads(event.model_dump_json()) | change

        with pytest.raises(ValidationError):
            event_from({**envelope, "detail": detail})


@pytest.mark.parametrize("detail_type", ["Asset Data Deleted", "", None])
def test_a_detail_type_that_is_not_ours_is_refused(detail_type: str | None) -> None:
    with pytest.raises(InputError, match=f"detail-type: unknown detail type {detail_type!r}"):
        event_from({"detail-type": detail_type, "detail": {}})


@pytest.mark.parametrize("count", [0, -1])
def test_an_event_about_nothing_cannot_be_made(count: int) -> None:
    with pytest.raises(ValidationError, match="count"):
        NewsIngested(at=AT, ticker="IBM", first=AT, last=AT, count=count)
    with pytest.raises(ValidationError, match="tickers"):
        AssetDataUpdated(at=AT, tickers=(), data_set="listing")


def test_a_failure_may_be_about_no_single_company() -> None:
    listing: Literal["listing"] = "listing"

    failed = IngestionFailed(at=AT, data_set=listing, reason="bad key", transient=False)

    assert failed.ticker is None


def _delivered(event: Event) -> dict[str, object]:
    return {
        "version": "0",
        "source": SOURCE,
        "detail-type": event.detail_type,
        "detail": json.loads(event.model_dump_json()),
    }


def _check(schema: dict[str, Any], detail: dict[str, object]) -> None:
    """Check names, required fields and values, as far as the schemas of events go."""
    assert set(schema["required"]) <= set(detail) <= set(schema["properties"])
    for name, value in detail.items():
        assert _accepts(schema["properties"][name], value, schema.get("$defs", {})), name


def _accepts(schema: dict[str, Any], value: object, defs: dict[str, Any]) -> bool:
    if "$ref" in schema:
        return _accepts(defs[schema["$ref"].removeprefix("#/$defs/")], value, defs)
    if "anyOf" in schema:
        return any(_accepts(each, value, defs) for each in schema["anyOf"])
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "null": type(None)}
    return (
        isinstance(value, kinds[schema["type"]])
        and value in schema.get("enum", [value])
        and value == schema.get("const", value)
        and (not isinstance(value, str) or bool(re.search(schema.get("pattern", ""), value)))
        and (
            not isinstance(value, list)
            or all(_accepts(schema["items"], each, defs) for each in value)
        )
    )
