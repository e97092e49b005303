"""Alarms, dashboard and logs, as CloudWatch has them."""

from typing import Any

import pytest

from signal9_deploy.functions import FUNCTIONS
from signal9_deploy.names import access_log_name
from tests.e2e.place import Place


def _alarms(place: Place) -> list[dict[str, Any]]:
    pages = place.client("cloudwatch").get_paginator("describe_alarms").paginate()
    found = [each for page in pages for each in page["MetricAlarms"]]
    return [each for each in found if each["AlarmName"].startswith(place.settings.title)]


def test_the_api_is_watched_for_errors_of_both_kinds_and_slow_answers(place: Place) -> None:
    watched = {each["MetricName"]: each for each in _alarms(place) if "MetricName" in each}

    assert {"4XXError", "5XXError", "Latency"} <= set(watched)
    client_errors = watched["4XXError"]
    assert (client_errors["Threshold"], client_errors["EvaluationPeriods"]) == (10.0, 2)


def test_every_function_is_watched(place: Place) -> None:
    if not place.settings.parts.alarms:
        return
    watched = {
        (dimension["Value"], each["MetricName"])
        for each in _alarms(place)
        for dimension in each.get("Dimensions", ())
        if dimension["Name"] == "FunctionName"
    }

    for spec in FUNCTIONS:
        name = f"signal9-{place.settings.stage}-{spec.name}"
        assert {(name, metric) for metric in ("Errors", "Throttles", "Duration")} <= watched


def test_every_alarm_tells_the_topic(place: Place) -> None:
    assert _alarms(place)
    assert all(each["AlarmActions"] and each["OKActions"] for each in _alarms(place))


def test_one_dashboard_shows_the_api_and_the_pipeline(place: Place) -> None:
    if not place.settings.parts.dashboard:
        pytest.skip("this stage goes without")
    shown = place.client("cloudwatch").get_dashboard(DashboardName=place.settings.title)

    assert "Api: requests" in shown["DashboardBody"]
    assert "Pipeline: waiting" in shown["DashboardBody"]


def test_the_access_log_forgets_in_time(place: Place) -> None:
    name = access_log_name(place.settings)

    (group,) = place.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]

    assert group["retentionInDays"] == place.settings.log_retention_days
