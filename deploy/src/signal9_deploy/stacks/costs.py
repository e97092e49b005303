"""The stack of the stage's budget."""

from aws_cdk import Environment, Stack
from constructs import Construct

from signal9_constructs import CostBudget

from ..names import stack_name
from ..settings import COST_TAG, EDGE_REGION, StageSettings

__all__ = ["CostsStack"]


class CostsStack(Stack):
    """The budget of what carries the stage's tag, in a region that has AWS Budgets."""

    def __init__(self, scope: Construct, settings: StageSettings, monthly_usd: int) -> None:
        super().__init__(
            scope,
            "Costs",
            stack_name=stack_name(settings, "Costs"),
            description="Signal9: costs",
            env=Environment(account=settings.account, region=EDGE_REGION),
        )
        CostBudget(
            self,
            "Budget",
            monthly_usd=monthly_usd,
            tag=(COST_TAG, settings.stage),
            emails=settings.recipients,
            anomaly_usd=settings.anomaly_usd,
            anomaly_monitor_arn=settings.anomaly_monitor,
            budget_name=settings.title,
        )
