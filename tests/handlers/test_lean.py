"""A function of the API starts without what only others need."""

import json
import subprocess
import sys
from typing import Any

import pytest

from signal9_handlers.routes import ROUTES

HANDLERS = sorted({route.handler for route in ROUTES})
NEEDLESS = {
    "aws_lambda_powertools",
    "aws_xray_sdk",
    "boto3",
    "botocore",
    "cryptography",
    "httpx2",
    "jwt",
    "keyring",
    "pandas",
    "rapidfuzz",
    "stamina",
    "uvicorn",
    *(
        f"signal9_core.{part}"
        for part in ("caches", "cli", "enhance", "facade", "ingest", "keys", "notify", "providers")
    ),
    *(f"signal9_core.{part}" for part in ("publishers", "quotas", "remote", "replay", "sentiment")),
    "signal9_handlers.jobs",
    "signal9_handlers.local",
    "signal9_handlers.openapi",
}
"""What logs, signs, writes, ingests or serves: loaded when that is first done, or never."""
_PROGRAM = """
import importlib, json, sys
before = set(sys.modules)
from signal9_handlers.runtime import application
for name in sys.argv[1:]:
    importlib.import_module(name.rpartition(".")[0])
application()
print(json.dumps(sorted(set(sys.modules) - before)))
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """What all functions of the API have loaded, together, once their application is built."""
    command = [sys.executable, "-c", _PROGRAM, *HANDLERS]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    found: list[Any] = json.loads(done.stdout)
    return set(found)


def test_nothing_is_loaded_that_few_requests_need(loaded: set[str]) -> None:
    assert {name.rpartition(".")[0] for name in HANDLERS} <= loaded
    assert loaded & NEEDLESS == set()


def test_not_even_logging_makes_a_client_of_xray() -> None:
    heavy = {"aws_xray_sdk", "botocore.session"}
    program = f"import sys, signal9_handlers.log; print({heavy} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)

    assert done.stdout.split() == [b"set()"]
