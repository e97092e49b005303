"""What goes wrong on the way to an API appears as the errors that a local application raises."""

from collections.abc import Callable, Iterator

import httpx2
import pytest
import stamina

from signal9_core.errors import (
    InputError,
    NotFoundError,
    RefusedError,
    RemoteError,
    RemoteUnavailableError,
    SettingsError,
    Signal9Error,
)
from signal9_core.notebook.client import Signal9
from signal9_core.remote import RemoteBackend

TOKEN = "eyJhbGciOiJub25lIn0.c2VjcmV0.c2VjcmV0"
FOUND = '{"items": []}'

Answers = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4):
        yield


class Api:
    """An API that gives these answers, one after another, and remembers what it was asked."""

    def __init__(self, *answers: httpx2.Response | Exception) -> None:
        self._answers = iter(answers)
        self.requests: list[httpx2.Request] = []
        self.backend = RemoteBackend(
            "https://api.example", TOKEN, httpx2.MockTransport(self._answer)
        )

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(status: int, **more: object) -> httpx2.Response:
    return httpx2.Response(status, json={"title": "Problem", "status": status, **more})


def test_requests_carry_the_token_and_go_below_the_prefix() -> None:
    api = Api(httpx2.Response(200, text=FOUND))

    assert list(api.backend.search("aple", limit=3).items) == []

    assert str(api.requests[0].url) == "https://api.example/api/v1/search?q=aple&limit=3"
    assert api.requests[0].headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("no route"),
        httpx2.ReadTimeout("too slow"),
        problem(503),
        problem(429, detail="Too many."),
        httpx2.Response(502, text="<html>bad gateway</html>"),
    ],
)
def test_what_fails_for_the_moment_is_tried_again(failure: httpx2.Response | Exception) -> None:
    api = Api(failure, failure, httpx2.Response(200, text=FOUND))

    api.backend.search("aple")

    assert len(api.requests) == 3


def test_trying_again_comes_to_an_end() -> None:
    api = Api(*[httpx2.ConnectError("no route")] * 9)

    with pytest.raises(RemoteUnavailableError, match=r"api\.example cannot be reached") as caught:
        api.backend.search("aple")

    assert len(api.requests) == 4
    assert caught.value.transient


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (problem(401, detail="The token has expired."), RefusedError, "has expired"),
        (problem(403, detail="No such scope."), RefusedError, "No such scope"),
        (problem(404, detail="?", nearest=["AAPL"]), NotFoundError, "did you mean AAPL"),
        (
            problem(422, detail="?", errors=[{"field": "limit", "message": "is too large"}]),
            InputError,
            "limit: is too large",
        ),
        (problem(500, detail="The request failed on our side."), RemoteError, "on our side"),
        (httpx2.Response(200, text="<html>"), RemoteError, "unexpected answer"),
        (httpx2.Response(307, headers={"location": "https://evil.example"}), RemoteError, "307"),
    ],
)
def test_what_cannot_pass_is_not_repeated(
    answer: httpx2.Response, kind: type[Signal9Error], text: str
) -> None:
    api = Api(answer)

    with pytest.raises(kind, match=text) as caught:
        api.backend.get_asset("aapl")

    assert len(api.requests) == 1
    assert not caught.value.transient


def test_the_token_is_shown_nowhere() -> None:
    s9 = Signal9(url="https://api.example", token=TOKEN)
    api = Api(*[httpx2.ConnectError("no route")] * 9)

    with pytest.raises(RemoteUnavailableError) as caught:
        api.backend.search("aple")

    assert repr(s9) == "Signal9(url='https://api.example')"
    for shown in (vars(s9), caught.value, api.backend, vars(api.backend)):
        assert "c2VjcmV0" not in f"{shown!r} {shown}"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"url": "ftp://api.example"}, "address of an API"),
        ({"url": "https://user:password@api.example"}, "address of an API"),
        ({"url": "http://api.example", "token": TOKEN}, "over https only"),
        ({"url": "https://api.example", "token": "two\r\nlines"}, "invalid token"),
        ({"url": "https://api.example", "home": "."}, "url"),
        ({"url": "https://api.example", "store": "sqlite"}, "url"),
        ({"token": TOKEN}, "url"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, str], text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        Signal9(**given).search("aple")
