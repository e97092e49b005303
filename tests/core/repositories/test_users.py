from hypothesis import given, settings

from signal9_core.domain import User
from signal9_core.ports import ABSENT, Item
from signal9_core.repositories.users import (
    RecentlyViewedRepository,
    SubscriptionRepository,
    UserRepository,
)
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.strategies import users
from tests.fakes import NOW, SetClock
from tests.spied import SpiedStore


def person(user_id: str, *watchlist: str, topics: tuple[str, ...] = ()) -> User:
    return User(user_id=user_id, watchlist=watchlist, topics=topics, created_at=NOW)


@settings(deadline=None, max_examples=40)
@given(user=users())
def test_any_record_comes_back_as_it_was(user: User) -> None:
    with opened() as store:
        repository = UserRepository(store)
        version = repository.put(user, expected=ABSENT)

        assert repository.get(user.user_id) == (user, version)
        assert repository.many([user.user_id, "nobody"]) == [user]


def test_subscribers_are_found_by_company_and_by_topic(spied: SpiedStore) -> None:
    subscriptions = SubscriptionRepository(spied)
    subscriptions.subscribe(person("ada", "AAPL", "BRK.B", topics=("ipo",)))
    subscriptions.subscribe(person("grace", "AAPL"))

    assert subscriptions.subscribers(tickers=["AAPL"]) == {"ada", "grace"}
    assert subscriptions.subscribers(tickers=["BRK.B", "MSFT"]) == {"ada"}
    assert subscriptions.subscribers(topics=["ipo"], tickers=["AAPL"]) == {"ada", "grace"}
    assert subscriptions.subscribers() == set()


def test_two_users_who_subscribe_at_once_both_do(spied: SpiedStore) -> None:
    mine, yours = SubscriptionRepository(spied), SubscriptionRepository(spied.store)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.subscribe(person("grace", "AAPL"))

    spied.meanwhile = meanwhile
    mine.subscribe(person("ada", "AAPL"))

    assert mine.subscribers(tickers=["AAPL"]) == {"ada", "grace"}


def test_the_last_twenty_companies_that_a_user_looked_at_come_latest_first(
    spied: SpiedStore, clock: SetClock
) -> None:
    viewed = RecentlyViewedRepository(spied, clock)
    for number in range(25):
        viewed.add("ada", f"T{number}")
    viewed.add("ada", "T24")
    viewed.add("ada", "T10")

    latest = ["T10", *(f"T{number}" for number in range(24, 4, -1) if number != 10)]
    assert viewed.of_user("ada") == latest
    clock.move(days=91)
    assert viewed.of_user("ada") == []
