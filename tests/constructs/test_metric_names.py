"""What a program writes in CloudWatch's embedded format is the metric that alarms look at."""

import json
from collections.abc import Mapping

import pytest
from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from signal9_constructs import Observability
from signal9_handlers import failures


@pytest.fixture
def written() -> Mapping[str, object]:
    """What the function that reports failures would write for one of them."""
    failures.metrics.add_metric(name=failures.FAILED_EVENTS, unit="Count", value=1)
    record: dict[str, object] = json.loads(json.dumps(failures.metrics.serialize_metric_set()))
    failures.metrics.clear_metrics()
    return record


def _watched() -> cloudwatch.Metric:
    seen = Observability(Stack(), "Seen", namespace="Signal9")
    return seen.metric(failures.FAILED_EVENTS, dimensions={"service": "signal9"})


def test_an_alarm_looks_where_a_handler_writes(written: Mapping[str, object]) -> None:
    metric = _watched()

    (directive,) = written["_aws"]["CloudWatchMetrics"]  # type: ignore[index]
    assert directive["Namespace"] == metric.namespace
    assert [each["Name"] for each in directive["Metrics"]] == [metric.metric_name]
    assert directive["Dimensions"] == [list(metric.dimensions or {})]
    assert {name: written[name] for name in metric.dimensions or {}} == metric.dimensions
