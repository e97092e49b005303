"""A scheduled job: every night a report is made in two steps and written to a bucket.

A step is retried; if the job fails all the same, its input waits in a queue and an alarm tells.
"""

from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

from signal9_constructs import (
    Observability,
    PythonFunction,
    SecureBucket,
    StateMachineJob,
    acknowledge_known_findings,
)

HANDLER = """
import json, os
import boto3

s3 = boto3.client("s3")

def count(event, context):
    return {"day": event.get("day", "today"), "orders": 3}

def write(event, context):
    key = f"reports/{event['day']}.json"
    s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(event))
    return {"key": key}
"""


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    seen = Observability(stack, "Seen", namespace="Reports")
    reports = SecureBucket(stack, "Reports", expire_days=400)
    count, write = (
        PythonFunction(
            stack,
            name.capitalize(),
            code=lambda_.Code.from_inline(HANDLER),
            handler=f"index.{name}",
            environment={"BUCKET": reports.bucket.bucket_name},
            alarm_topic=seen.topic,
        )
        for name in ("count", "write")
    )
    reports.grant_put(write, prefix="reports/")
    steps = [
        tasks.LambdaInvoke(
            stack, f"{id_} step", lambda_function=step.function, output_path="$.Payload"
        )
        for id_, step in (("Count", count), ("Write", write))
    ]
    for step in steps:
        step.add_retry(max_attempts=3, interval=Duration.seconds(10), backoff_rate=2)
    job = StateMachineJob(
        stack,
        "Nightly",
        definition=sfn.Chain.start(steps[0]).next(steps[1]),
        timeout_s=600,
        alarm_topic=seen.topic,
    )
    job.start_on_schedule("At2", schedule="cron(0 2 * * ? *)", time_zone="Europe/Berlin")


if __name__ == "__main__":
    app = App()
    build(Stack(app, "ScheduledJob"))
    acknowledge_known_findings(app)
    app.synth()
