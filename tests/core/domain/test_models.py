"""What holds for every model: immutable, strict about names, the same after a trip through JSON."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import ValidationError

from signal9_core.domain import Asset, Freshness, Model

from .. import strategies

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
