"""Clients of AWS give up in seconds."""

from typing import Any

import pytest

from signal9_core.aws import aws_client
from tests.emulator import CREDENTIALS


@pytest.mark.parametrize("service", ["dynamodb", "events", "s3", "secretsmanager", "sns"])
def test_a_client_gives_up_in_seconds(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)

    config: Any = aws_client(service).meta.config

    assert config.retries == {"mode": "standard", "total_max_attempts": 4}
    assert (config.connect_timeout, config.read_timeout) == (2, 5)
