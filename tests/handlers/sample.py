"""The whole sample behind an API: served here, or wherever it is deployed.

`SIGNAL9_TEST_URL` names another one that holds the sample, such as a stage of API Gateway
(`https://.../live/api/v1`), `SIGNAL9_TEST_TOKEN` is a token for it, and `SIGNAL9_TEST_ORIGIN` one
of the origins whose pages may read it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Final, NamedTuple

import httpx2
import pytest
import uvicorn

from signal9_handlers.local.server import LARGEST_HEAD, LocalServer, listen
from signal9_handlers.local.site import Site
from signal9_handlers.runtime import application

__all__ = ["Target", "serving", "target"]

ORIGIN: Final = "http://localhost:8000"


class Target(NamedTuple):
    """An API below `url`, and what it must be shown."""

    url: str
    token: str | None = None
    origin: str = ORIGIN

    @property
    def headers(self) -> dict[str, str]:
        """What every request has to carry."""
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
    """Serve on a free port, and end it afterwards."""
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
    """Give what the environment names, or else serve what is in this home."""
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
