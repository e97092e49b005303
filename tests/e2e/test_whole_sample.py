"""The contract of the API and its tour, through API Gateway, over the whole sample.

Late in the suite, since what is seen before is what the deployed functions ingest by themselves.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

import pytest

from signal9_deploy.names import table_prefix
from tests.e2e.place import Place
from tests.handlers import test_contract, test_docs
from tests.handlers.sample import Target

globals().update(
    {
        name: each
        for module in (test_contract, test_docs)
        for name, each in vars(module).items()
        if name.startswith("test_")
    }
)

EMULATOR_CANNOT: Final = {
    "compress": "it ignores minimumCompressionSize, by which API Gateway compresses",
    "Accept-Encoding": "it ignores minimumCompressionSize, by which API Gateway compresses",
}
"""What the emulator lacks, by part of the names of tests that need it."""


@pytest.fixture(scope="module")
def sample(place: Place) -> Iterator[Target]:
    """The deployed API, once an operator has ingested the sample, with the list of companies."""
    if place.emulated:
        store = {
            "SIGNAL9_STAGE": place.settings.stage,
            "SIGNAL9_STORE": "dynamodb",
            "SIGNAL9_TABLE_PREFIX": table_prefix(place.settings),
        }
        subprocess.run(
            [sys.executable, "-m", "signal9_core", "ingest", "--force"],
            env={**os.environ, **place.variables, **store},
            check=True,
            capture_output=True,
        )
        _start_anew(place, "Assets", "Search")
    with place.api(token := place.token()) as client:
        yield Target(str(client.base_url).rstrip("/"), token, place.settings.origins[0])


def _start_anew(place: Place, *names: str) -> None:
    """Have functions load the list of companies now, rather than when a minute has passed."""
    for name in names:
        place.client("lambda").update_function_configuration(
            FunctionName=f"signal9-{place.settings.stage}-{name}", Timeout=29
        )


@pytest.fixture(autouse=True)
def _limits(request: pytest.FixtureRequest, place: Place, sample: Target) -> None:
    for part, reason in EMULATOR_CANNOT.items():
        if place.emulated and part in request.node.name:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
