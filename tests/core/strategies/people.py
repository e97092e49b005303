"""Random people and what they are told."""

from datetime import date

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from signal9_core.domain.users import InvestorType, Notification, Profile, User, WizardStatus

from .values import any_of, days, instants, maybe, texts, tickers


def users() -> SearchStrategy[User]:
    """Any person, introduced or not."""
    return any_of(
        User,
        user_id=st.from_regex(r"auth0\|[0-9a-f]{24}", fullmatch=True),
        email=maybe(st.just("someone@example.com")),
        profile=any_of(
            Profile,
            first_name=maybe(st.sampled_from(("Ada", "Grace"))),
            last_name=maybe(st.sampled_from(("Lovelace", "Hopper"))),
            birth_date=maybe(days(date(1930, 1, 1), date(2010, 1, 1))),
        ),
        investor_type=maybe(st.sampled_from(InvestorType)),
        wizard=st.sampled_from(WizardStatus),
        topics=st.lists(st.sampled_from(("earnings", "ipo")), unique=True).map(tuple),
        watchlist=st.lists(tickers(), unique=True, max_size=5).map(tuple),
        created_at=instants(),
    )


def notifications() -> SearchStrategy[Notification]:
    """Anything that a person may be told."""
    return any_of(
        Notification,
        id=st.from_regex(r"[0-9a-f]{20}", fullmatch=True),
        user_id=st.from_regex(r"auth0\|[0-9a-f]{24}", fullmatch=True),
        kind=st.sampled_from(("news", "prices", "financials")),
        ticker=tickers(),
        title=texts(),
        url=tickers().map("/api/v1/assets/{}".format),
        created_at=instants(),
    )
