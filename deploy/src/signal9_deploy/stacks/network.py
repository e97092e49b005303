"""Where functions live: subnets, ways out, and two fences around functions."""

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from signal9_constructs import Network

from ..settings import StageSettings
from .removal import removal_policy

__all__ = ["NetworkStack"]

_HTTPS: Final = ec2.Port.tcp(443)
_SERVICES: Final = (
    ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
    ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    ec2.InterfaceVpcEndpointAwsService.SNS,
)


class NetworkStack(Stack):
    """The VPC; `closed` functions reach AWS and nothing else, `outgoing` ones the internet, too."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: StageSettings, stack_name: str
    ) -> None:
        super().__init__(scope, id_, stack_name=stack_name, description="Signal9: network")
        wanted = settings.network
        self.network = Network(
            self,
            "Network",
            cidr=wanted.cidr,
            az_count=wanted.az_count,
            nat_gateways=wanted.nat_gateways,
            vpc_name=settings.title,
            interface_endpoints=_SERVICES,
            flow_log_retention_days=settings.log_retention_days,
            removal_policy=removal_policy(settings),
        )
        self.closed = self._group("Closed", "Functions that reach AWS alone, through endpoints")
        self.closed.add_egress_rule(ec2.Peer.ipv4(wanted.cidr), _HTTPS, "interface endpoints")
        for service, prefix_list in sorted(wanted.prefix_lists.items()):
            self.closed.add_egress_rule(ec2.Peer.prefix_list(prefix_list), _HTTPS, service)
        self.outgoing = self._group("Outgoing", "Functions that call providers")
        self.outgoing.add_egress_rule(ec2.Peer.any_ipv4(), _HTTPS, "providers, through NAT")

    @property
    def availability_zones(self) -> list[str]:
        """No zone by its name: else the CDK asks the account, and synthesises again."""
        return []

    def _group(self, id_: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self,
            id_,
            vpc=self.network.vpc,
            description=description,
            allow_all_outbound=False,
        )
