"""A container service: tasks in private subnets behind a load balancer, with a table.

The network has no NAT gateways: images, logs and the table are reached through endpoints.
"""

from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2

from signal9_constructs import (
    DataTable,
    FargateService,
    Network,
    Observability,
    acknowledge_known_findings,
)

IMAGE = Path(__file__).parent / "container"
SERVICES = ec2.InterfaceVpcEndpointAwsService


def build(stack: Stack) -> None:
    """Add the system to a stack."""
    seen = Observability(stack, "Seen", namespace="Prices")
    network = Network(
        stack,
        "Network",
        nat_gateways=0,
        interface_endpoints=[SERVICES.ECR, SERVICES.ECR_DOCKER, SERVICES.CLOUDWATCH_LOGS],
    )
    prices = DataTable(stack, "Prices", partition_key="item", alarm_topic=seen.topic)
    service = FargateService(
        stack,
        "Web",
        image=IMAGE,
        vpc=network,
        http_inside_vpc=True,
        task_subnets=network.private_subnets,
        load_balancer_subnets=network.private_subnets,
        environment={"TABLE": prices.table.table_name},
        requests_per_task=500,
        alarm_topic=seen.topic,
    )
    prices.grant_read(service)


if __name__ == "__main__":
    app = App()
    build(Stack(app, "ContainerService"))
    acknowledge_known_findings(app)
    app.synth()
