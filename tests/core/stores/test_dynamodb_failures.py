"""What DynamoDB does on bad days: refuses parts of batches, throttles, loses answers, is away."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from moto import mock_aws

from signal9_core.errors import ConflictError, StoreError, StoreUnavailableError
from signal9_core.ports import ABSENT, Item, Stored
from signal9_core.stores.dynamodb import DynamoStore
from signal9_core.tables import ASSETS, NEWS, TableSpec
from tests.fakes import SetClock

from .conftest import client_of
from .dynamodb_tables import create_table
from .items import article, asset
from .troubled import PassingTime, Troubled

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASES = TableSpec("Leases", "owner", "name", ttl_attribute="expiresAt")
APPLE = {"ticker": "AAPL"}


@pytest.fixture(scope="module")
def untroubled() -> "Iterator[DynamoDBClient]":
    with client_of(None) as client:
        yield client


@pytest.fixture
def aws(mocked: "DynamoDBClient", untroubled: "DynamoDBClient") -> Iterator[Troubled]:
    troubled = Troubled(mocked, untroubled)
    with mock_aws(), closing(troubled):
        yield troubled


@pytest.fixture
def time() -> PassingTime:
    return PassingTime()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(aws: Troubled, time: PassingTime, clock: SetClock) -> DynamoStore:
    names = {
        table.name: create_table(aws.client, table, f"x-{table.name}")
        for table in (ASSETS, NEWS, LEASES)
    }
    return DynamoStore(aws.client, names, clock=clock, backoff=time.backoff())


def articles(count: int) -> list[Item]:
    return [article("AAPL", f"{number:04}") for number in range(count)]


def keys(count: int) -> list[dict[str, str]]:
    return [{"ticker": "AAPL", "timestamp": f"{number:04}"} for number in range(count)]


def test_what_a_batch_left_unprocessed_is_sent_again(
    aws: Troubled, store: DynamoStore, time: PassingTime
) -> None:
    aws.refuse_parts("BatchWriteItem", "UnprocessedItems", keep=10)

    store.put_many(NEWS, articles(25))

    assert len(store.query(NEWS, "AAPL").items) == 25
    assert time.pauses == [0.025, 0.05]


def test_every_one_of_several_batches_is_sent_to_the_end(aws: Troubled, store: DynamoStore) -> None:
    aws.refuse_parts("BatchWriteItem", "UnprocessedItems", keep=20)

    store.put_many(NEWS, articles(110))

    assert len(store.query(NEWS, "AAPL").items) == 110


def test_a_batch_that_is_refused_to_the_end_says_how_much_remains(
    aws: Troubled, store: DynamoStore, time: PassingTime
) -> None:
    aws.refuse_parts("BatchWriteItem", "UnprocessedItems", keep=1)

    with pytest.raises(StoreUnavailableError, match=r"x-News: 10 of 25 still not processed"):
        store.put_many(NEWS, articles(25))

    assert 9 < time.elapsed_s() <= 10
    assert max(time.pauses) == 1.0
    assert len(store.query(NEWS, "AAPL").items) == 15


def test_keys_that_were_left_unprocessed_are_asked_again(
    aws: Troubled, store: DynamoStore, time: PassingTime
) -> None:
    store.put_many(NEWS, articles(130))
    aws.refuse_parts("BatchGetItem", "UnprocessedKeys", keep=40)

    found = store.get_many(NEWS, keys(130))

    assert len(found) == len({each.item["timestamp"] for each in found}) == 130
    assert time.pauses


def test_keys_that_are_refused_to_the_end_are_not_taken_for_absent(
    aws: Troubled, store: DynamoStore
) -> None:
    aws.refuse_parts("BatchGetItem", "UnprocessedKeys", keep=0)

    with pytest.raises(StoreUnavailableError, match="3 of 3 still not processed after 10 s"):
        store.get_many(NEWS, keys(3))


def test_a_batch_that_is_throttled_as_a_whole_is_sent_again(
    aws: Troubled, store: DynamoStore
) -> None:
    aws.answer_with("BatchWriteItem", "ProvisionedThroughputExceededException", times=3)

    store.put_many(NEWS, articles(30))

    assert len(store.query(NEWS, "AAPL").items) == 30


def test_the_last_cause_is_kept_where_a_batch_is_throttled_to_the_end(
    aws: Troubled, store: DynamoStore
) -> None:
    aws.answer_with("BatchWriteItem", "ThrottlingException")

    with pytest.raises(StoreUnavailableError, match="30 of 30") as raised:
        store.put_many(NEWS, articles(30))

    assert "ThrottlingException" in str(raised.value.__cause__)


def test_new_items_go_on_after_being_throttled(aws: Troubled, store: DynamoStore) -> None:
    store.put(NEWS, article("AAPL", "0003", n=1))
    aws.answer_with("PutItem", "ThrottlingException", times=4)
    aws.answer_with("PutItem", "InternalServerError", status=500, times=4, after=9)

    taken = store.put_new(NEWS, articles(60))

    assert taken == [article("AAPL", "0003")]
    assert len(store.query(NEWS, "AAPL").items) == 60


def test_a_refusal_that_cannot_pass_ends_a_batch_at_once(
    aws: Troubled, store: DynamoStore, time: PassingTime
) -> None:
    aws.answer_with("BatchWriteItem", "ValidationException")

    with pytest.raises(StoreError, match="ValidationException"):
        store.put_many(NEWS, articles(60))

    assert not time.pauses


def test_a_write_whose_answer_was_lost_is_no_conflict(aws: Troubled, store: DynamoStore) -> None:
    aws.lose_the_answer_of_one_put()

    assert store.put_new(NEWS, articles(3)) == []

    assert len(store.query(NEWS, "AAPL").items) == 3


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        ("ThrottlingException", 400, True),
        ("ProvisionedThroughputExceededException", 400, True),
        ("RequestLimitExceeded", 400, True),
        ("InternalServerError", 500, True),
        ("SomethingNew", 503, True),
        ("AccessDeniedException", 400, False),
        ("ResourceNotFoundException", 400, False),
    ],
)
def test_errors_of_the_service_tell_whether_they_may_pass(
    aws: Troubled, store: DynamoStore, code: str, status: int, transient: bool
) -> None:
    calls: dict[str, Callable[[], object]] = {
        "GetItem": lambda: store.get(ASSETS, APPLE),
        "PutItem": lambda: store.put(ASSETS, asset("AAPL"), expected=ABSENT),
        "DeleteItem": lambda: store.delete(ASSETS, APPLE),
        "Query": lambda: store.query(ASSETS, "AAPL"),
    }

    for operation, call in calls.items():
        aws.answer_with(operation, code, status=status)
        with pytest.raises(StoreError, match=rf"Assets AAPL: .*{code}") as raised:
            call()
        assert raised.value.transient is transient


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), True),
        (ReadTimeoutError(endpoint_url="http://x"), True),
        (NoCredentialsError(), False),
    ],
)
def test_errors_on_the_way_tell_whether_they_may_pass(
    aws: Troubled, store: DynamoStore, error: Exception, transient: bool
) -> None:
    def fail(**_: object) -> None:
        raise error

    aws.hook("before-call.dynamodb.GetItem", fail)

    with pytest.raises(StoreError, match="Assets AAPL") as raised:
        store.get(ASSETS, APPLE)
    assert raised.value.transient is transient
    assert raised.value.__cause__ is error


def test_a_table_without_a_name_is_refused(aws: Troubled) -> None:
    store = DynamoStore(aws.client, {"Assets": "x-Assets"})

    with pytest.raises(StoreError, match="no table 'News'"):
        store.query(NEWS, "AAPL")


def test_a_page_is_filled_up_past_expired_items(store: DynamoStore, clock: SetClock) -> None:
    now = int(clock().timestamp())
    store.put_many(
        LEASES,
        [
            {"owner": "me", "name": f"{number}", "expiresAt": now + (60 if number % 3 == 0 else 0)}
            for number in range(9)
        ],
    )

    page = store.query(LEASES, "me", limit=2)
    rest = store.query(LEASES, "me", limit=2, cursor=page.cursor)

    assert [each.item["name"] for each in page.items] == ["0", "3"]
    assert [each.item["name"] for each in rest.items] == ["6"]
    assert rest.cursor is None


def test_an_item_of_other_hands_is_read_but_never_overwritten_by_version(
    aws: Troubled, store: DynamoStore
) -> None:
    aws.client.put_item(TableName="x-Assets", Item={"ticker": {"S": "AAPL"}, "n": {"N": "1"}})

    found = store.get(ASSETS, APPLE)

    assert found is not None
    assert found == Stored(asset("AAPL", n=1), ABSENT)
    with pytest.raises(ConflictError):
        store.put(ASSETS, found.item, expected=found.version)


def test_a_type_that_no_store_writes_is_told_as_such(aws: Troubled, store: DynamoStore) -> None:
    aws.client.put_item(TableName="x-Assets", Item={"ticker": {"S": "AAPL"}, "n": {"SS": ["a"]}})

    with pytest.raises(StoreError, match="type SS"):
        store.get(ASSETS, APPLE)


def test_the_client_gives_up_in_bounded_time(aws: Troubled) -> None:
    config: Any = aws.client.meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert config.connect_timeout <= 5
    assert config.read_timeout <= 10


def test_the_module_can_be_imported_where_boto3_is_not() -> None:
    program = (
        "import sys\n"
        "sys.modules['boto3'] = sys.modules['botocore'] = None\n"
        "import signal9_core.stores.dynamodb\n"
        "assert 'signal9_core.stores.sqlite' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", program], check=True)
