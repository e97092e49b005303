"""A bus across accounts: another account publishes orders here, and a third gets the paid ones.

Events that cannot be delivered wait in a dead-letter queue with an alarm.
"""

from aws_cdk import App, Stack
from aws_cdk import aws_events as events

from signal9_constructs import (
    EventBackbone,
    Observability,
    WorkQueue,
    acknowledge_known_findings,
)

SHOP_ACCOUNT = "111122223333"
BILLING_BUS = "arn:aws:events:us-east-1:444455556666:event-bus/billing"
ORDER = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    seen = Observability(stack, "Seen", namespace="Orders")
    backbone = EventBackbone(
        stack,
        "Orders",
        schemas={"Order Placed": ORDER, "Order Paid": ORDER},
        publisher_accounts=[SHOP_ACCOUNT],
        alarm_topic=seen.topic,
    )
    billing = events.EventBus.from_event_bus_arn(stack, "Billing", BILLING_BUS)
    backbone.rule(
        "Paid",
        source="shop",
        detail_types=["Order Paid"],
        targets=[billing],
        description="Paid orders for the account of the billing team",
    )
    log = WorkQueue(stack, "Placed", alarm_topic=seen.topic)
    backbone.rule("Placed", source="shop", detail_types=["Order Placed"], targets=[log])


if __name__ == "__main__":
    app = App()
    build(Stack(app, "CrossAccountBus"))
    acknowledge_known_findings(app)
    app.synth()
