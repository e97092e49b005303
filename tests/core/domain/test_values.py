"""The values that fields hold: tickers, currencies, moments, days, exact numbers, and nothing."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from signal9_core.domain.model import (
    Currency,
    Exact,
    Instant,
    Score,
    Ticker,
    blank_to_none,
    parse_day,
)
from signal9_core.domain.news import Topic, article_id, topic_of

from ..strategies import days, instants, texts, tickers

ticker = TypeAdapter[str](Ticker)
topic = TypeAdapter[str](Topic)
currency = TypeAdapter[str](Currency)
instant = TypeAdapter[datetime](Instant)
exact = TypeAdapter[Decimal](Exact)
score = TypeAdapter[Decimal](Score)


@settings(deadline=None, max_examples=25)
@given(tickers())
def test_a_ticker_in_canonical_form_stays_as_it_is(canonical: str) -> None:
    assert ticker.validate_python(canonical) == canonical
    assert ticker.validate_python(f" {canonical.lower()}\n") == canonical


@pytest.mark.parametrize("text", ["BRK.B", "TSCO.LON", "CRYPTO:BTC", "7203", "A" * 20])
def test_tickers_of_all_markets_are_accepted(text: str) -> None:
    assert ticker.validate_python(text) == text


@pytest.mark.parametrize("text", ["", " ", "-", "-P-HIZ", ".B", "BRK B", "A" * 21, "Ä", "A\nB"])
def test_what_cannot_be_a_ticker_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ticker.validate_python(text)


@pytest.mark.parametrize(("text", "kept"), [("usd", "USD"), (" EUR ", "EUR")])
def test_currencies_are_codes_in_upper_case(text: str, kept: str) -> None:
    assert currency.validate_python(text) == kept


@pytest.mark.parametrize("text", ["", "US", "USDX", "U$D", "None"])
def test_what_cannot_be_a_currency_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        currency.validate_python(text)


@settings(deadline=None, max_examples=25)
@given(instants(), st.integers(-14 * 60, 14 * 60))
def test_instants_are_kept_in_utc_wherever_they_come_from(at: datetime, minutes: int) -> None:
    elsewhere = at.astimezone(timezone(timedelta(minutes=minutes)))

    kept = instant.validate_python(elsewhere)

    assert kept == at
    assert kept.tzinfo is UTC
    assert instant.validate_json(instant.dump_json(kept)) == at
    assert instant.dump_json(kept).endswith(b'Z"')


def test_an_instant_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        instant.validate_python("2013-03-01T16:00:00")


@settings(deadline=None, max_examples=25)
@given(days())
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    assert parse_day(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    ["", "20130301", "2013-W09-5", "2013-3-1", "2013-02-30", "2013-03-01T00:00", "2013-03-01 "],
)
def test_another_spelling_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid date"):
        parse_day(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1" * 39, "many"])
def test_what_no_store_can_hold_exactly_is_no_number(text: str) -> None:
    with pytest.raises(ValidationError):
        exact.validate_python(text)


@pytest.mark.parametrize("text", ["1" * 38, "0.1", "-12.300", "9.08"])
def test_numbers_keep_their_digits(text: str) -> None:
    assert str(exact.validate_python(text)) == text


@pytest.mark.parametrize("text", ["1.000001", "-1.1"])
def test_a_tone_beyond_its_bounds_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        score.validate_python(text)


@pytest.mark.parametrize("nothing", ["None", "none", "-", "", "  ", "null", "NULL", None])
def test_what_providers_write_for_nothing_is_none(nothing: object) -> None:
    assert blank_to_none(nothing) is None


@settings(deadline=None, max_examples=25)
@given(st.one_of(texts(), st.integers(), st.decimals(allow_nan=False)))
def test_everything_else_is_something(value: object) -> None:
    assert blank_to_none(value) == value


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("Mergers & Acquisitions", "mergers_and_acquisitions"),
        ("Retail/Wholesale", "retail_wholesale"),
        ("IPO", "ipo"),
        ("economy_monetary", "economy_monetary"),
        ("  Life   Sciences ", "life_sciences"),
    ],
)
def test_topics_are_words_joined_by_underscores(text: str, canonical: str) -> None:
    assert topic_of(text) == canonical
    assert topic.validate_python(text) == canonical


@settings(deadline=None, max_examples=25)
@given(st.text(max_size=60))
def test_the_canonical_form_of_a_topic_is_stable(text: str) -> None:
    assert topic_of(topic_of(text)) == topic_of(text)


@pytest.mark.parametrize("text", ["", "!?", "x" * 65])
def test_what_names_no_topic_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        topic.validate_python(text)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(max_size=20), min_size=1, max_size=3, unique=True))
def test_article_ids_are_short_and_stable_and_depend_on_every_part(parts: list[str]) -> None:
    found = article_id(*parts)

    assert len(found) == 20
    assert found == article_id(*parts)
    assert found != article_id(*parts, "more")
