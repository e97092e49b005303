"""MiniStack, an emulator of AWS, on this machine for as long as a test needs it."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

__all__ = ["CREDENTIALS", "free_port", "running_emulator"]

CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}
"""What emulators take for credentials, as environment variables."""

_START_LIMIT_S: Final = 30
_STOP_LIMIT_S: Final = 10


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@contextmanager
def running_emulator(environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Start an emulator of its own, yield its address, and end it by its process."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="emulator-") as folder:
        settings = {
            **os.environ,
            **CREDENTIALS,
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "TMPDIR": folder,
            **(environment or {}),
        }
        log = Path(folder, "log")
        with (
            log.open("wb") as output,
            subprocess.Popen(
                [sys.executable, "-m", "ministack"],
                env=settings,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                address = f"http://127.0.0.1:{port}"
                _wait_until_ready(address, process, log)
                yield address
            finally:
                _end(process)


def _wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline and process.poll() is None:
        with (
            suppress(URLError, ConnectionError),
            urlopen(f"{address}/_ministack/ready", timeout=5) as answer,
        ):
            if answer.status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"no emulator at {address}: {log.read_text(encoding='utf-8')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
