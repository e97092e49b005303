"""A VPC with public and private subnets in several zones."""

from collections.abc import Mapping, Sequence
from typing import Final

import jsii
from aws_cdk import Fn, RemovalPolicy, Tags, aws_kms
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from constructs import Construct

from .cidr import SubnetPlan, plan_subnets
from .errors import ConstructError
from .kinds import prepare
from .logs import make_log_group

__all__ = ["Network"]

_GATEWAY_ENDPOINTS: Final = (
    ec2.GatewayVpcEndpointAwsService.DYNAMODB,
    ec2.GatewayVpcEndpointAwsService.S3,
)


class Network(Construct):
    """A network whose private subnets reach out through a NAT gateway in their own zone.

    `nat_gateways` may be fewer than zones, or none: then private subnets reach only this network
    and the endpoints. Traffic is recorded in one flow log, unless its retention is `None`. The
    default security group, which CloudFormation cannot change itself, is emptied by a custom
    resource unless told otherwise.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        cidr: str = "10.0.0.0/16",
        az_count: int = 2,
        availability_zones: Sequence[str] = (),
        subnet_prefix: int = 24,
        nat_gateways: int | None = None,
        vpc_name: str | None = None,
        gateway_endpoints: Sequence[ec2.GatewayVpcEndpointAwsService] = _GATEWAY_ENDPOINTS,
        interface_endpoints: Sequence[ec2.InterfaceVpcEndpointAwsService] = (),
        network_acls: bool = True,
        public_ports: Sequence[int] = (443,),
        close_default_security_group: bool = True,
        flow_log_retention_days: int | None = 30,
        encryption_key: aws_kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        zones = _zones(availability_zones, az_count)
        self.plan = plan_subnets(cidr, az_count=len(zones), subnet_prefix=subnet_prefix)
        gateways = len(zones) if nat_gateways is None else nat_gateways
        if not 0 <= gateways <= len(zones):
            raise ConstructError(
                f"{self.node.path}: {gateways} NAT gateways for {len(zones)} zones"
            )
        self.flow_log_group = self._make_flow_logs(
            flow_log_retention_days, removal_policy, encryption_key
        )
        self.vpc = self._make_vpc(
            vpc_name, zones, gateways, subnet_prefix, close_default=close_default_security_group
        )
        self.public_acl = self.private_acl = None
        if network_acls:
            self.public_acl = self._acl("PublicAcl", ec2.SubnetType.PUBLIC, public_ports)
            self.private_acl = self._acl("PrivateAcl", self.private_type, ())
        self._add_gateway_endpoints(gateway_endpoints)
        self.endpoint_security_group = self._add_interface_endpoints(interface_endpoints)
        for key, value in (tags or {}).items():
            Tags.of(self).add(key, value)

    @property
    def private_type(self) -> ec2.SubnetType:
        """The type of the private subnets, which depends on whether they reach out."""
        isolated = self.vpc.isolated_subnets
        return ec2.SubnetType.PRIVATE_ISOLATED if isolated else ec2.SubnetType.PRIVATE_WITH_EGRESS

    @property
    def private_subnets(self) -> ec2.SubnetSelection:
        """The private subnets, for functions, databases and endpoints."""
        return ec2.SubnetSelection(subnet_type=self.private_type)

    @property
    def public_subnets(self) -> ec2.SubnetSelection:
        """The public subnets, for load balancers."""
        return ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)

    def _make_vpc(
        self,
        name: str | None,
        zones: list[str],
        gateways: int,
        subnet_prefix: int,
        *,
        close_default: bool,
    ) -> ec2.Vpc:
        return ec2.Vpc(
            self,
            "Default",
            vpc_name=name,
            ip_addresses=_Planned(self.plan),
            availability_zones=zones,
            nat_gateways=gateways,
            subnet_configuration=_subnets(subnet_prefix, reach_out=gateways > 0),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            restrict_default_security_group=close_default,
            flow_logs=_recorded(self.flow_log_group),
        )

    def _make_flow_logs(
        self, days: int | None, removal_policy: RemovalPolicy, key: aws_kms.IKey | None
    ) -> logs.LogGroup | None:
        if days is None:
            return None
        return make_log_group(
            self,
            "FlowLogs",
            retention_days=days,
            removal_policy=removal_policy,
            encryption_key=key,
        )

    def _acl(self, id_: str, kind: ec2.SubnetType, ports: Sequence[int]) -> ec2.NetworkAcl:
        """Let in this network, answers to what was asked, and `ports`; let out everything."""
        acl = ec2.NetworkAcl(
            self, id_, vpc=self.vpc, subnet_selection=ec2.SubnetSelection(subnet_type=kind)
        )
        here = ec2.AclCidr.ipv4(self.plan.cidr)
        world = ec2.AclCidr.any_ipv4()
        answers = ec2.AclTraffic.tcp_port_range(1024, 65535)
        udp_answers = ec2.AclTraffic.udp_port_range(1024, 65535)
        _let(acl, "FromHere", 100, here, ec2.AclTraffic.all_traffic())
        _let(acl, "TcpAnswers", 110, world, answers)
        _let(acl, "UdpAnswers", 120, world, udp_answers)
        for position, port in enumerate(ports):
            _let(acl, f"Port{port}", 200 + position, world, ec2.AclTraffic.tcp_port(port))
        everything = ec2.AclTraffic.all_traffic()
        _let(acl, "Out", 100, world, everything, ec2.TrafficDirection.EGRESS)
        return acl

    def _add_gateway_endpoints(self, wanted: Sequence[ec2.GatewayVpcEndpointAwsService]) -> None:
        for service in wanted:
            self.vpc.add_gateway_endpoint(_id_of(service.name.rsplit(".", 1)[-1]), service=service)

    def _add_interface_endpoints(
        self, wanted: Sequence[ec2.InterfaceVpcEndpointAwsService]
    ) -> ec2.SecurityGroup | None:
        if not wanted:
            return None
        group = ec2.SecurityGroup(
            self,
            "Endpoints",
            vpc=self.vpc,
            description="Interface endpoints, reached over HTTPS from this network",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(ec2.Peer.ipv4(self.plan.cidr), ec2.Port.tcp(443))
        for service in wanted:
            id_ = _id_of(service.short_name)
            # S3 and DynamoDB may have a gateway as well.
            taken = self.vpc.node.try_find_child(id_) is not None
            self.vpc.add_interface_endpoint(
                f"{id_}Interface" if taken else id_,
                service=service,
                subnets=self.private_subnets,
                security_groups=[group],
                private_dns_enabled=True,
                open=False,
            )
        return group


@jsii.implements(ec2.IIpAddresses)
class _Planned:
    """Hands the plan's blocks to CDK, which would cut the network its own way."""

    def __init__(self, plan: SubnetPlan) -> None:
        self._plan = plan

    def allocate_vpc_cidr(self) -> ec2.VpcIpamOptions:
        return ec2.VpcIpamOptions(cidr_block=self._plan.cidr)

    def allocate_subnets_cidr(self, *_request: object, **_more: object) -> ec2.SubnetIpamOptions:
        # CDK asks for all subnets of one configuration, then of the next, in our order.
        blocks = (*self._plan.public, *self._plan.private)
        return ec2.SubnetIpamOptions(
            allocated_subnets=[ec2.AllocatedSubnet(cidr=block) for block in blocks]
        )


