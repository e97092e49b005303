"""The health check tells what is wrong, to anybody, without saying too much."""

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import StoreUnavailableError
from signal9_core.repositories import StateRepository
from signal9_core.services.queries import NO_DATA, ListProblems
from signal9_handlers import __version__

OK = {"status": "ok", "version": __version__, "stage": "local"}


def test_where_nothing_is_wrong_it_says_no_more_than_that(client: httpx2.Client) -> None:
    assert client.get("/api/v1/health").json() == OK


def test_what_is_wrong_is_told_and_is_no_failure_of_the_check(
    client: httpx2.Client, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> StateRepository:
        raise StoreUnavailableError("table signal9-prod-State is throttled")

    monkeypatch.setitem(vars(app), "problems", ListProblems(away))

    answer = client.get("/api/v1/health")

    assert answer.status_code == 200
    assert answer.json() == OK | {"status": "degraded", "problems": [NO_DATA]}
