"""The canary: checks that are counted, and probes that workers note."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.queues import work_queue
from signal9_core.schemas.operations import SmokeAnswer, SmokeCheck, SmokeRequest
from signal9_core.settings import Settings
from signal9_core.stores.sqlite import SqliteStore
from signal9_deploy.functions import API, AUTHORIZER
from signal9_handlers import canary, jobs
from signal9_handlers.metrics import FAILED_CHECKS
from tests.fakes import FakeQueues

from .sample import CONTEXT
from .test_jobs import sqs_event


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """A stage whose provider has no key yet."""
    with SqliteStore.open(":memory:") as store:
        app = App(Settings(provider="alphavantage"), store=store)
        app.pipeline.queues = FakeQueues()
        monkeypatch.setattr(jobs, "application", lambda: app)
        monkeypatch.setattr(canary, "application", lambda: app)
        yield app


def test_a_worker_notes_a_probe_even_without_the_providers_key(app: App) -> None:
    probe = app.pipeline.send_probe()
    before = app.pipeline.is_noted(probe)

    messages = app.pipeline.queues.take(work_queue("alphavantage"))  # type: ignore[attr-defined]
    answer = jobs.work(sqs_event(*(message.body for message in messages)), CONTEXT)

    assert answer == {"batchItemFailures": []}
    assert (before, app.pipeline.is_noted(probe)) == (False, True)


def test_what_fails_is_returned_and_counted_and_no_error(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[SmokeRequest] = []
    check = SmokeCheck(name="page", outcome="failed", message="gone", took_ms=1)

    def checked(request: SmokeRequest) -> SmokeAnswer:
        asked.append(request)
        return SmokeAnswer(stage="prod", checks=[check])

    app.pipeline.check_stage = checked  # type: ignore[assignment]
    answer = canary.handler({"api": "https://api.example/api/v1", "hasIssuer": False}, CONTEXT)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (metric,) = (line for line in lines if "_aws" in line)
    assert answer["checks"] == [
        {"name": "page", "outcome": "failed", "message": "gone", "tookMs": 1}
    ]
    assert (metric[FAILED_CHECKS], metric["stage"]) == ([1.0], "prod")
    assert not asked[0].has_issuer


def test_a_snapshot_of_the_apis_functions_holds_no_client_no_secret_and_no_clock() -> None:
    """What is made before the first request is in every copy of a snapshot."""
    modules = sorted({spec.handler.rpartition(".")[0] for spec in (*API, AUTHORIZER)})
    program = (
        "import sys, importlib, random\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "from signal9_handlers import runtime\n"
        "from signal9_handlers.auth import authorizer\n"
        "assert runtime.application.cache_info().currsize == 0\n"
        "assert authorizer.verifier.cache_info().currsize == 0\n"
        "assert not {'botocore', 'boto3', 'httpx2'} & set(sys.modules)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=False
    )

    assert done.returncode == 0, done.stderr