def _recorded(group: logs.LogGroup | None) -> dict[str, ec2.FlowLogOptions]:
    if group is None:
        return {}
    destination = ec2.FlowLogDestination.to_cloud_watch_logs(group)
    all_traffic = ec2.FlowLogTrafficType.ALL
    return {"Traffic": ec2.FlowLogOptions(destination=destination, traffic_type=all_traffic)}


def _let(
    acl: ec2.NetworkAcl,
    id_: str,
    number: int,
    cidr: ec2.AclCidr,
    traffic: ec2.AclTraffic,
    direction: ec2.TrafficDirection = ec2.TrafficDirection.INGRESS,
) -> None:
    acl.add_entry(id_, cidr=cidr, rule_number=number, traffic=traffic, direction=direction)


def _zones(named: Sequence[str], count: int) -> list[str]:
    # Tokens all: names in plain text would make CDK look up the account's zones.
    if named:
        return [Fn.join("", [name]) for name in named]
    return [Fn.select(position, Fn.get_azs()) for position in range(count)]


def _subnets(prefix: int, *, reach_out: bool) -> list[ec2.SubnetConfiguration]:
    private = ec2.SubnetType.PRIVATE_WITH_EGRESS if reach_out else ec2.SubnetType.PRIVATE_ISOLATED
    return [
        ec2.SubnetConfiguration(
            name="Public",
            subnet_type=ec2.SubnetType.PUBLIC,
            cidr_mask=prefix,
            map_public_ip_on_launch=False,
        ),
        ec2.SubnetConfiguration(name="Private", subnet_type=private, cidr_mask=prefix),
    ]


def _id_of(name: str) -> str:
    return "".join(part.capitalize() for part in name.replace(".", "-").split("-"))
