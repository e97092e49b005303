from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signal9_core.domain import CorporateAction, Profile, User

from ..strategies import days


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
