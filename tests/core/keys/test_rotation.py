"""A signing key is renewed in four steps, and what the previous one signed stays good."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto import mock_aws

from signal9_core.bootstrap import build
from signal9_core.credentials import RotateSigningKey, SecretSigningKeys, secrets_client
from signal9_core.errors import InputError, SettingsError
from signal9_core.services.cursors import CursorSigner, prove_signing
from signal9_core.settings import Settings
from tests.emulator import CREDENTIALS
from tests.fakes import SetClock

SECRET = "signal9/cursors/test"
FIRST = "the-first-key-that-is-long-enough-to-be-one"
QUERY = {"of": "prices", "ticker": "AAPL"}
POSITION = {"timestamp": "2024-01-02"}
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        made = boto3.client("secretsmanager", region_name="us-east-1")
        made.create_secret(Name=SECRET, SecretString=json.dumps({"key": FIRST}))
        yield made


@pytest.fixture
def rotate(client: Any) -> RotateSigningKey:
    return RotateSigningKey(client, prove_signing)


def _key(client: Any, stage: str) -> str:
    found = client.get_secret_value(SecretId=SECRET, VersionStage=stage)["SecretString"]
    return str(json.loads(found)["key"])


def _stages(client: Any) -> Mapping[str, list[str]]:
    found: Mapping[str, list[str]] = client.describe_secret(SecretId=SECRET)["VersionIdsToStages"]
    return found


def test_four_steps_put_a_new_key_in_the_place_of_the_old_one(
    client: Any, rotate: RotateSigningKey
) -> None:
    token = str(uuid4())

    for step in STEPS:
        rotate(step, SECRET, token)

    assert "AWSCURRENT" in _stages(client)[token]
    assert _key(client, "AWSPREVIOUS") == FIRST
    assert len(_key(client, "AWSCURRENT")) == 64


def test_steps_that_are_repeated_change_nothing(client: Any, rotate: RotateSigningKey) -> None:
    token = str(uuid4())
    pending = []
    for step in STEPS[:3]:
        for _ in range(2):
            rotate(step, SECRET, token)
            pending.append(_key(client, "AWSPENDING"))
    rotate("finishSecret", SECRET, token)

    for step in STEPS:
        rotate(step, SECRET, token)

    assert set(pending) == {_key(client, "AWSCURRENT")}
    assert _key(client, "AWSPREVIOUS") == FIRST


def test_the_present_key_stays_until_the_last_step(client: Any, rotate: RotateSigningKey) -> None:
    token = str(uuid4())

    for step in STEPS[:3]:
        rotate(step, SECRET, token)

        assert _key(client, "AWSCURRENT") == FIRST


@pytest.mark.parametrize("step", STEPS[1:])
def test_a_version_that_nobody_announced_is_refused(
    client: Any, rotate: RotateSigningKey, step: str
) -> None:
    wrong = str(uuid4())

    with pytest.raises(InputError, match=f"{wrong} is no pending version of {SECRET}"):
        rotate(step, SECRET, wrong)

    assert _key(client, "AWSCURRENT") == FIRST


def test_what_is_no_step_and_what_is_no_secret_is_refused(
    client: Any, rotate: RotateSigningKey
) -> None:
    token = str(uuid4())

    with pytest.raises(InputError, match="not 'dropSecret'"):
        rotate("dropSecret", SECRET, token)
    with pytest.raises(InputError, match="there is no secret signal9/nothing/test"):
        rotate("createSecret", "signal9/nothing/test", token)


@pytest.mark.parametrize("text", ["{}", '{"key": "set-me"}', '{"key": 7}'])
def test_a_key_that_could_be_guessed_never_becomes_the_present_one(
    client: Any, rotate: RotateSigningKey, text: str
) -> None:
    token = str(uuid4())
    client.put_secret_value(
        SecretId=SECRET, ClientRequestToken=token, SecretString=text, VersionStages=["AWSPENDING"]
    )

    with pytest.raises(SettingsError, match="key must be a text of 32 characters or more"):
        rotate("testSecret", SECRET, token)


def test_what_the_previous_key_signed_stays_good_until_the_next_rotation(
    client: Any, rotate: RotateSigningKey
) -> None:
    def signer() -> CursorSigner:
        return CursorSigner(SecretSigningKeys(client, SECRET, SetClock()))

    cursor = signer().sign(QUERY, POSITION)
    _rotate(client, rotate)
    still = signer().read(QUERY, cursor)
    signed_anew = signer().sign(QUERY, POSITION)
    _rotate(client, rotate)

    assert still == POSITION
    assert signed_anew != cursor
    assert signer().read(QUERY, signed_anew) == POSITION
    with pytest.raises(InputError, match="cursor"):
        signer().read(QUERY, cursor)


def _rotate(client: Any, rotate: RotateSigningKey) -> None:
    token = str(uuid4())
    for step in STEPS:
        rotate(step, SECRET, token)


def test_a_process_that_outlives_a_rotation_learns_of_it(
    client: Any, rotate: RotateSigningKey
) -> None:
    clock = SetClock()
    old = CursorSigner(SecretSigningKeys(client, SECRET, clock))
    before = old.sign(QUERY, POSITION)
    _rotate(client, rotate)
    after = CursorSigner(SecretSigningKeys(client, SECRET, clock)).sign(QUERY, POSITION)

    with pytest.raises(InputError):
        old.read(QUERY, after)
    clock.move(minutes=2)

    assert old.read(QUERY, after) == POSITION
    assert old.read(QUERY, before) == POSITION
    assert old.sign(QUERY, POSITION) == after


def test_made_up_cursors_do_not_make_anybody_ask_for_keys(client: Any) -> None:
    asked: list[str] = []
    client.meta.events.register(
        "before-call.secretsmanager.GetSecretValue", lambda **_: asked.append("keys")
    )
    signer = CursorSigner(SecretSigningKeys(client, SECRET, SetClock()))

    for _ in range(5):
        with pytest.raises(InputError):
            signer.read(QUERY, "made.up")

    assert asked == ["keys"] * 2


def test_an_application_signs_with_the_key_of_its_secret(client: Any) -> None:
    settings = Settings.model_validate({"cursor_secret": SECRET, "store": "dynamodb"})

    with build(settings, clock=SetClock()) as app:
        cursor = app.cursors.sign(QUERY, POSITION)
        token = str(uuid4())
        for step in STEPS:
            app.rotate_signing_key(step, SECRET, token)

    assert CursorSigner(FIRST).read(QUERY, cursor) == POSITION
    assert _key(client, "AWSCURRENT") != FIRST


def test_a_secret_that_cannot_be_read_is_named(client: Any) -> None:
    client.put_secret_value(SecretId=SECRET, SecretString="no JSON")

    with pytest.raises(SettingsError, match=f"secret {SECRET} is no JSON object"):
        SecretSigningKeys(client, SECRET, SetClock()).known()
    with pytest.raises(SettingsError, match="secret signal9/nothing/test: key must be"):
        SecretSigningKeys(secrets_client(), "signal9/nothing/test", SetClock()).known()


def test_keys_that_are_known_go_on_while_secrets_manager_is_away(client: Any) -> None:
    clock = SetClock()
    keys = SecretSigningKeys(client, SECRET, clock)
    before = keys.known()
    client.delete_secret(SecretId=SECRET, ForceDeleteWithoutRecovery=True)

    clock.move(hours=2)

    assert keys.known() == before
