"""MiniStack, an emulator of AWS, on this machine until it is ended."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.error import URLError
from urllib.request import urlopen

from ..errors import DeployError

__all__ = ["Emulator", "credentials"]

HOST: Final = "127.0.0.1"
_START_LIMIT_S: Final = 30
_STOP_LIMIT_S: Final = 10
_OK: Final = 200


def credentials(region: str) -> dict[str, str]:
    """Return what emulators take for credentials, as environment variables."""
    return {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator; `pid` is its process where it is ours."""

    url: str
    pid: int | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def running(cls, folder: Path) -> Self | None:
        """Return the emulator that was started from here, if it still answers."""
        noted = folder / "emulator.json"
        if not noted.exists():
            return None
        found = cls(**json.loads(noted.read_text("utf-8")))
        return found if found.answers() else None

    @classmethod
    def started(cls, folder: Path, port: int) -> Self:
        """Start one that listens on `port` of this machine only, and outlives this process."""
        _check_free(port)
        folder.mkdir(parents=True, exist_ok=True)
        log = folder / "emulator.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env={**os.environ, **_variables(port, folder)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        emulator = cls(f"http://{HOST}:{port}", process.pid, process)
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline and process.poll() is None:
            if emulator.answers():
                emulator.note(folder)
                return emulator
            time.sleep(0.05)
        raise DeployError(f"the emulator does not start: see {log}")

    def note(self, folder: Path) -> None:
        """Write down where it is, for the commands that follow."""
        noted = json.dumps({"url": self.url, "pid": self.pid})
        (folder / "emulator.json").write_text(noted, "utf-8")

    def answers(self) -> bool:
        """Say whether it is there."""
        with (
            suppress(URLError, ConnectionError, TimeoutError),
            urlopen(f"{self.url}/_ministack/ready", timeout=5) as answer,  # noqa: S310  # our own
        ):
            return bool(answer.status == _OK)
        return False

    def end(self, folder: Path) -> None:
        """End it by its process, if it is ours, and drop all that it left."""
        if self.pid is None:
            raise DeployError(f"{self.url} was not started from here: end it where it was")
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
            if self.process is None:
                _await_end(self.pid)
            else:
                self.process.wait(_STOP_LIMIT_S)
        # What it unpacked is of no use to anybody else.
        shutil.rmtree(folder, ignore_errors=True)


def _check_free(port: int) -> None:
    try:
        with socket.create_server((HOST, port)):
            pass
    except OSError as error:
        raise DeployError(
            f"port {port} of {HOST} is taken: choose another with --port, or set AWS_ENDPOINT_URL "
            "if an emulator listens there"
        ) from error


def _variables(port: int, folder: Path) -> dict[str, str]:
    return {
        **credentials("us-east-1"),
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "TMPDIR": str(folder),
    }


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + _STOP_LIMIT_S
    while time.monotonic() < deadline:
        os.kill(pid, 0)  # fails as soon as it is gone
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)
