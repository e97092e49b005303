from collections.abc import Iterator

import pytest
import stamina

from tests.simulator import Simulator, running


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture(scope="module")
def simulator() -> Simulator:
    return Simulator()


@pytest.fixture(scope="module")
def address(simulator: Simulator) -> Iterator[str]:
    with running(simulator) as address:
        yield address
