"""A monthly budget with alarms, and detection of unusual costs."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

from aws_cdk import Names, Stack, aws_iam, aws_sns
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_ce as ce
from constructs import Construct

from .arguments import Wrapper, checked, unwrap
from .errors import ConstructError
from .feature_flags import prepare
from .policies import allow_in_policy

__all__ = ["CostBudget"]

_MAX_EMAILS: Final = 10
_MAX_NAME: Final = 100


@checked
class CostBudget(Construct):
    """Tells people when the month's costs of a tag, or of the account, reach a budget.

    It tells at `actual_percent` of the budget spent, and when `forecast_percent` are forecast. With
    `anomaly_usd` it also tells of unusual costs of at least so much: mails come daily, messages to
    the topic at once. The tag must be active as a cost allocation tag. A monitor of a tag can be
    made in an organization's management account only, and an account has one monitor of all
    services: elsewhere, pass the ARN of that one.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        monthly_usd: float,
        tag: tuple[str, str] | None = None,
        emails: Sequence[str] = (),
        topic: aws_sns.ITopic | Wrapper[aws_sns.ITopic] | None = None,
        actual_percent: float = 80,
        forecast_percent: float = 100,
        anomaly_usd: float | None = None,
        anomaly_monitor_arn: str | None = None,
        budget_name: str | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._emails = tuple(emails)
        self._topic = unwrap(topic)
        self._check(monthly_usd)
        self._tag = tag
        name = budget_name or Names.unique_resource_name(self, max_length=_MAX_NAME)
        self.budget = budgets.CfnBudget(
            self,
            "Default",
            budget=budgets.CfnBudget.BudgetDataProperty(
                budget_name=name,
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=budgets.CfnBudget.SpendProperty(amount=monthly_usd, unit="USD"),
                cost_filters={"TagKeyValue": [f"user:{tag[0]}${tag[1]}"]} if tag else None,
            ),
            notifications_with_subscribers=[
                self._notification("ACTUAL", actual_percent),
                self._notification("FORECASTED", forecast_percent),
            ],
        )
        if self._topic:
            self._let_publish(self._topic, "budgets.amazonaws.com")
        self.monitor = None
        if anomaly_usd is not None:
            if anomaly_monitor_arn is None:
                self.monitor = self._make_monitor(name)
            arn = anomaly_monitor_arn or str(self.monitor and self.monitor.attr_monitor_arn)
            self._subscribe(name, arn, anomaly_usd)

    @property
    def resource(self) -> budgets.CfnBudget:
        """The budget, so that the construct can stand for it."""
        return self.budget

    def _check(self, monthly_usd: float) -> None:
        path, emails = self.node.path, self._emails
        if monthly_usd <= 0:
            raise ConstructError(f"{path}: monthly_usd {monthly_usd}: must be more than 0")
        if not emails and self._topic is None:
            raise ConstructError(f"{path}: pass emails or a topic, or nobody is told")
        if len(emails) > _MAX_EMAILS:
            raise ConstructError(
                f"{path}: {len(emails)} emails: a budget mails to {_MAX_EMAILS}, pass a topic"
            )

    def _notification(
        self, kind: str, percent: float
    ) -> budgets.CfnBudget.NotificationWithSubscribersProperty:
        return budgets.CfnBudget.NotificationWithSubscribersProperty(
            notification=budgets.CfnBudget.NotificationProperty(
                notification_type=kind,
                comparison_operator="GREATER_THAN",
                threshold=percent,
                threshold_type="PERCENTAGE",
            ),
            subscribers=[
                budgets.CfnBudget.SubscriberProperty(subscription_type=kind, address=address)
                for kind, address in self._subscribers()
            ],
        )

    def _subscribers(self) -> Iterator[tuple[str, str]]:
        for address in self._emails:
            yield "EMAIL", address
        if self._topic:
            yield "SNS", self._topic.topic_arn

    def _let_publish(self, topic: aws_sns.ITopic, service: str) -> None:
        def statement(arn: str, *actions: str) -> aws_iam.PolicyStatement:
            return aws_iam.PolicyStatement(
                principals=[aws_iam.ServicePrincipal(service)],
                actions=list(actions),
                resources=[arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )

        allow_in_policy(self, topic, statement(topic.topic_arn, "sns:Publish"))
        if topic.master_key:
            decrypt = statement("*", "kms:Decrypt", "kms:GenerateDataKey")
            allow_in_policy(self, topic.master_key, decrypt)

    def _make_monitor(self, name: str) -> ce.CfnAnomalyMonitor:
        if self._tag is None:
            return ce.CfnAnomalyMonitor(
                self,
                "Monitor",
                monitor_name=name,
                monitor_type="DIMENSIONAL",
                monitor_dimension="SERVICE",
            )
        key, value = self._tag
        specification = {"Tags": {"Key": key, "Values": [value]}}
        return ce.CfnAnomalyMonitor(
            self,
            "Monitor",
            monitor_name=name,
            monitor_type="CUSTOM",
            monitor_specification=json.dumps(specification),
        )

    def _subscribe(self, name: str, monitor_arn: str, least_usd: float) -> None:
        threshold = {
            "Dimensions": {
                "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
                "Values": [str(least_usd)],
            }
        }
        for kind, frequency in (("EMAIL", "DAILY"), ("SNS", "IMMEDIATE")):
            addresses = [address for kind_, address in self._subscribers() if kind_ == kind]
            if not addresses:
                continue
            ce.CfnAnomalySubscription(
                self,
                f"Anomalies{frequency.capitalize()}",
                subscription_name=f"{name}-{frequency.lower()}",
                frequency=frequency,
                monitor_arn_list=[monitor_arn],
                threshold_expression=json.dumps(threshold),
                subscribers=[
                    ce.CfnAnomalySubscription.SubscriberProperty(type=kind, address=address)
                    for address in addresses
                ],
            )
        if self._topic:
            self._let_publish(self._topic, "costalerts.amazonaws.com")
