"""An API with a table: signed-in customers place orders and read their own.

Users come from a user pool, bodies have a schema, and alarms notify one topic.
"""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_lambda as lambda_

from signal9_constructs import (
    DataTable,
    Observability,
    PythonFunction,
    RestService,
    Route,
    UserPool,
    acknowledge_known_findings,
)

ORDER = {"type": "object", "required": ["item"], "properties": {"item": {"type": "string"}}}
HANDLER = """
import json, os, time
import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])

def handler(event, context):
    customer = event["requestContext"]["authorizer"]["claims"]["sub"]
    if event["httpMethod"] == "POST":
        order = {"customer": customer, "at": str(time.time_ns()), **json.loads(event["body"])}
        table.put_item(Item=order)
        return {"statusCode": 201, "body": json.dumps(order)}
    own = boto3.dynamodb.conditions.Key("customer").eq(customer)
    return {"statusCode": 200, "body": json.dumps(table.query(KeyConditionExpression=own)["Items"])}
"""


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    seen = Observability(stack, "Seen", namespace="Orders")
    table = DataTable(
        stack, "Orders", partition_key="customer", sort_key="at", alarm_topic=seen.topic
    )
    orders = PythonFunction(
        stack,
        "Handler",
        code=lambda_.Code.from_inline(HANDLER),
        handler="index.handler",
        environment={"TABLE": table.table.table_name},
    )
    table.grant_read_write(orders)
    users = UserPool(stack, "Users", alarm_topic=seen.topic)
    users.add_client("Web", callback_urls=["https://shop.example/"])
    service = RestService(
        stack,
        "Api",
        routes=[Route("GET", "/orders", orders), Route("POST", "/orders", orders, body=ORDER)],
        authorizer=users.authorizer(),
        cors_origins=["https://shop.example"],
    )
    seen.watch("Orders", apis=[service.api], functions=[orders.function], tables=[table.table])
    CfnOutput(stack, "Url", value=service.url)


if __name__ == "__main__":
    app = App()
    build(Stack(app, "OrdersApi"))
    acknowledge_known_findings(app)
    app.synth()
