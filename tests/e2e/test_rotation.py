"""The key that signs cursors is renewed by the deployed function, and open lists go on."""

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from signal9_deploy.secrets import CURSORS, secret_name
from tests.e2e.place import Place

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@pytest.fixture(autouse=True)
def _on_an_emulator_only(place: Place) -> None:
    if not place.emulated:
        pytest.skip("Secrets Manager itself rotates there")


def _key(place: Place, stage: str) -> str:
    found = place.client("secretsmanager").get_secret_value(
        SecretId=secret_name(CURSORS.name, place.settings.stage), VersionStage=stage
    )
    return str(json.loads(found["SecretString"])["key"])


def _rotate(place: Place) -> None:
    """Take the four steps in the place of Secrets Manager, whose emulator calls nobody."""
    token = str(uuid4())
    secret = secret_name(CURSORS.name, place.settings.stage)
    for step in STEPS:
        place.invoke("Rotation", {"Step": step, "SecretId": secret, "ClientRequestToken": token})


def _second_page(api: httpx2.Client, cursor: str) -> Any:
    return api.get("/assets/AAPL/prices", params={"limit": 2, "cursor": cursor})


def test_a_list_that_was_begun_before_a_rotation_goes_on_after_it(
    place: Place, api: httpx2.Client
) -> None:
    cursor = api.get("/assets/AAPL/prices", params={"limit": 2}).json()["nextCursor"]
    before = _key(place, "AWSCURRENT")

    _rotate(place)
    place.restart("Assets")

    assert _key(place, "AWSPREVIOUS") == before
    assert _key(place, "AWSCURRENT") != before
    assert _second_page(api, cursor).status_code == 200


def test_after_the_next_rotation_it_does_not(place: Place, api: httpx2.Client) -> None:
    cursor = api.get("/assets/AAPL/prices", params={"limit": 2}).json()["nextCursor"]

    for _ in range(2):
        _rotate(place)
    place.restart("Assets")

    assert _second_page(api, cursor).status_code == 422
