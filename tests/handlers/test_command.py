"""The command `signal9 serve`: what it prints, and how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import PayloadError
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.settings import Settings
from signal9_handlers.local.command import ingest_once, print_status
from tests.fakes import FakeProvider

PROGRAM = "from signal9_core.cli import main; main()"


@pytest.fixture
def provider() -> FakeProvider:
    return FakeProvider()


@pytest.fixture
def stocked_app(tmp_path: Path, provider: FakeProvider) -> Iterator[App]:
    with App(Settings(home=tmp_path), provider=provider) as app:
        yield app


def test_failures_are_printed_and_tried_again(
    stocked_app: App, provider: FakeProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    provider.failing["news AAPL"] = PayloadError("fake sent nonsense")
    ingest_once(stocked_app)
    first = capsys.readouterr().err
    provider.failing.clear()
    ingest_once(stocked_app)

    assert first == "not ingested: news of AAPL: fake sent nonsense\n"
    assert capsys.readouterr().err == ""
    assert stocked_app.is_ingested()


def test_a_finished_ingest_is_not_repeated(
    stocked_app: App, provider: FakeProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    ingest_once(stocked_app)
    provider.failing["news"] = PayloadError("requested again")

    ingest_once(stocked_app)

    assert capsys.readouterr().err == ""


def test_the_status_is_printed_with_the_notice(
    stocked_app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    stocked_app.ingest()

    print_status(stocked_app)

    stored, notice = capsys.readouterr().out.splitlines()
    assert "4 companies, 3 of them with 5 daily prices, 4 reports, 4 articles" in stored
    assert notice == "Made up."


@contextmanager
def started(home: Path, *options: str, program: str = PROGRAM) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, "--home", str(home), "serve", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONWARNINGS": "error"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def printed(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return the lines that the command prints until it serves, by first word."""
    lines: dict[str, str] = {}
    while "Serving" not in lines:
        line = process.stdout.readline() if process.stdout else ""
        assert line, process.communicate()
        lines[line.split()[0]] = line.strip()
    return lines


def failure(home: Path, *options: str, program: str = PROGRAM) -> str:
    """Return the one line that the command fails with."""
    with started(home, *options, program=program) as process:
        out, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert not out
    assert len(error.splitlines()) == 1
    return error


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the first command ingests into, and the next one finds filled."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ingests_serves_and_ends_cleanly(shared_home: Path, ending: signal.Signals) -> None:
    with started(shared_home, "--ingest", "--port", "0") as process:
        lines = printed(process)
        address = lines["Serving"].split()[2]
        answer = httpx2.get(f"{address}/api/v1/search?q=apple").json()
        process.send_signal(ending)
        _, error = process.communicate(timeout=30)

    assert str(shared_home) in lines["Stored:"]
    assert re.search(r"[1-9]\d,\d{3} companies", lines["Stored:"])
    assert SampleProvider.notice in lines.values()
    assert address.startswith("http://127.0.0.1:")
    assert answer["items"][0]["ticker"] == "AAPL"
    assert (process.returncode, error) == (0, "Stopped.\n")


def test_it_says_when_nothing_is_stored(tmp_path: Path) -> None:
    with started(tmp_path, "--port", "0") as process:
        lines = printed(process)

    assert "--ingest" in lines["Nothing"]
    assert "development identity" in lines["Every"]


def test_with_an_issuer_requests_need_a_token(tmp_path: Path) -> None:
    options = ("--issuer", "http://127.0.0.1:9/", "--audience", "https://api.signal9.com")
    with started(tmp_path, "--port", "0", *options) as process:
        lines = printed(process)
        address = lines["Serving"].split()[2]
        refused = httpx2.get(f"{address}/api/v1/assets")
        healthy = httpx2.get(f"{address}/api/v1/health")

    assert "valid token" in lines["Requests"]
    assert (refused.status_code, healthy.status_code) == (401, 200)


def test_an_issuer_without_an_audience_is_refused(tmp_path: Path) -> None:
    message = failure(tmp_path, "--port", "0", "--issuer", "https://x.auth0.com/")

    assert "set together" in message


def test_a_port_in_use_is_reported_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = failure(tmp_path / "home", "--ingest", "--port", port)

    assert f"port {port}" in message
    assert "--port" in message
    assert not (tmp_path / "home").exists()


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    program = f"import sys; sys.modules['uvicorn'] = None; {PROGRAM}"

    assert "signal9-handlers[serve]" in failure(tmp_path / "home", "--ingest", program=program)
    assert not (tmp_path / "home").exists()
