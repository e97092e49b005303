"""Keys of providers: put by the command, found by the function that asks a provider."""

import json
from datetime import UTC, datetime

import pytest

from signal9_core.domain.companies import DataSet
from signal9_core.domain.work import WorkItem
from signal9_core.providers.simulator.simulator import Simulator, running
from signal9_core.tables import STATE
from signal9_deploy.names import SECRETS, bucket_name, secret_name, table_prefix
from tests.core.spending import BUDGET, calls_of_processes
from tests.e2e.place import Place
from tests.emulator import CREDENTIALS
from tests.handlers.test_jobs import sqs_event

KEYS = {"apiKey": "key-of-e2e", "secretKey": "secret-of-e2e"}


@pytest.fixture(autouse=True)
def _on_an_emulator_only(place: Place) -> None:
    if not place.emulated:
        pytest.skip("a real stage has its secrets already")


def _put_keys(place: Place) -> str:
    given = json.dumps({"alpaca": KEYS, "alphavantage": {"apiKey": KEYS["apiKey"]}})
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
    assert f"{alpaca}: set\n" in told
    found = secrets.get_secret_value(SecretId=alpaca)["SecretString"]
    assert json.loads(found) == KEYS


def _asked(provider: str, address: str) -> dict[str, str]:
    """Return the variables that lead the function that ingests to a provider's simulator."""
    places = {
        "alpaca": {"SIGNAL9_ALPACA_URL": address, "SIGNAL9_ALPACA_DATA_URL": address},
        "alphavantage": {"SIGNAL9_ALPHAVANTAGE_URL": address},
    }
    return {"SIGNAL9_PROVIDER": provider, **places[provider]}


def _cached(place: Place, provider: str) -> set[str]:
    bucket = bucket_name(place.settings, "cache", place.account)
    found = place.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return {each["Key"] for each in found if provider in each["Key"]}


def _booked(place: Place, provider: str) -> int:
    """Return how many calls of a provider's budget are taken, as the State table has it."""
    table = f"{table_prefix(place.settings)}{STATE.name}"
    found = place.client("dynamodb").scan(TableName=table)["Items"]
    return sum(
        int(each["used"]["N"])
        for each in found
        if each["name"]["S"] == f"quota/{provider}" and "used" in each
    )


def _work_of(provider: str) -> str:
    """Return a work item; what it brings is of no company that other tests look at."""
    item = WorkItem(
        provider=provider,
        planned_at=datetime.now(UTC),
        due_since=None,
        calls=2,
        tickers=("FB",),
        data_sets=(DataSet.PRICES, DataSet.NEWS),
    )
    return item.model_dump_json()


@pytest.mark.parametrize("provider", ["alpaca", "alphavantage"])
def test_the_function_asks_with_the_keys_of_its_secret_within_its_budget_and_keeps_the_answers(
    place: Place, provider: str
) -> None:
    _put_keys(place)
    simulator = Simulator(keys=frozenset(KEYS.values()))
    kept, booked = _cached(place, provider), _booked(place, provider)

    with (
        running(simulator) as address,
        place.configured("Work", **_asked(provider, address)),
    ):
        place.invoke("Work", sqs_event(_work_of(provider)))

    assert simulator.seen[f"{provider} answered"] > 0
    assert simulator.seen[f"{provider} refused"] == 0
    assert _cached(place, provider) > kept
    assert _booked(place, provider) - booked >= simulator.seen[f"{provider} answered"]


def test_eight_processes_share_a_budget_in_the_table_of_the_stage(place: Place) -> None:
    address = place.variables["AWS_ENDPOINT_URL"]
    table = f"{table_prefix(place.settings)}{STATE.name}"

    assert calls_of_processes(address, table, environment=CREDENTIALS) == BUDGET
