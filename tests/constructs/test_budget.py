"""CostBudget: who is told of which costs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from signal9_constructs import ConstructError, CostBudget
from tests.constructs.lab import Made, only, properties, synthesise, text

BUDGET = "AWS::Budgets::Budget"
SUBSCRIPTION = "AWS::CE::AnomalySubscription"
MONITOR_ARN = "arn:aws:ce::123456789012:anomalymonitor/1"


def _plain(stack: Stack) -> None:
    CostBudget(stack, "Costs", monthly_usd=100, emails=["ops@shop.example"])


def _full(stack: Stack) -> None:
    CostBudget(
        stack,
        "Costs",
        monthly_usd=250.5,
        tag=("Stage", "prod"),
        emails=["a@shop.example", "b@shop.example"],
        topic=sns.Topic(stack, "Topic", master_key=kms.Key(stack, "Key")),
        actual_percent=50,
        forecast_percent=120,
        anomaly_usd=20,
        budget_name="shop",
    )


def _watched(stack: Stack) -> None:
    CostBudget(
        stack,
        "Costs",
        monthly_usd=1,
        emails=["a@shop.example"],
        anomaly_usd=5,
        anomaly_monitor_arn=MONITOR_ARN,
    )


def _services(stack: Stack) -> None:
    CostBudget(stack, "Costs", monthly_usd=1, emails=["a@shop.example"], anomaly_usd=5)


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=_plain, full=_full, watched=_watched, services=_services)


def _notifications(budget: Mapping[str, Any]) -> dict[str, tuple[float, list[str]]]:
    return {
        each["Notification"]["NotificationType"]: (
            each["Notification"]["Threshold"],
            [subscriber["SubscriptionType"] for subscriber in each["Subscribers"]],
        )
        for each in budget["NotificationsWithSubscribers"]
    }


def test_a_budget_tells_what_is_spent_and_what_is_forecast(made: Made) -> None:
    plain, full = only(made["plain"], BUDGET), only(made["full"], BUDGET)

    assert _notifications(plain) == {"ACTUAL": (80, ["EMAIL"]), "FORECASTED": (100, ["EMAIL"])}
    everybody = ["EMAIL", "EMAIL", "SNS"]
    assert _notifications(full) == {"ACTUAL": (50, everybody), "FORECASTED": (120, everybody)}


def test_a_budget_counts_the_resources_of_a_tag_or_all(made: Made) -> None:
    plain: Any = only(made["plain"], BUDGET)["Budget"]
    full: Any = only(made["full"], BUDGET)["Budget"]

    assert "CostFilters" not in plain
    assert full["CostFilters"] == {"TagKeyValue": ["user:Stage$prod"]}
    assert full["BudgetLimit"] == {"Amount": 250.5, "Unit": "USD"}
    assert (full["TimeUnit"], full["BudgetType"], full["BudgetName"]) == ("MONTHLY", "COST", "shop")


def test_unusual_costs_are_mailed_daily_and_published_at_once(made: Made) -> None:
    found = {each["Frequency"]: each for each in properties(made["full"], SUBSCRIPTION)}
    threshold = json.loads(str(found["DAILY"]["ThresholdExpression"]))

    assert found.keys() == {"DAILY", "IMMEDIATE"}
    assert threshold["Dimensions"]["Values"] == ["20"]
    assert "SNS" not in str(found["DAILY"])
    assert "EMAIL" not in str(found["IMMEDIATE"])
    made["plain"].resource_count_is(SUBSCRIPTION, 0)


def test_costs_are_monitored_by_the_tag_or_by_service_or_by_a_monitor_that_exists(
    made: Made,
) -> None:
    by_tag = only(made["full"], "AWS::CE::AnomalyMonitor")
    by_service = only(made["services"], "AWS::CE::AnomalyMonitor")
    watched = only(made["watched"], SUBSCRIPTION)

    specification = json.loads(str(by_tag["MonitorSpecification"]))
    assert specification == {"Tags": {"Key": "Stage", "Values": ["prod"]}}
    assert by_service["MonitorDimension"] == "SERVICE"
    assert watched["MonitorArnList"] == [MONITOR_ARN]
    made["watched"].resource_count_is("AWS::CE::AnomalyMonitor", 0)


def test_the_services_of_costs_may_publish_to_an_encrypted_topic_of_the_account(
    made: Made,
) -> None:
    policies = str(properties(made["full"], "AWS::SNS::TopicPolicy"))
    key = str(only(made["full"], "AWS::KMS::Key")["KeyPolicy"])

    for service in ("budgets.amazonaws.com", "costalerts.amazonaws.com"):
        assert service in policies
        assert service in key
    assert "aws:SourceAccount" in policies
    assert "SNS" not in text(made["plain"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"monthly_usd": 0, "emails": ["a@shop.example"]}, "monthly_usd 0: must be more than 0"),
        ({"monthly_usd": 1}, "pass emails or a topic"),
        ({"monthly_usd": 1, "emails": ["a@shop.example"] * 11}, "11 emails: a budget mails to 10"),
    ],
)
def test_a_budget_that_tells_nobody_is_refused(options: Mapping[str, object], message: str) -> None:
    with pytest.raises(ConstructError, match=message):
        CostBudget(Stack(), "Costs", **options)  # type: ignore[arg-type]
