"""The stack of the VPC and of the functions' security groups."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from signal9_constructs import Network

from ..errors import StageError
from ..names import stack_name
from ..settings import StageSettings

__all__ = ["NetworkStack"]

_PREFIX_LISTS: Final = {
    "us-east-1": {"dynamodb": "pl-02cd2c6b", "s3": "pl-63a5400a"},
}
_HTTPS: Final = ec2.Port.tcp(443)
_ENDPOINTS: Final = (
    ec2.InterfaceVpcEndpointAwsService.EVENTBRIDGE,
    ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER,
    ec2.InterfaceVpcEndpointAwsService.SNS,
    ec2.InterfaceVpcEndpointAwsService.SQS,
)


def _prefix_lists(settings: StageSettings) -> Mapping[str, str]:
    """Return the region's prefix lists; synthesis cannot ask AWS for them."""
    lists = settings.network.prefix_lists or _PREFIX_LISTS.get(settings.region)
    if lists is None:
        raise StageError(
            f"network.prefix_lists: those of {settings.region} are unknown: set them, or "
            "`aws sso login` and let deploy or diff look them up"
        )
    return lists


class NetworkStack(Stack):
    """The VPC; `closed` functions reach AWS only, `outgoing` ones the internet too."""

    def __init__(self, scope: Construct, settings: StageSettings) -> None:
        name = stack_name(settings, "Network")
        super().__init__(scope, "Network", stack_name=name, description="Signal9: network")
        network = settings.network
        self.network = Network(
            self,
            "Network",
            cidr=network.cidr,
            az_count=network.az_count,
            nat_gateways=network.nat_gateways,
            vpc_name=settings.title,
            interface_endpoints=_endpoints(settings),
            flow_log_retention_days=settings.log_retention_days,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if settings.retain
            else RemovalPolicy.DESTROY,
        )
        self.closed = self._group("Closed", "Functions that reach AWS alone, through endpoints")
        self.closed.add_egress_rule(ec2.Peer.ipv4(network.cidr), _HTTPS, "interface endpoints")
        for service, prefix_list in sorted(_prefix_lists(settings).items()):
            self.closed.add_egress_rule(ec2.Peer.prefix_list(prefix_list), _HTTPS, service)
        self.outgoing = self._group("Outgoing", "Functions that call providers")
        self.outgoing.add_egress_rule(ec2.Peer.any_ipv4(), _HTTPS, "providers, through NAT")

    @property
    def availability_zones(self) -> list[str]:
        """No names: otherwise the CDK looks them up in the account and synthesizes again."""
        return []

    def _group(self, id_: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, id_, vpc=self.network.vpc, description=description, allow_all_outbound=False
        )


def _endpoints(settings: StageSettings) -> Sequence[ec2.InterfaceVpcEndpointAwsService]:
    if settings.sentiment_model is None:
        return _ENDPOINTS
    return (*_ENDPOINTS, ec2.InterfaceVpcEndpointAwsService.BEDROCK_RUNTIME)
