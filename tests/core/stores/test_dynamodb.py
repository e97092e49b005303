"""What DynamoDB does on bad days: refuses parts of batches, throttles, loses answers, is away."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import stamina
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError
from moto import mock_aws

from signal9_core.errors import (
    ConflictError,
    DamagedItemError,
    StoreError,
    StoreUnavailableError,
)
from signal9_core.ports import ABSENT, Item
from signal9_core.stores.dynamodb import DynamoStore
from signal9_core.tables import ASSETS, COMPANY_NAME_INDEX, NEWS, TableSpec
from tests.fakes import SetClock

from .conftest import client_of
from .dynamodb_tables import create_table
from .items import article, asset

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LEASES = TableSpec("Leases", "owner", "name", ttl_attribute="expiresAt")
APPLE = {"ticker": "AAPL"}


class Aws:
    """A client whose calls can be meddled with, until the end of a test."""

    def __init__(self, client: "DynamoDBClient", undo: ExitStack) -> None:
        self.client = client
        self._undo = undo

    def hook(self, event: str, handler: Callable[..., Any]) -> None:
        self.client.meta.events.register(event, handler)
        self._undo.callback(self.client.meta.events.unregister, event, handler)

    def refuse_parts(self, operation: str, left_name: str, *, accept: int) -> None:
        """Let only the first few parts of a batch through, and return the rest unprocessed."""

        def cut(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
            [(table, request)] = params["RequestItems"].items()
            parts = request["Keys"] if isinstance(request, dict) else request
            context["left"] = _requests(table, request, parts[accept:])
            return {**params, "RequestItems": _requests(table, request, parts[:accept])}

        def give_back(parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
            parsed[left_name] = context["left"]

        self.hook(f"provide-client-params.dynamodb.{operation}", cut)
        self.hook(f"after-call.dynamodb.{operation}", give_back)

    def answer_with(
        self, operation: str, code: str, *, status: int = 400, times: int = 99, after: int = 0
    ) -> None:
        """Answer some calls with an error instead of carrying them out."""
        answers = iter([None] * after + [_failure(code, status)] * times)
        self.hook(f"before-call.dynamodb.{operation}", lambda **_: next(answers, None))

    def lose_the_answer_of_one_put(self, other: "DynamoDBClient") -> None:
        """Carry out a call, and report all the same that it failed."""
        waiting = [True]

        def carry_out(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
            if waiting:
                waiting.pop()
                other.put_item(**params)
                context["lost"] = True

        def answer(context: dict[str, Any], **_: object) -> object:
            return _failure("InternalServerError", 500) if "lost" in context else None

        self.hook("provide-client-params.dynamodb.PutItem", carry_out)
        self.hook("before-call.dynamodb.PutItem", answer)


def _requests(table: str, request: object, parts: list[object]) -> dict[str, object]:
    if not parts:
        return {}
    return {table: {**request, "Keys": parts} if isinstance(request, dict) else parts}


def _failure(code: str, status: int) -> tuple[AWSResponse, dict[str, Any]]:
    parsed = {
        "Error": {"Code": code, "Message": "refused"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return AWSResponse("", status, HTTPHeaders(), None), parsed


@pytest.fixture
def aws(mocked: "DynamoDBClient") -> Iterator[Aws]:
    with mock_aws(), ExitStack() as undo, stamina.set_testing(True, attempts=8):
        yield Aws(mocked, undo)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def store(aws: Aws, clock: SetClock) -> DynamoStore:
    names = {
        table.name: create_table(aws.client, table, f"x-{table.name}")
        for table in (ASSETS, NEWS, LEASES)
    }
    return DynamoStore(aws.client, names, clock=clock)


def articles(count: int) -> list[Item]:
    return [article("AAPL", f"{number:04}") for number in range(count)]


def stored(store: DynamoStore) -> int:
    return len(store.query(NEWS, "AAPL").items)


@pytest.mark.parametrize("count", [25, 110])
def test_what_a_batch_left_unprocessed_is_sent_again(
    aws: Aws, store: DynamoStore, count: int
) -> None:
    aws.refuse_parts("BatchWriteItem", "UnprocessedItems", accept=10)

    store.put_many(NEWS, articles(count))

    assert stored(store) == count


def test_what_is_refused_to_the_end_is_an_error_with_how_much_or_why(
    aws: Aws, store: DynamoStore
) -> None:
    aws.answer_with("BatchWriteItem", "ValidationException", times=1)
    with pytest.raises(StoreError, match="ValidationException"):
        store.put_many(NEWS, articles(10))
    aws.answer_with("BatchWriteItem", "ThrottlingException", times=8)
    with pytest.raises(StoreUnavailableError, match=r"x-News: .*ThrottlingException"):
        store.put_many(NEWS, articles(10))
    assert stored(store) == 0

    aws.refuse_parts("BatchWriteItem", "UnprocessedItems", accept=1)
    with pytest.raises(StoreUnavailableError, match="17 of 25 not processed"):
        store.put_many(NEWS, articles(25))
    assert stored(store) == 8

    aws.refuse_parts("BatchGetItem", "UnprocessedKeys", accept=0)
    with pytest.raises(StoreUnavailableError, match="1 of 1 not processed"):
        store.get_many(NEWS, [{"ticker": "AAPL", "timestamp": "0001"}])


def test_keys_left_unprocessed_are_asked_for_again(aws: Aws, store: DynamoStore) -> None:
    store.put_many(NEWS, articles(130))
    aws.refuse_parts("BatchGetItem", "UnprocessedKeys", accept=40)
    keys = [{"ticker": "AAPL", "timestamp": f"{number:04}"} for number in range(130)]

    found = store.get_many(NEWS, keys)

    assert len(found) == len({item["timestamp"] for item, _ in found}) == 130


def test_a_batch_that_is_throttled_as_a_whole_is_sent_again(aws: Aws, store: DynamoStore) -> None:
    aws.answer_with("BatchWriteItem", "ProvisionedThroughputExceededException", times=3)

    store.put_many(NEWS, articles(30))

    assert stored(store) == 30


def test_new_items_go_on_after_being_throttled(aws: Aws, store: DynamoStore) -> None:
    store.put(NEWS, article("AAPL", "0003", n=1))
    aws.answer_with("PutItem", "ThrottlingException", times=4)
    aws.answer_with("PutItem", "InternalServerError", status=500, times=4, after=9)

    taken = store.put_new(NEWS, articles(60))

    assert taken == [article("AAPL", "0003")]
    assert stored(store) == 60


def test_a_write_whose_answer_was_lost_is_not_a_conflict(aws: Aws, store: DynamoStore) -> None:
    with client_of(None) as other:
        aws.lose_the_answer_of_one_put(other)

        assert store.put_new(NEWS, articles(3)) == []

    assert stored(store) == 3


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
    aws: Aws, store: DynamoStore, code: str, status: int, transient: bool
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
    aws: Aws, store: DynamoStore, error: Exception, transient: bool
) -> None:
    def fail(**_: object) -> None:
        raise error

    aws.hook("before-call.dynamodb.GetItem", fail)

    with pytest.raises(StoreError, match="Assets AAPL") as raised:
        store.get(ASSETS, APPLE)
    assert raised.value.transient is transient
    assert raised.value.__cause__ is error


def test_tables_are_read_consistently_unless_less_is_asked_for_and_indexes_never(
    aws: Aws, store: DynamoStore
) -> None:
    asked: list[object] = []

    def note(params: dict[str, Any], **_: object) -> None:
        asked.append(params["ConsistentRead"])

    for operation in ("GetItem", "Query"):
        aws.hook(f"provide-client-params.dynamodb.{operation}", note)

    store.get(ASSETS, APPLE)
    store.query(NEWS, "AAPL")
    store.query(NEWS, "AAPL", consistent=False)
    store.query(ASSETS, "active", index=COMPANY_NAME_INDEX)

    assert asked == [True, True, False, False]


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

    assert [item["name"] for item, _ in page.items] == ["0", "3"]
    assert [item["name"] for item, _ in rest.items] == ["6"]
    assert rest.cursor is None


def test_an_item_that_someone_else_wrote_is_damaged_and_never_overwritten_by_version(
    aws: Aws, store: DynamoStore
) -> None:
    aws.client.put_item(TableName="x-Assets", Item={"ticker": {"S": "AAPL"}, "n": {"N": "1"}})
    aws.client.put_item(TableName="x-Assets", Item={"ticker": {"S": "IBM"}, "n": {"SS": ["a"]}})

    with pytest.raises(DamagedItemError, match="Assets AAPL: damaged, its checksum differs"):
        store.get(ASSETS, APPLE)
    with pytest.raises(ConflictError):
        store.put(ASSETS, asset("AAPL"), expected=ABSENT)
    with pytest.raises(StoreError, match="type SS"):
        store.get(ASSETS, {"ticker": "IBM"})
