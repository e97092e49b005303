"""APIs under test, here or deployed, and how tests ask them.

`SIGNAL9_TEST_URL` names an API that holds the sample, such as a stage of API Gateway
(`https://.../live/api/v1`), `SIGNAL9_TEST_TOKEN` is a token for it, and `SIGNAL9_TEST_ORIGIN` one
of the origins whose pages may read it.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any, Final, NamedTuple

import httpx2
import pytest
import uvicorn
from aws_lambda_powertools.utilities.typing import LambdaContext

from signal9_handlers.api.problems import Problem
from signal9_handlers.local.server import LARGEST_HEAD, LocalServer, listen
from signal9_handlers.local.site import Site
from signal9_handlers.runtime import application

__all__ = [
    "CONTEXT",
    "EXACT",
    "Target",
    "get",
    "pages",
    "problem",
    "refused_fields",
    "serving",
    "target",
]

EXACT: Final = Decimal("123.45678901234567")
"""A price that no float holds."""

ORIGIN: Final = "http://localhost:8000"


class _Context(LambdaContext):
    _function_name = "test"
    _memory_limit_in_mb = 512
    _invoked_function_arn = "arn:aws:lambda:local:000000000000:function:test"
    _aws_request_id = "request-1"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 900_000


CONTEXT: Final = _Context()


def get(client: httpx2.Client, path: str, **query: object) -> Any:
    """Return an answer with its numbers as they are written."""
    response = client.get(
        f"/api/v1{path}", params={name: str(v) for name, v in query.items()} or None
    )
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return json.loads(response.text, parse_float=Decimal)


def pages(client: httpx2.Client, path: str, **query: object) -> list[list[Any]]:
    """Return the items of every page."""
    page = get(client, path, **query)
    items = [page["items"]]
    while page["nextCursor"] is not None:
        page = get(client, path, **query, cursor=page["nextCursor"])
        items.append(page["items"])
    return items


def problem(response: httpx2.Response, status: int) -> Problem:
    """Return the problem document of a response, which must have this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert "etag" not in response.headers
    document = Problem.model_validate_json(response.text)
    assert document.status == status
    return document


def refused_fields(response: httpx2.Response) -> list[str]:
    """Return the fields that a response with status 422 names."""
    return [error.field for error in problem(response, 422).errors]


class Target(NamedTuple):
    """An API below `url`, with a token and an allowed origin."""

    url: str
    token: str | None = None
    origin: str = ORIGIN

    @property
    def headers(self) -> dict[str, str]:
        """The headers that every request needs."""
        return {} if self.token is None else {"Authorization": f"Bearer {self.token}"}

    @property
    def curl_options(self) -> str:
        """The same for curl."""
        return " ".join(f"-H '{name}: {value}'" for name, value in self.headers.items())

    def client(self) -> httpx2.Client:
        """Return a client whose paths are below `url`."""
        return httpx2.Client(base_url=self.url, headers=self.headers)


@contextmanager
def serving(server: LocalServer) -> Iterator[str]:
    """Serve on a free port; yields the address."""
    with listen(0) as listener:
        config = uvicorn.Config(
            server,
            h11_max_incomplete_event_size=LARGEST_HEAD,
            log_level="critical",
            lifespan="off",
            ws="none",
        )
        running = uvicorn.Server(config)
        thread = Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        while not running.started:
            sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        running.should_exit = True
        thread.join()


@contextmanager
def target(home: Path) -> Iterator[Target]:
    """Yield the API that the environment names, or else one for this home."""
    if url := os.environ.get("SIGNAL9_TEST_URL"):
        token, origin = (os.environ.get(f"SIGNAL9_TEST_{name}") for name in ("TOKEN", "ORIGIN"))
        yield Target(url.rstrip("/"), token, origin or ORIGIN)
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGNAL9_HOME", str(home))
        patch.setenv("SIGNAL9_CORS_ORIGINS", ORIGIN)
        application.cache_clear()
        with application(), serving(LocalServer(Site(None))) as address:
            yield Target(f"{address}/api/v1")
        application.cache_clear()
