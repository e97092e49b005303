"""The smoke test passes on a sound stage, and says what is wrong with a broken one."""

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.e2e.place import Place

BROKEN = {"SIGNAL9_STORE": "nonsense"}
SOUND = {"health", "authorization", "signed-in read", "page", "pipeline"}


@pytest.fixture(scope="module", autouse=True)
def _with_a_client(place: Place, api: httpx2.Client) -> Iterator[None]:
    """Give the canary a client of the issuer, once the stage has filled itself."""
    if not place.emulated:
        pytest.skip("a real stage has its own client, and is not broken by a test")
    client = {
        "tokenUrl": f"{place.issuer}/oauth2/token",
        "audience": str(place.settings.audience),
        "clientId": "canary",
        "clientSecret": "right",
    }
    place.command("secrets", place.settings.stage, stdin=json.dumps({"canary": client}))
    return None


def _checks(place: Place, *options: str) -> dict[str, dict[str, Any]]:
    done = place.attempt("smoke", place.settings.stage, "--json", *options)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    failed = any(check["outcome"] == "failed" for check in checks.values())
    assert done.returncode == int(failed)
    return checks


def test_a_sound_stage_passes_every_check(place: Place) -> None:
    checks = _checks(place)

    assert {name: check["outcome"] for name, check in checks.items()} == dict.fromkeys(
        SOUND, "passed"
    )


def test_a_worker_that_raises_is_found_out_by_the_pipeline_alone(place: Place) -> None:
    with place.configured("Work", **BROKEN):
        checks = _checks(place, "--wait", "15")

    assert [name for name, check in checks.items() if check["outcome"] == "failed"] == ["pipeline"]
    assert "no worker received a probe" in checks["pipeline"]["message"]


@pytest.mark.parametrize(
    ("function", "check"), [("Health", "health"), ("Assets", "signed-in read")]
)
def test_an_api_that_answers_500_is_found_out_by_what_it_should_answer(
    place: Place, function: str, check: str
) -> None:
    with place.configured(function, **BROKEN):
        checks = _checks(place)

    assert [name for name, each in checks.items() if each["outcome"] == "failed"] == [check]
    assert " answered 50" in checks[check]["message"]
