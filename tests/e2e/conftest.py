"""The end-to-end suite runs when it is asked for, by `hatch run e2e`: it deploys."""

import os
from collections.abc import Iterator

import httpx2
import pytest

from tests.e2e.place import Place, deployed, eventually

collect_ignore_glob = [] if os.environ.get("SIGNAL9_E2E") else ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let what changes and destroys the deployment come last."""
    items.sort(key=lambda item: "test_lifecycle" in item.nodeid)


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """The stage, deployed."""
    with deployed() as found:
        yield found


@pytest.fixture(scope="session")
def api(place: Place) -> Iterator[httpx2.Client]:
    """A client of its API, with a token, once the stage has filled itself with what tests read."""
    with place.api(place.token()) as found:
        for path in ("/assets/AAPL/prices", "/news?ticker=AAPL", "/financials/AAPL"):
            eventually(lambda path=path: _items(found, path), within_s=240)
        yield found


def _items(api: httpx2.Client, path: str) -> list[object]:
    """Return what a list has; nothing while what it is about is not known yet."""
    answer = api.get(path)
    found: list[object] = answer.json()["items"] if answer.status_code == 200 else []
    return found
