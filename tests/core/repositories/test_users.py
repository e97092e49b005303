from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings

from signal9_core.domain.users import User
from signal9_core.errors import ConflictError
from signal9_core.ports import ABSENT, Item, Store
from signal9_core.repositories.users import (
    RecentlyViewedRepository,
    SubscriptionRepository,
    UserRepository,
)
from signal9_core.stores.dynamodb import DynamoStore, to_attributes
from signal9_core.tables import STATE, TableSpec, state_key
from tests.core.conftest import opened
from tests.core.strategies import users
from tests.fakes import NOW, SetClock
from tests.spied import SpiedStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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


def test_a_record_is_written_only_over_the_one_that_was_read(spied: SpiedStore) -> None:
    repository = UserRepository(spied)
    version = repository.put(person("ada"), expected=ABSENT)
    repository.put(person("ada", "AAPL"), expected=version)

    with pytest.raises(ConflictError):
        repository.put(person("ada", "MSFT"), expected=version)

    found = repository.get("ada")
    assert found is not None
    assert found.model.watchlist == ("AAPL",)


def test_an_unknown_user_is_not_found(spied: SpiedStore) -> None:
    assert UserRepository(spied).get("nobody") is None


def test_subscribers_are_found_by_company_and_by_topic(spied: SpiedStore) -> None:
    subscriptions = SubscriptionRepository(spied)
    subscriptions.subscribe(person("ada", "AAPL", "BRK.B", topics=("ipo",)))
    subscriptions.subscribe(person("grace", "AAPL"))

    assert set(subscriptions.subscribers(tickers=["AAPL"])) == {"ada", "grace"}
    assert set(subscriptions.subscribers(tickers=["BRK.B", "MSFT"])) == {"ada"}
    assert set(subscriptions.subscribers(topics=["ipo"], tickers=["AAPL"])) == {"ada", "grace"}
    assert set(subscriptions.subscribers()) == set()


def test_subscribing_again_writes_nothing(spied: SpiedStore) -> None:
    subscriptions = SubscriptionRepository(spied)
    subscriptions.subscribe(person("ada", "AAPL", topics=("ipo",)))
    written = spied.writes

    subscriptions.subscribe(person("ada", "AAPL", topics=("ipo",)))

    assert spied.writes == written


def test_a_user_who_dropped_a_company_is_no_longer_its_subscriber(spied: SpiedStore) -> None:
    subscriptions = SubscriptionRepository(spied)
    before, after = person("ada", "AAPL", "MSFT"), person("ada", "MSFT", topics=("ipo",))
    subscriptions.subscribe(before)
    subscriptions.subscribe(after)

    subscriptions.unsubscribe(before, after)

    assert set(subscriptions.subscribers(tickers=["AAPL"])) == set()
    assert set(subscriptions.subscribers(tickers=["MSFT"])) == {"ada"}
    assert set(subscriptions.subscribers(topics=["ipo"])) == {"ada"}


def test_two_users_who_subscribe_at_once_both_do(spied: SpiedStore) -> None:
    mine, yours = SubscriptionRepository(spied), SubscriptionRepository(spied.store)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.subscribe(person("grace", "AAPL"))

    spied.meanwhile = meanwhile
    mine.subscribe(person("ada", "AAPL"))

    assert set(mine.subscribers(tickers=["AAPL"])) == {"ada", "grace"}


class Partition:
    """A client of one partition in DynamoDB, which answers at most 4,000 items a request."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}

    def batch_write_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        for request in RequestItems["State"]:
            item = request["PutRequest"]["Item"]
            self.items[item["item"]["S"]] = item
        return {"UnprocessedItems": {}}

    def query(self, **request: Any) -> dict[str, Any]:
        start = request.get("ExclusiveStartKey", {"item": {"S": ""}})["item"]["S"]
        keys = sorted(self.items)
        first = bisect_right(keys, start)
        page = keys[first : first + min(request["Limit"], 4_000)]
        more = first + len(page) < len(keys)
        last = to_attributes(state_key("followers/company/AAPL", page[-1]))
        return {
            "Items": [self.items[key] for key in page],
            **({"LastEvaluatedKey": last} if more else {}),
        }


@contextmanager
def on_dynamodb() -> Iterator[DynamoStore]:
    """Open a store with a single partition: emulators take half a minute for so many items."""
    yield DynamoStore(cast("DynamoDBClient", Partition()), {"State": "State"}, clock=SetClock())


@pytest.mark.parametrize("open_store", [opened, on_dynamodb])
def test_a_company_may_have_any_number_of_followers(
    open_store: Callable[[], AbstractContextManager[Store]],
) -> None:
    many = [f"auth0|{number:05}" for number in range(20_000)]
    with open_store() as store:
        store.put_many(STATE, [state_key("followers/company/AAPL", user_id) for user_id in many])
        assert list(SubscriptionRepository(store).subscribers(tickers=["AAPL"])) == many


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


def test_what_a_user_looked_at_can_be_forgotten(spied: SpiedStore, clock: SetClock) -> None:
    viewed = RecentlyViewedRepository(spied, clock)
    viewed.add("ada", "AAPL")

    viewed.forget("ada")

    assert viewed.of_user("ada") == []
    assert spied.contents() == {}
