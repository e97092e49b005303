"""Keys of providers: put by the command, found by the function that asks a provider."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from signal9_deploy.names import bucket_name, table_prefix
from signal9_deploy.secrets import SECRETS, secret_name
from tests.core.quotas.spending import BUDGET, calls_of_processes
from tests.e2e.place import Place
from tests.emulator import CREDENTIALS
from tests.simulator import Simulator, running

KEYS = {"apiKey": "key-of-e2e", "secretKey": "secret-of-e2e"}


@pytest.fixture(autouse=True)
def _on_an_emulator_only(place: Place) -> None:
    if not place.emulated:
        pytest.skip("a real stage has its secrets already")


def _put_keys(place: Place) -> str:
    given = json.dumps({"alpaca": KEYS})
    return place.command("secrets", place.settings.stage, stdin=given)


def test_secrets_are_deployed_as_placeholders_and_set_by_the_command(place: Place) -> None:
    secrets = place.client("secretsmanager")
    alpaca = secret_name("alpaca", place.settings.stage)
    first = {
        spec.name: json.loads(
            secrets.get_secret_value(SecretId=secret_name(spec.name, place.settings.stage))[
                "SecretString"
            ]
        )
        for spec in SECRETS
    }

    told = _put_keys(place)

    assert first == {spec.name: dict.fromkeys(spec.fields, "set-me") for spec in SECRETS}
    assert told == f"{alpaca}: set\n"
    found = secrets.get_secret_value(SecretId=alpaca)["SecretString"]
    assert json.loads(found) == KEYS


@contextmanager
def _asking_alpaca(place: Place, address: str) -> Iterator[str]:
    """Let the function that ingests ask Alpaca, at this address, and yield its name."""
    functions = place.client("lambda")
    name = f"signal9-{place.settings.stage}-Ingest"
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    asking = {
        "SIGNAL9_PROVIDER": "alpaca",
        "SIGNAL9_ALPACA_URL": address,
        "SIGNAL9_ALPACA_DATA_URL": address,
    }
    try:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": {**before, **asking}}
        )
        yield name
    finally:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": before}
        )


def test_the_function_asks_with_the_keys_of_its_secret_and_keeps_what_it_is_answered(
    place: Place,
) -> None:
    _put_keys(place)
    simulator = Simulator(keys=frozenset(KEYS.values()))

    with running(simulator) as address, _asking_alpaca(place, address) as name:
        done = place.client("lambda").invoke(FunctionName=name, Payload=b"{}")

    assert "FunctionError" not in done, done["Payload"].read()
    assert simulator.seen["alpaca answered"] > 0
    assert simulator.seen["alpaca refused"] == 0
    bucket = bucket_name(place.settings, "cache", place.account)
    kept = place.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert any("alpaca" in each["Key"] for each in kept)
    rows = place.client("dynamodb").scan(TableName=f"{table_prefix(place.settings)}State")["Items"]
    used = {each["name"]["S"]: each.get("used") for each in rows}
    assert any(name.startswith("quota/alpaca/minute/") and used[name] for name in used)


def test_eight_processes_share_a_budget_in_the_table_of_the_stage(place: Place) -> None:
    address, table = place.variables["AWS_ENDPOINT_URL"], f"{table_prefix(place.settings)}State"

    assert calls_of_processes(address, table, **CREDENTIALS) == BUDGET
