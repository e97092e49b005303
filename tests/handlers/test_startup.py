"""A function of the API starts without what only few requests need."""

import json
import subprocess
import sys

from signal9_handlers.routes import OPERATIONS

MODULES = sorted({operation.resource.handler_path.rpartition(".")[0] for operation in OPERATIONS})
UNNEEDED = {
    "aws_lambda_powertools",
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
    "signal9_core.cli",
    "signal9_core.notebook",
    "signal9_core.providers",
    "signal9_core.remote",
    "signal9_handlers.jobs",
    "signal9_handlers.local",
    "signal9_handlers.openapi",
}
PROGRAM = """
import importlib, json, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
from signal9_handlers.runtime import application
application()
print(json.dumps(sorted(sys.modules)))
"""


def test_nothing_is_loaded_that_few_requests_need() -> None:
    command = [sys.executable, "-c", PROGRAM, *MODULES]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    loaded = set(json.loads(done.stdout))

    assert loaded >= set(MODULES)
    assert loaded & UNNEEDED == set()
