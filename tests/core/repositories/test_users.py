import pytest
from hypothesis import given, settings

from signal9_core.domain import User
from signal9_core.errors import ConflictError
from signal9_core.ports import ABSENT, Item
from signal9_core.repositories import FollowerRepository, UserRepository
from signal9_core.tables import TableSpec
from tests.core.conftest import opened
from tests.core.strategies import users
from tests.fakes import NOW
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


def test_a_record_is_written_only_over_the_one_that_was_read(spied: SpiedStore) -> None:
    repository = UserRepository(spied)
    version = repository.put(person("ada"), expected=ABSENT)
    repository.put(person("ada", "AAPL"), expected=version)

    with pytest.raises(ConflictError):
        repository.put(person("ada", "MSFT"), expected=version)

    found = repository.get("ada")
    assert found is not None
    assert found.user.watchlist == ("AAPL",)


def test_nobody_is_not_found(spied: SpiedStore) -> None:
    assert UserRepository(spied).get("nobody") is None


def test_followers_are_found_by_company_and_by_topic(spied: SpiedStore) -> None:
    followers = FollowerRepository(spied)
    followers.follow(person("ada", "AAPL", "BRK.B", topics=("ipo",)))
    followers.follow(person("grace", "AAPL"))

    assert followers.of(tickers=["AAPL"]) == {"ada", "grace"}
    assert followers.of(tickers=["BRK.B", "MSFT"]) == {"ada"}
    assert followers.of(topics=["ipo"], tickers=["AAPL"]) == {"ada", "grace"}
    assert followers.of() == set()


def test_following_again_writes_nothing(spied: SpiedStore) -> None:
    followers = FollowerRepository(spied)
    followers.follow(person("ada", "AAPL", topics=("ipo",)))
    written = spied.writes

    followers.follow(person("ada", "AAPL", topics=("ipo",)))

    assert spied.writes == written


def test_who_dropped_a_company_no_longer_follows_it(spied: SpiedStore) -> None:
    followers = FollowerRepository(spied)
    before, after = person("ada", "AAPL", "MSFT"), person("ada", "MSFT", topics=("ipo",))
    followers.follow(before)
    followers.follow(after)

    followers.unfollow(before, after)

    assert followers.of(tickers=["AAPL"]) == set()
    assert followers.of(tickers=["MSFT"]) == {"ada"}
    assert followers.of(topics=["ipo"]) == {"ada"}


def test_two_who_start_to_follow_at_once_both_do(spied: SpiedStore) -> None:
    mine, yours = FollowerRepository(spied), FollowerRepository(spied.store)

    def meanwhile(_: TableSpec, __: Item) -> None:
        yours.follow(person("grace", "AAPL"))

    spied.meanwhile = meanwhile
    mine.follow(person("ada", "AAPL"))

    assert mine.of(tickers=["AAPL"]) == {"ada", "grace"}
