"""Bad days of DynamoDB: a client that can be meddled with, and time that passes only in sleep."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from signal9_core.stores.dynamodb import Backoff

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

__all__ = ["PassingTime", "Troubled"]


class PassingTime:
    """Time that passes only while someone sleeps."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def elapsed_s(self) -> float:
        return sum(self.pauses)

    def backoff(self) -> Backoff:
        return Backoff(limit_s=10, sleep=self.sleep, elapsed_s=self.elapsed_s, random=lambda: 0.5)


class Troubled:
    """A client whose calls can be meddled with, until the end of a test."""

    def __init__(self, client: "DynamoDBClient", untroubled: "DynamoDBClient") -> None:
        self._hooks: list[tuple[str, Callable[..., Any]]] = []
        self.client = client
        self.untroubled = untroubled

    def hook(self, event: str, handler: Callable[..., Any]) -> None:
        self.client.meta.events.register(event, handler)
        self._hooks.append((event, handler))

    def close(self) -> None:
        for event, handler in self._hooks:
            self.client.meta.events.unregister(event, handler)

    def refuse_parts(self, operation: str, left_name: str, *, keep: int) -> None:
        """Let only the first `keep` parts of a batch through, and return the rest unprocessed."""

        def cut(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
            [(table, request)] = params["RequestItems"].items()
            parts = request["Keys"] if isinstance(request, dict) else request
            context["left"] = _requests(table, request, parts[keep:])
            return {**params, "RequestItems": _requests(table, request, parts[:keep])}

        def give_back(parsed: dict[str, Any], context: dict[str, Any], **_: object) -> None:
            parsed[left_name] = context["left"]

        self.hook(f"provide-client-params.dynamodb.{operation}", cut)
        self.hook(f"after-call.dynamodb.{operation}", give_back)

    def answer_with(
        self, operation: str, code: str, *, status: int = 400, times: int = 99, after: int = 0
    ) -> None:
        """Answer some calls, from the first one on, with an error instead of carrying them out."""
        answers = iter([None] * after + [_failure(code, status)] * times)

        def answer(**_: object) -> object:
            return next(answers, None)

        self.hook(f"before-call.dynamodb.{operation}", answer)

    def lose_the_answer_of_one_put(self) -> None:
        """Carry out a call, and say all the same that it failed."""
        waiting = [True]

        def carry_out(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
            if waiting:
                waiting.pop()
                self.untroubled.put_item(**params)
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
        "Error": {"Code": code, "Message": "so it is"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return AWSResponse("", status, HTTPHeaders(), None), parsed
