"""The command `signal9 serve`, in a process of its own."""

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

from signal9_core.providers.sample.provider import SampleProvider

PROGRAM = "from signal9_core.cli import main; main()"


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


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    """Read what the command says until it serves, by first word."""
    lines: dict[str, str] = {}
    while "Serving" not in lines:
        line = process.stdout.readline() if process.stdout else ""
        assert line, process.communicate()
        lines[line.split()[0]] = line.strip()
    return lines


def failed(home: Path, *options: str, program: str = PROGRAM) -> str:
    with started(home, *options, program=program) as process:
        out, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert not out
    assert len(error.splitlines()) == 1
    return error


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_ingests_serves_and_ends_cleanly(tmp_path: Path, ending: signal.Signals) -> None:
    with started(tmp_path, "--ingest", "--port", "0") as process:
        lines = told(process)
        address = lines["Serving"].split()[2]
        found = httpx2.get(f"{address}/api/v1/search?q=apple").json()
        process.send_signal(ending)
        _, error = process.communicate(timeout=30)

    assert str(tmp_path) in lines["Stored:"]
    assert re.search(r"[1-9]\d,\d{3} companies", lines["Stored:"])
    assert SampleProvider.notice in lines.values()
    assert address.startswith("http://127.0.0.1:")
    assert found["items"][0]["ticker"] == "AAPL"
    assert (process.returncode, error) == (0, "Stopped.\n")


def test_it_says_so_where_nothing_is_stored(tmp_path: Path) -> None:
    with started(tmp_path, "--port", "0") as process:
        lines = told(process)

    assert "--ingest" in lines["Nothing"]
    assert "development identity" in lines["Everyone"]


def test_with_an_issuer_only_tokens_let_somebody_in(tmp_path: Path) -> None:
    guard = ("--issuer", "http://127.0.0.1:9/", "--audience", "https://api.signal9.com")
    with started(tmp_path, "--port", "0", *guard) as process:
        lines = told(process)
        address = lines["Serving"].split()[2]
        refused = httpx2.get(f"{address}/api/v1/assets")
        healthy = httpx2.get(f"{address}/api/v1/health")

    assert "valid token" in lines["Only"]
    assert "Everyone" not in lines
    assert (refused.status_code, healthy.status_code) == (401, 200)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--issuer", "https://x.auth0.com/"), "go together"),
        (("--issuer", "http://x.auth0.com/", "--audience", "api"), "https://"),
    ],
)
def test_a_door_that_would_not_hold_is_not_opened(
    tmp_path: Path, options: tuple[str, ...], problem: str
) -> None:
    assert problem in failed(tmp_path, "--port", "0", *options)


def test_a_port_in_use_is_told_before_anything_is_done(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        message = failed(tmp_path / "home", "--ingest", "--port", port)

    assert f"port {port}" in message
    assert "--port" in message
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    message = failed(tmp_path / "file" / "home", "--ingest", "--port", "0")

    assert str(tmp_path / "file") in message


def test_a_file_that_is_no_database_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "signal9.db").write_bytes(b"precious" * 1_000)

    message = failed(tmp_path, "--ingest", "--port", "0")

    assert "signal9.db" in message
    assert (tmp_path / "signal9.db").read_bytes() == b"precious" * 1_000


def test_what_has_to_be_installed_is_named(tmp_path: Path) -> None:
    without = f"import sys; sys.modules['uvicorn'] = None; {PROGRAM}"

    message = failed(tmp_path / "home", "--ingest", program=without)

    assert "signal9-handlers[serve]" in message
    assert not (tmp_path / "home").exists()
