"""A private API: reachable from one network only, whose callers are signed by IAM.

The function runs in the same network without a way to the internet.
"""

from aws_cdk import App, CfnOutput, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_

from signal9_constructs import (
    Network,
    Observability,
    PythonFunction,
    RestService,
    Route,
    acknowledge_known_findings,
)

HANDLER = """
def handler(event, context):
    return {"statusCode": 200, "body": "42"}
"""


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    seen = Observability(stack, "Seen", namespace="Stock")
    network = Network(stack, "Network", nat_gateways=0)
    endpoint = network.add_interface_endpoint(ec2.InterfaceVpcEndpointAwsService.APIGATEWAY)
    stock = PythonFunction(
        stack,
        "Stock",
        code=lambda_.Code.from_inline(HANDLER),
        handler="index.handler",
        vpc=network.vpc,
        vpc_subnets=network.private_subnets,
        alarm_topic=seen.topic,
    )
    service = RestService(
        stack,
        "Api",
        routes=[Route("GET", "/stock/{item}", stock)],
        authorizer="iam",
        vpc_endpoints=[endpoint],
    )
    seen.watch("Stock", apis=[service.api], functions=[stock.function])
    CfnOutput(stack, "Url", value=service.url)


if __name__ == "__main__":
    app = App()
    build(Stack(app, "PrivateApi"))
    acknowledge_known_findings(app)
    app.synth()
