"""Deployed again, changed, and destroyed: data stays where it must. Runs last."""

import httpx2
import pytest

from signal9_core.tables import TABLES
from tests.e2e.place import Place


@pytest.fixture(autouse=True)
def _on_an_emulator_only(place: Place) -> None:
    if not place.emulated:
        pytest.skip("a real stage is not changed by a test")


def test_deploying_again_changes_nothing(place: Place) -> None:
    before = place.changed_at()

    place.command("deploy", place.settings.stage)

    assert len(before) == 3
    assert place.changed_at() == before


def test_an_update_keeps_the_data(place: Place, api: httpx2.Client) -> None:
    before = api.get("/assets/AAPL/prices", params={"limit": 5}).json()["items"]

    place.command("deploy", place.settings.stage, SIGNAL9_DEPLOY__LOG_RETENTION_DAYS="14")

    groups = place.client("logs").describe_log_groups()["logGroups"]
    ours = [each for each in groups if "signal9" in each["logGroupName"].lower()]
    assert {each["retentionInDays"] for each in ours if "retentionInDays" in each} == {14}
    assert api.get("/assets/AAPL/prices", params={"limit": 5}).json()["items"] == before


def test_an_update_that_breaks_the_stage_is_rolled_back_and_said(place: Place) -> None:
    nobody = {"SIGNAL9_DEPLOY__ISSUER": "http://127.0.0.1:9"}

    done = place.attempt("deploy", place.settings.stage, **nobody)

    assert done.returncode == 1
    assert "the smoke test failed: authorization: " in done.stderr
    assert "rolled back: Service; not rolled back: state, network, page" in done.stderr
    assert "all checks pass again" in done.stderr
    with place.api(place.token()) as api:
        assert api.get("/assets", params={"limit": 1}).status_code == 200


def test_functions_with_versions_are_called_by_their_aliases(place: Place) -> None:
    gradual = {"SIGNAL9_DEPLOY__GRADUAL": "true"}

    said = place.command("deploy", place.settings.stage, **gradual)

    assert "ok  pipeline: a worker received a probe" in said
    name = f"signal9-{place.settings.stage}-Work"
    functions = place.client("lambda")
    live = functions.get_alias(FunctionName=name, Name="live")
    (mapping,) = functions.list_event_source_mappings(FunctionName=f"{name}:live")[
        "EventSourceMappings"
    ]
    assert live["FunctionVersion"] != "$LATEST"
    assert mapping["FunctionArn"].endswith(f"{name}:live")


def test_destroying_a_stage_that_retains_keeps_its_tables_and_what_is_in_them(
    place: Place,
) -> None:
    stage = place.settings.stage
    place.command("deploy", stage, SIGNAL9_DEPLOY__RETAIN="true")

    place.command("destroy", stage, SIGNAL9_DEPLOY__RETAIN="true")

    assert place.changed_at() == {}
    tables = place.client("dynamodb")
    assert set(tables.list_tables()["TableNames"]) == {
        f"signal9-{stage}-{table.name}" for table in TABLES
    }
    kept = tables.get_item(TableName=f"signal9-{stage}-Assets", Key={"ticker": {"S": "AAPL"}})
    assert kept["Item"]["ticker"] == {"S": "AAPL"}
    functions = place.client("lambda").list_functions()["Functions"]
    assert [each for each in functions if "signal9-" in each["FunctionName"]] == []
