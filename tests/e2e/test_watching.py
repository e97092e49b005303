"""Alarms, dashboard and logs, as CloudWatch has them."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, cast

import pytest

from signal9_deploy.functions import FUNCTIONS
from signal9_deploy.names import access_log_name
from tests.e2e.place import Place, eventually


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
        # Lambda counts refused tokens as errors of the authorizer.
        metrics = {"Throttles", "Duration"} | (set() if spec.authorizes else {"Errors"})
        assert {(name, metric) for metric in metrics} <= watched


def test_every_alarm_tells_a_topic_that_exists(place: Place) -> None:
    pages = place.client("sns").get_paginator("list_topics").paginate()
    topics = {each["TopicArn"] for page in pages for each in page["Topics"]}

    assert _alarms(place)
    for alarm in _alarms(place):
        told = {*alarm["AlarmActions"], *alarm["OKActions"]}
        assert told
        assert told <= topics


def test_an_alarm_reaches_the_topics_subscribers_when_it_begins_and_ends(place: Place) -> None:
    if not place.emulated:
        pytest.skip("nobody is woken for a test")
    cloudwatch, sns, sqs = (place.client(name) for name in ("cloudwatch", "sns", "sqs"))
    alarm = next(each for each in _alarms(place) if each.get("MetricName") == "5XXError")
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    (topic,) = alarm["AlarmActions"]
    subscription = sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=attributes["Attributes"]["QueueArn"]
    )
    try:
        for state in ("ALARM", "OK"):
            cloudwatch.set_alarm_state(
                AlarmName=alarm["AlarmName"], StateValue=state, StateReason="test"
            )
            message = eventually(partial(_message, sqs, queue), within_s=20)
            assert (message["AlarmName"], message["NewStateValue"]) == (alarm["AlarmName"], state)
            assert "Runbook: docs/runbooks.md#server-errors" in message["AlarmDescription"]
    finally:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)


def _message(sqs: Any, queue: str) -> dict[str, Any] | None:
    for record in sqs.receive_message(QueueUrl=queue).get("Messages", ()):
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=record["ReceiptHandle"])
        return cast("dict[str, Any]", json.loads(json.loads(record["Body"])["Message"]))
    return None


def test_alarms_on_functions_watch_metrics_that_exist_after_traffic(place: Place) -> None:
    place.invoke("Outbox", {})
    name = f"signal9-{place.settings.stage}-Outbox"
    dimensions = [{"Name": "FunctionName", "Value": name}]
    watched = {
        each["MetricName"] for each in _alarms(place) if each.get("Dimensions") == dimensions
    }

    def written() -> set[str]:
        listed = place.client("cloudwatch").list_metrics(
            Namespace="AWS/Lambda", Dimensions=dimensions
        )
        return {each["MetricName"] for each in listed["Metrics"]}

    assert eventually(lambda: watched <= written(), within_s=20 if place.emulated else 900)


def test_alarms_on_the_plan_watch_metrics_that_it_writes(place: Place) -> None:
    """An emulator does not read metrics out of logs, so their lines are compared."""
    watched = {
        (each["MetricName"], _sorted((one["Name"], one["Value"]) for one in each["Dimensions"]))
        for each in _alarms(place)
        if each.get("Namespace") == "Signal9" and each["MetricName"] == "Problems"
    }
    place.invoke("Plan", {})

    assert watched
    assert eventually(lambda: watched <= set(_embedded(place, "Plan")), within_s=60)


def _embedded(place: Place, function: str) -> Iterator[tuple[str, tuple[tuple[str, str], ...]]]:
    for line in place.logged(function):
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    yield metric["Name"], _sorted((name, line[name]) for name in names)


def _sorted(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(pairs))


def test_one_dashboard_shows_the_api_and_the_pipeline(place: Place) -> None:
    if not place.settings.parts.dashboard:
        pytest.skip("this stage goes without")
    shown = place.client("cloudwatch").get_dashboard(DashboardName=place.settings.title)

    for title in ("Failures", "Dead letters", "Api: requests", "Pipeline: waiting"):
        assert title in shown["DashboardBody"]


def test_the_access_log_forgets_in_time(place: Place) -> None:
    name = access_log_name(place.settings)

    (group,) = place.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]

    assert group["retentionInDays"] == place.settings.log_retention_days
