"""An event pipeline: paid orders become parcels, at most a few at a time, and none is lost.

A rule fills a queue from the bus, a function works through it, and what fails three times waits
in a dead-letter queue with an alarm.
"""

from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_

from signal9_constructs import (
    DataTable,
    EventBackbone,
    Observability,
    PythonFunction,
    WorkQueue,
    acknowledge_known_findings,
)

PAID = {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}}
HANDLER = """
import json, logging, os
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])

def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            table.put_item(Item={"order": json.loads(record["body"])["detail"]["order"]})
        except Exception:  # the other messages go on; this one is tried again, then kept
            logging.exception(record["messageId"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    seen = Observability(stack, "Seen", namespace="Parcels")
    bus = EventBackbone(stack, "Events", schemas={"Order Paid": PAID}, alarm_topic=seen.topic)
    work = WorkQueue(stack, "Work", work_s=30, alarm_topic=seen.topic)
    bus.rule("Paid", source="shop", detail_types=["Order Paid"], targets=[work])
    parcels = DataTable(stack, "Parcels", partition_key="order", alarm_topic=seen.topic)
    pack = PythonFunction(
        stack,
        "Pack",
        code=lambda_.Code.from_inline(HANDLER),
        handler="index.handler",
        environment={"TABLE": parcels.table.table_name},
        timeout_s=30,
    )
    parcels.grant_write(pack)
    work.feed(pack, batch_size=10, max_concurrency=5)
    seen.watch("Parcels", functions=[pack.function], queues=[work.queue], tables=[parcels.table])


if __name__ == "__main__":
    app = App()
    build(Stack(app, "EventPipeline"))
    acknowledge_known_findings(app)
    app.synth()
