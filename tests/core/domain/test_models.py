"""Models are immutable, strict about names and the same after JSON; and the rules of each."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import ValidationError

from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.companies import Asset, Freshness
from signal9_core.domain.model import Model
from signal9_core.domain.reports import Earnings, IncomeStatement, Statement
from signal9_core.domain.users import Profile, User

from .. import strategies
from ..strategies import days, statements

FACTS: Mapping[str, SearchStrategy[Model]] = {
    "asset": strategies.assets(),
    "asset_profile": strategies.asset_profiles(),
    "article": strategies.articles(),
    "bar": strategies.bars(),
    "calendar_entry": strategies.calendar_entries(),
    "corporate_action": strategies.actions(),
    "earnings": strategies.earnings(),
    "freshness": strategies.freshness(),
    "insights": strategies.insights(),
    "notification": strategies.notifications(),
    "overview": strategies.overviews(),
    "statement": strategies.statements(),
    "user": strategies.users(),
}
every_fact = pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)


@every_fact
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_fact_is_the_same_after_a_trip_through_json(
    facts: SearchStrategy[Model], data: st.DataObject
) -> None:
    fact = data.draw(facts)
    model = type(fact)

    assert model.model_validate_json(fact.model_dump_json()) == fact
    assert model.model_validate(fact.model_dump()) == fact
    assert model.model_validate(fact.model_dump(by_alias=False)) == fact


@every_fact
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_json_names_are_in_camel_case(facts: SearchStrategy[Model], data: st.DataObject) -> None:
    fact = data.draw(facts)

    assert not [name for name in json.loads(fact.model_dump_json()) if "_" in name]


@every_fact
@settings(deadline=None, max_examples=5)
@given(data=st.data())
def test_a_fact_cannot_be_changed(facts: SearchStrategy[Model], data: st.DataObject) -> None:
    fact = data.draw(facts)
    name = next(iter(type(fact).model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(fact, name, getattr(fact, name))


def test_what_a_provider_adds_is_kept_as_it_came() -> None:
    asset = Asset.model_validate({"ticker": "IBM", "lotSize": "100", "tags": ["old"]})

    assert asset.model_dump(exclude_unset=True) == {
        "ticker": "IBM",
        "lotSize": "100",
        "tags": ["old"],
    }
    assert Asset.model_validate_json(asset.model_dump_json()) == asset


@settings(deadline=None, max_examples=5)
@given(strategies.freshness())
def test_a_fact_of_our_own_has_no_unknown_fields(freshness: Freshness) -> None:
    with pytest.raises(ValidationError, match="lotSize"):
        Freshness.model_validate(freshness.model_dump() | {"lotSize": "100"})


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(1980, 3, 2), date(2013, 3, 1), 32),
        (date(1980, 3, 1), date(2013, 3, 1), 33),
        (date(1980, 2, 29), date(2013, 2, 28), 32),
        (date(1980, 2, 29), date(2013, 3, 1), 33),
        (date(2013, 3, 1), date(2013, 3, 1), 0),
    ],
)
def test_a_person_is_a_year_older_from_their_birthday_on(birth: date, day: date, age: int) -> None:
    assert Profile(birth_date=birth).age_on(day) == age


@settings(deadline=None, max_examples=25)
@given(st.dates(date(1900, 1, 1), date(1990, 1, 1)), days())
def test_years_pass_one_at_a_time(birth: date, day: date) -> None:
    age = Profile(birth_date=birth).age_on(day)

    assert age is not None
    assert (day - birth).days // 366 <= age <= (day - birth).days / 365


def test_the_age_of_someone_who_did_not_tell_is_unknown() -> None:
    assert Profile().age_on(date(2013, 3, 1)) is None


def test_names_are_trimmed_and_not_empty() -> None:
    assert Profile(first_name="  Ada ").first_name == "Ada"
    with pytest.raises(ValidationError, match="first_name"):
        Profile(first_name="  ")


def test_a_new_person_follows_nothing() -> None:
    user = User(user_id="auth0|1", created_at=datetime(2013, 3, 1, tzinfo=UTC))

    assert (user.topics, user.watchlist, user.investor_type) == ((), (), None)
    assert user.wizard == "not_started"
    assert user.profile == Profile()


def test_topics_and_tickers_that_a_person_follows_are_in_canonical_form() -> None:
    user = User.model_validate(
        {
            "userId": "auth0|1",
            "createdAt": "2013-03-01T00:00:00Z",
            "topics": ["Mergers & Acquisitions"],
            "watchlist": [" brk.b "],
        }
    )

    assert (user.topics, user.watchlist) == (("mergers_and_acquisitions",), ("BRK.B",))


def test_a_watchlist_is_bounded() -> None:
    with pytest.raises(ValidationError, match="watchlist"):
        User.model_validate(
            {
                "userId": "auth0|1",
                "createdAt": "2013-03-01T00:00:00Z",
                "watchlist": [f"T{number}" for number in range(201)],
            }
        )


@pytest.mark.parametrize(
    ("kind", "figure"),
    [("split", {"amount": Decimal(1)}), ("dividend", {"ratio": Decimal(1)}), ("dividend", {})],
)
def test_an_action_has_the_figure_of_its_kind(kind: str, figure: dict[str, Decimal]) -> None:
    action = {"ticker": "IBM", "kind": kind, "exDate": "2013-02-06"}

    with pytest.raises(ValidationError, match=f"IBM on 2013-02-06: a {kind} without its figure"):
        CorporateAction.model_validate(action | figure)


def test_a_split_has_a_ratio_and_a_dividend_may_be_nothing() -> None:
    ex_date = date(2013, 2, 6)

    split = CorporateAction(ticker="IBM", kind="split", ex_date=ex_date, ratio=Decimal(2))
    dividend = CorporateAction(ticker="IBM", kind="dividend", ex_date=ex_date, amount=Decimal(0))

    assert split.ratio == 2
    assert dividend.amount == 0
    with pytest.raises(ValidationError, match="ratio"):
        CorporateAction(ticker="IBM", kind="split", ex_date=ex_date, ratio=Decimal(0))


def test_gaps_stay_gaps_and_unknown_fields_are_figures_too() -> None:
    statement = IncomeStatement.model_validate(
        {
            "ticker": "IBM",
            "period": "annual",
            "fiscalDateEnding": "2012-12-31",
            "currency": "None",
            "totalRevenue": "104507000000",
            "grossProfit": "None",
            "costofGoodsAndServicesSold": "-",
            "stockBasedCompensation": "12.50",
            "restated": "",
            "note": "as first reported",
        }
    )

    assert statement.currency is None
    assert statement.figures() == {
        "totalRevenue": Decimal(104507000000),
        "grossProfit": None,
        "costofGoodsAndServicesSold": None,
        "stockBasedCompensation": Decimal("12.50"),
        "restated": None,
    }
    assert statement.model_extra is not None
    assert statement.model_extra["note"] == "as first reported"


@settings(deadline=None, max_examples=50)
@given(statements())
def test_figures_are_what_was_said_and_nothing_else(statement: Statement) -> None:
    figures = statement.figures()

    said = statement.model_dump(exclude_unset=True)
    heads = {"ticker", "period", "fiscalDateEnding", "currency"}
    assert figures == {
        name: value
        for name, value in said.items()
        if name not in heads and not isinstance(value, str)
    }


def test_figures_of_earnings_keep_their_order() -> None:
    earnings = Earnings.model_validate(
        {
            "ticker": "IBM",
            "period": "quarterly",
            "fiscalDateEnding": "2012-12-31",
            "reportedDate": "2013-01-22",
            "reportedEPS": "5.39",
            "estimatedEPS": "5.25",
            "surprise": "0.14",
            "surprisePercentage": "2.67",
            "reportTime": "post-market",
        }
    )

    assert [*earnings.figures()] == [
        "reportedEPS",
        "estimatedEPS",
        "surprise",
        "surprisePercentage",
    ]
