"""A data lake: a program writes Parquet files by day, analysts query them at a bounded price.

Each new file is announced to a queue, so that others can follow it.
"""

from datetime import date

from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from signal9_constructs import (
    DataLake,
    LakeTable,
    Observability,
    Partition,
    PythonFunction,
    WorkQueue,
    acknowledge_known_findings,
)

ORDERS = LakeTable(
    "orders",
    {"id": "string", "item": "string", "total": "decimal(12,2)"},
    [Partition.by_day("day", first=date(2026, 1, 1))],
    description="One row per order, by the day on which it was placed",
)
HANDLER = """
import os
import boto3

def handler(event, context):
    key = f"orders/day={event['day']}/part-0.parquet"
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=event["body"])
    return {"key": key}
"""


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    seen = Observability(stack, "Seen", namespace="Lake")
    lake = DataLake(
        stack,
        "Lake",
        tables=[ORDERS],
        max_scan_bytes=10_000_000_000,
        alarm_topic=seen.topic,
    )
    load = PythonFunction(
        stack,
        "Load",
        code=lambda_.Code.from_inline(HANDLER),
        handler="index.handler",
        environment={"BUCKET": lake.files.bucket.bucket_name},
        alarm_topic=seen.topic,
    )
    lake.grant_write(load, "orders")
    lake.files.on_object("NewFile", WorkQueue(stack, "NewFiles"), prefix="orders/")
    analyst = iam.Role(stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
    lake.grant_query(analyst, "orders")


if __name__ == "__main__":
    app = App()
    build(Stack(app, "DataLake"))
    acknowledge_known_findings(app)
    app.synth()
