"""Gradual deployments: what calls a function calls its alias, and the canary watches."""

from collections.abc import Iterator

import pytest

from signal9_deploy.functions import AUTHORIZER, FUNCTIONS
from signal9_deploy.settings import Canary, StageSettings
from tests.deploy.lab import (
    Resource,
    everything,
    parts,
    properties,
    resources,
    settings_of,
    template,
)

NO_CALLERS = {
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Version",
}
"""What names a function without calling it."""


def _references(value: object) -> Iterator[str]:
    """Yield the logical ids that a template's value refers to."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in {"Ref", "Fn::GetAtt"}:
                yield inner if isinstance(inner, str) else inner[0]
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _functions() -> set[str]:
    found = resources(template("prod", "Service"), "AWS::Lambda::Function")
    return {
        logical_id
        for logical_id, each in found.items()
        if str(each["Properties"].get("FunctionName", "")).startswith("signal9-prod-")
    }


def test_prod_calls_no_function_but_through_its_alias() -> None:
    functions = _functions()
    service: dict[str, Resource] = template("prod", "Service").to_json()["Resources"]

    callers = {
        logical_id: functions.intersection(_references(each["Properties"]))
        for logical_id, each in service.items()
        if each["Type"] not in NO_CALLERS and not logical_id.startswith("GradualRole")
    }

    assert len(functions) == len(FUNCTIONS)
    assert {name: found for name, found in callers.items() if found} == {}


def test_every_trigger_of_prod_names_an_alias() -> None:
    service = template("prod", "Service")
    aliases = set(resources(service, "AWS::Lambda::Alias"))
    triggers = [
        *(each["FunctionName"] for each in properties(service, "AWS::Lambda::EventSourceMapping")),
        *(each["FunctionName"] for each in properties(service, "AWS::Lambda::Permission")),
        *(each["Target"]["Arn"] for each in properties(service, "AWS::Scheduler::Schedule")),
        *(each["AuthorizerUri"] for each in properties(service, "AWS::ApiGateway::Authorizer")),
        *(
            each["RotationLambdaARN"]
            for each in properties(service, "AWS::SecretsManager::RotationSchedule")
        ),
        *(
            each["Integration"]["Uri"]
            for each in properties(service, "AWS::ApiGateway::Method")
            if each["HttpMethod"] != "OPTIONS"
        ),
    ]

    assert len(triggers) > 3 * len(FUNCTIONS)
    assert all(aliases.intersection(_references(each)) for each in triggers)
    assert not any(
        _functions().intersection(_references(each))
        for part in parts("prod")
        if part != "Service"
        for each in [template("prod", part).to_json()]
    )


def test_codedeploy_shifts_every_alias_of_prod_and_none_of_dev() -> None:
    groups = everything("prod", "AWS::CodeDeploy::DeploymentGroup")

    assert len(groups) == len(FUNCTIONS)
    assert all(each["AlarmConfiguration"]["Enabled"] for each in groups)
    for name in ("dev", "local"):
        assert not everything(name, "AWS::CodeDeploy::DeploymentGroup")
        assert not everything(name, "AWS::Lambda::Alias")


def test_only_functions_that_callers_wait_for_start_from_snapshots() -> None:
    snapped = {
        each["FunctionName"]
        for each in everything("prod", "AWS::Lambda::Function")
        if each.get("SnapStart")
    }

    waited = [spec.name for spec in FUNCTIONS if spec.endpoints or spec is AUTHORIZER]
    assert snapped == {f"signal9-prod-{name}" for name in waited}


def test_the_canary_checks_prod_as_its_users_reach_it() -> None:
    (schedule,) = (
        each
        for each in everything("prod", "AWS::Scheduler::Schedule")
        if "https://api.signal9.com/api/v1" in str(each["Target"].get("Input"))
    )

    assert schedule["ScheduleExpression"] == "rate(10 minutes)"
    assert "https://app.signal9.com/" in schedule["Target"]["Input"]
    assert '"hasIssuer":true' in schedule["Target"]["Input"]


def test_what_the_canary_finds_and_its_silence_are_alarms_of_the_stage() -> None:
    failing, silent = (
        each
        for each in everything("prod", "AWS::CloudWatch::Alarm")
        if each.get("MetricName") == "FailedChecks"
    )

    for alarm in (failing, silent):
        assert {"Name": "stage", "Value": "prod"} in alarm["Dimensions"]
        assert (alarm["Period"], alarm["Namespace"]) == (600, "Signal9")
        assert alarm["AlarmActions"]
    assert (failing["Statistic"], failing["EvaluationPeriods"]) == ("Minimum", 2)
    assert (silent["Statistic"], silent["TreatMissingData"]) == ("SampleCount", "breaching")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"domain": None, "site_hosts": (), "zone_id": None}, "requires a domain"),
        (
            {"network": {"nat_gateways": 0}},
            "requires a NAT gateway",
        ),
    ],
)
def test_a_canary_that_cannot_reach_the_api_is_refused(
    changes: dict[str, object], problem: str
) -> None:
    prod = settings_of("prod").model_dump() | {"canary": Canary(minutes=5)} | changes

    with pytest.raises(ValueError, match=f"canary.minutes: {problem}"):
        StageSettings(**prod)
