"""Alarms of prod: they can fire, they notify once, and each says what to do."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from signal9_core.domain.companies import DataSet, DataSetFreshness, FreshnessSummary
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.tables import TABLES
from signal9_deploy.commands.cost import load_prices
from signal9_deploy.functions import FUNCTIONS
from signal9_deploy.stacks.alarms import DATA_SETS
from signal9_deploy.stacks.dashboard import PRICES
from signal9_handlers import failures, metrics
from tests.architecture.project import ROOT
from tests.deploy.lab import Resource, everything, listed, parts, properties, resources, template

ALARM: Final = "AWS::CloudWatch::Alarm"
COMPOSITE: Final = "AWS::CloudWatch::CompositeAlarm"
RUNBOOKS: Final = ROOT / "docs" / "runbooks.md"
LONGEST_RULE: Final = 10_240
LONGEST_NAME: Final = 100

Metric = tuple[str, str, tuple[tuple[str, str], ...]]


def _alarms(part: str) -> dict[str, Resource]:
    return resources(template("prod", part), ALARM)


def _composites(part: str) -> dict[str, Resource]:
    return resources(template("prod", part), COMPOSITE)


def _rule(composite: Resource) -> list[str]:
    """Return the logical ids of the alarms that a composite alarm refers to."""
    return re.findall(r"'Ref': '(\w+)'", str(composite["Properties"]["AlarmRule"]))


def test_every_alarm_notifies_by_itself_or_by_one_incident() -> None:
    for part in parts("prod"):
        counts = Counter(id_ for each in _composites(part).values() for id_ in _rule(each))
        silent = {
            id_ for id_, each in _alarms(part).items() if not each["Properties"]["ActionsEnabled"]
        }

        assert set(counts) == silent
        assert set(counts.values()) <= {1}


def test_only_what_may_last_notifies_beside_the_incidents() -> None:
    speaking = [
        str(each["MetricName"]) for each in everything("prod", ALARM) if each["ActionsEnabled"]
    ]

    assert set(speaking) == {"4XXError", "SecretAge"}


def test_incidents_notify_when_they_begin_and_end() -> None:
    incidents = everything("prod", COMPOSITE)

    assert len(incidents) == 10
    assert all(each["AlarmActions"] and each["OKActions"] for each in incidents)


def test_an_incident_is_silent_while_its_cause_notifies() -> None:
    causes = {
        _name(id_): _cause(each["Properties"]["ActionsSuppressor"])
        for id_, each in _composites("Service").items()
        if "ActionsSuppressor" in each["Properties"]
    }

    assert causes == {
        "Api": "Tables",
        "Canary": "Api",
        "DeadLetters": "Pipeline",
        "Freshness": "Pipeline",
        "Pipeline": "Tables",
    }


def _cause(reference: Resource) -> str:
    if "Fn::GetAtt" in reference:
        return _name(str(reference["Fn::GetAtt"][0]))
    return "Tables" if "WatchIncidentsTables" in str(reference) else str(reference)


def _name(id_: str) -> str:
    return re.sub(r"^.*Incidents|[0-9A-F]{16}$|[0-9A-F]{8}$", "", id_)


def test_the_site_is_silent_while_the_api_is_the_cause() -> None:
    (site,) = _composites("Edge").values()

    assert "Api" in str(site["Properties"]["ActionsSuppressor"])


def test_the_rules_of_incidents_are_short_enough() -> None:
    for part in parts("prod"):
        for incident in _composites(part).values():
            names = _rule(incident)
            assert len(names) <= 100
            assert len(names) * (LONGEST_NAME + len('ALARM("") OR ')) <= LONGEST_RULE


def test_alarms_watch_dead_letters_that_can_come() -> None:
    watched = {
        str(each["Dimensions"][0]["Value"]["Fn::GetAtt"][0])
        for each in properties(template("prod", "Service"), ALARM)
        if each.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    asynchronous = [
        spec.name for spec in FUNCTIONS if spec.plans or spec.every_minutes or spec.checks
    ]
    queued = [f"{spec.name}Queue" for spec in FUNCTIONS if spec.queue or spec.works]

    assert asynchronous == ["Plan", "Outbox", "Delivery", "Canary"]
    assert {re.sub("DeadLetters.*", "", id_) for id_ in watched} == {
        "Failures",
        *queued,
        *(f"Functions{name}" for name in asynchronous),
    }


def test_messages_that_wait_too_long_are_an_alarm_in_every_queue_that_is_processed() -> None:
    service = template("prod", "Service")
    polled = {
        each["EventSourceArn"]["Fn::GetAtt"][0]
        for each in properties(service, "AWS::Lambda::EventSourceMapping")
    }

    watched = {
        each["Dimensions"][0]["Value"]["Fn::GetAtt"][0]
        for each in properties(service, ALARM)
        if each.get("MetricName") == "ApproximateAgeOfOldestMessage"
    }

    assert watched == polled


def test_throttled_tables_and_indexes_are_alarms() -> None:
    watched = Counter(
        tuple(sorted(_index(each)))
        for each in properties(template("prod", "Data"), ALARM)
        if each.get("MetricName") in ("ReadThrottleEvents", "WriteThrottleEvents")
    )
    indexes = {index.name for table in TABLES for index in table.indexes}

    assert watched[()] == 2 * len(TABLES)
    assert {name for names in watched for name in names} == indexes


def _index(alarm: Resource) -> list[str]:
    return [
        each["Value"] for each in alarm["Dimensions"] if each["Name"] == "GlobalSecondaryIndexName"
    ]


def test_events_that_a_rule_cannot_deliver_are_an_alarm() -> None:
    service = template("prod", "Service")
    alarms = [each for each in properties(service, ALARM) if each.get("Namespace") == "AWS/Events"]

    for metric in ("FailedInvocations", "InvocationsFailedToBeSentToDlq"):
        watched = {
            dimension["Value"]["Ref"]
            for each in alarms
            if each["MetricName"] == metric
            for dimension in each["Dimensions"]
            if dimension["Name"] == "RuleName"
        }
        assert watched == set(resources(service, "AWS::Events::Rule"))


def test_a_refused_token_is_no_error_of_the_authorizer() -> None:
    service = template("prod", "Service")
    (function,) = (
        id_ for id_ in resources(service, "AWS::Lambda::Function") if "Authorizer" in id_
    )
    watched = {
        each["MetricName"]
        for each in properties(service, ALARM)
        if function in str(each.get("Dimensions"))
    }

    assert watched == {"Throttles", "Duration"}
    assert "AuthorizerErrors" in {each.get("MetricName") for each in properties(service, ALARM)}


def test_an_overdue_data_set_without_success_in_26_hours_is_an_alarm() -> None:
    silent = [
        each
        for each in properties(template("prod", "Service"), ALARM)
        if "SucceededIngests" in str(each.get("Metrics"))
    ]

    assert len(silent) == len(DataSet)
    for alarm in silent:
        assert (alarm["EvaluationPeriods"], alarm["TreatMissingData"]) == (26, "breaching")
        assert {each["MetricStat"]["Period"] for each in alarm["Metrics"][1:]} == {3600}


def test_a_planner_that_does_not_run_is_an_alarm() -> None:
    (alarm,) = (
        each
        for each in properties(template("prod", "Service"), ALARM)
        if each.get("MetricName") == "Problems"
    )

    assert alarm["TreatMissingData"] == "breaching"


def test_providers_are_watched_for_what_they_are_asked_for() -> None:
    providers: dict[str, type[AlpacaClient | AlphaVantageClient]] = {
        "alpaca": AlpacaClient,
        "alphavantage": AlphaVantageClient,
    }

    for name, provider in providers.items():
        assert set(DATA_SETS[name]) == {each for each in DataSet if each in provider.calls}


@pytest.mark.parametrize("part", ["Data", "Service", "Edge"])
def test_every_alarm_says_what_to_do(part: str) -> None:
    entries = set(re.findall(r'<a id="([-a-z]+)"></a>', RUNBOOKS.read_text("utf-8")))

    for alarm in (*_alarms(part).values(), *_composites(part).values()):
        description = alarm["Properties"]["AlarmDescription"]
        page, _, entry = description.rpartition("Runbook: ")[2].partition("#")
        assert page == "docs/runbooks.md", description
        assert entry in entries, description


def test_every_entry_of_the_runbooks_belongs_to_an_alarm() -> None:
    text = RUNBOOKS.read_text("utf-8")
    linked = {
        str(each["AlarmDescription"]).rpartition("#")[2]
        for each in (*everything("prod", ALARM), *everything("prod", COMPOSITE))
    }

    assert set(re.findall(r'<a id="([-a-z]+)"></a>', text)) == linked


@pytest.fixture
def published(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> set[Metric]:
    """The metrics that the handlers of prod write."""
    now = datetime(2026, 11, 25, tzinfo=UTC)
    state = DataSetFreshness(fresh=1, late=1, late_since=now - timedelta(hours=30))
    summary = FreshnessSummary(at=now, companies=2, data_sets=dict.fromkeys(DataSet, state))
    quota = SimpleNamespace(status=lambda: SimpleNamespace(left=7))
    app = cast(
        "Any",
        SimpleNamespace(
            settings=SimpleNamespace(stage="prod"),
            clock=lambda: now,
            freshness=summary,
            problems=list,
            quotas={"alphavantage": quota},
        ),
    )
    monkeypatch.setenv("SIGNAL9_STAGE", "prod")
    metrics.put_freshness(app)
    metrics.put_ingests(app, {DataSet.NEWS: 1}, [DataSet.PRICES])
    metrics.put_quotas(app)
    metrics.put_authorizer_error("prod")
    metrics.put_checks(cast("Any", SimpleNamespace(failed=(), stage="prod")))
    body = json.dumps(
        {
            "detail-type": "Ingestion Failed",
            "detail": {"dataSet": "news", "ticker": "AAPL", "reason": "x"},
        }
    )
    record = {"messageId": "m", "body": body, "messageAttributes": {}, "eventSource": "aws:sqs"}
    failures.handler({"Records": [record]}, cast("Any", SimpleNamespace(**_CONTEXT)))
    lines = [line for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    return {metric for line in lines for metric in _written(json.loads(line))}


_CONTEXT: Final = {
    "function_name": "f",
    "memory_limit_in_mb": 1,
    "invoked_function_arn": "arn",
    "aws_request_id": "1",
}


def _written(line: dict[str, Any]) -> Iterator[Metric]:
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = tuple(sorted((name, line[name]) for name in names))
            for metric in directive["Metrics"]:
                yield directive["Namespace"], metric["Name"], dimensions


def test_alarms_and_dashboard_use_the_metrics_that_the_handlers_write(
    published: set[Metric],
) -> None:
    alarms = set(_alarmed())
    shown = set(_shown())

    assert alarms <= published
    assert shown <= published
    assert published == alarms | shown


def _alarmed() -> Iterator[Metric]:
    for alarm in properties(template("prod", "Service"), ALARM):
        inner = (each["MetricStat"]["Metric"] for each in alarm.get("Metrics", ())[1:])
        for metric in (*inner, alarm):
            if metric.get("Namespace") == "Signal9":
                dimensions = ((each["Name"], each["Value"]) for each in metric["Dimensions"])
                yield "Signal9", metric["MetricName"], tuple(sorted(dimensions))


def _body() -> dict[str, Any]:
    (dashboard,) = properties(template("prod", "Service"), "AWS::CloudWatch::Dashboard")
    pieces = listed(dashboard["DashboardBody"]["Fn::Join"][1])
    text = "".join(piece if isinstance(piece, str) else "TOKEN" for piece in pieces)
    return cast("dict[str, Any]", json.loads(text))


def _shown() -> Iterator[Metric]:
    for widget in _body()["widgets"]:
        for metric in widget["properties"].get("metrics", ()):
            if metric[0] == "Signal9":
                names = [each for each in metric[2:] if isinstance(each, str)]
                yield "Signal9", metric[1], tuple(sorted(zip(names[::2], names[1::2], strict=True)))


def test_the_dashboard_begins_with_what_a_person_on_call_looks_at() -> None:
    rows: dict[int, list[str]] = {}
    for widget in _body()["widgets"]:
        rows.setdefault(widget["y"], []).append(widget["properties"]["title"])
    first = [rows[y][0] for y in sorted(rows)]

    assert first[:5] == [
        "Incidents",
        "Freshness: companies that are late or failing",
        "Failures",
        "Api: requests",
        "Quota: requests left",
    ]
    assert len(rows) <= 9


def test_widgets_fit_side_by_side_and_are_not_empty() -> None:
    widths: Counter[int] = Counter()
    for widget in _body()["widgets"]:
        widths[widget["y"]] += widget["width"]
        assert widget["properties"].get("metrics") or widget["properties"].get("alarms")

    assert max(widths.values()) <= 24


def test_the_costs_on_the_dashboard_are_those_of_the_price_list() -> None:
    prices: Mapping[str, float] = {
        f"{usage.resource} {usage.unit}": float(usage.price)
        for usage in (*load_prices().per_million, *load_prices().per_10k_tickers)
    }
    of_list = {
        "AWS::ApiGateway::RestApi": _price(prices, "RestApi million requests") / 1e6,
        "AWS::DynamoDB::GlobalTable reads": _price(prices, "million read units") / 1e6,
        "AWS::DynamoDB::GlobalTable writes": _price(prices, "million write units") / 1e6,
        "AWS::Lambda::Function GB-seconds": _price(prices, "GB-second"),
    }

    assert pytest.approx(of_list) == PRICES


def _price(prices: Mapping[str, float], words: str) -> float:
    (price,) = {price for unit, price in prices.items() if words in unit}
    return price
