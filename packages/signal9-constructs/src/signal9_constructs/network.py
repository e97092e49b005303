"""A VPC with public and private subnets in several availability zones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

import jsii
from aws_cdk import Fn, RemovalPolicy, Tags, aws_kms
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from .errors import ConstructError
from .feature_flags import prepare
from .logs import make_log_group

__all__ = ["Network", "SubnetPlan", "plan_subnets"]

_FIRST_PUBLIC: Final = 1
_FIRST_PRIVATE: Final = 101
_GATEWAY_ENDPOINTS: Final = (
    ec2.GatewayVpcEndpointAwsService.DYNAMODB,
    ec2.GatewayVpcEndpointAwsService.S3,
)


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """The CIDR blocks of a network: one public and one private subnet per zone."""

    cidr: str
    public: tuple[str, ...]
    private: tuple[str, ...]


def plan_subnets(cidr: str, *, az_count: int, subnet_prefix: int = 24) -> SubnetPlan:
    """Return the subnets of `cidr`: public ones from number 1, private ones from number 101.

    In a network that is too small for that, public subnets start at its beginning and private
    ones in its middle.
    """
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise ConstructError(f"invalid network {cidr!r}: {error}") from error
    room = 2 ** (subnet_prefix - network.prefixlen) if subnet_prefix >= network.prefixlen else 0
    if az_count < 1 or 2 * az_count > room:
        raise ConstructError(
            f"{cidr} has room for {room} subnets of /{subnet_prefix}, not for {az_count} public "
            f"and {az_count} private ones"
        )
    large = az_count <= _FIRST_PRIVATE - _FIRST_PUBLIC and _FIRST_PRIVATE + az_count <= room
    public, private = (_FIRST_PUBLIC, _FIRST_PRIVATE) if large else (0, room // 2)

    def block(number: int) -> str:
        address = int(network.network_address) + number * 2 ** (32 - subnet_prefix)
        return str(IPv4Network((address, subnet_prefix)))

    return SubnetPlan(
        cidr,
        public=tuple(block(public + zone) for zone in range(az_count)),
        private=tuple(block(private + zone) for zone in range(az_count)),
    )


class Network(Construct):
    """A network whose private subnets reach the internet through a NAT gateway per zone.

    `nat_gateways` may be lower than the number of zones, or 0: then private subnets reach only
    this network and its endpoints. A flow log records all traffic, unless its retention is `None`.
    A custom resource removes all rules from the default security group, because CloudFormation
    cannot.
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
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        zones = _zones(availability_zones, az_count)
        self.plan = plan_subnets(cidr, az_count=len(zones), subnet_prefix=subnet_prefix)
        gateways = len(zones) if nat_gateways is None else nat_gateways
        if not 0 <= gateways <= len(zones):
            raise ConstructError(
                f"{self.node.path}: nat_gateways={gateways}: must be from 0 to {len(zones)}, "
                "the number of zones"
            )
        self.flow_log_group = None
        flow_logs = {}
        if flow_log_retention_days is not None:
            self.flow_log_group = make_log_group(
                self,
                "FlowLogs",
                retention_days=flow_log_retention_days,
                removal_policy=removal_policy,
                encryption_key=encryption_key,
            )
            flow_logs["Traffic"] = ec2.FlowLogOptions(
                destination=ec2.FlowLogDestination.to_cloud_watch_logs(self.flow_log_group),
                traffic_type=ec2.FlowLogTrafficType.ALL,
            )
        self.vpc = ec2.Vpc(
            self,
            "Default",
            vpc_name=vpc_name,
            ip_addresses=_PlannedAddresses(self.plan),
            availability_zones=zones,
            nat_gateways=gateways,
            subnet_configuration=_subnets(subnet_prefix, with_egress=gateways > 0),
            restrict_default_security_group=close_default_security_group,
            flow_logs=flow_logs,
        )
        self.public_acl = self.private_acl = None
        if network_acls:
            self.public_acl = self._make_acl("PublicAcl", self.public_subnets, public_ports)
            self.private_acl = self._make_acl("PrivateAcl", self.private_subnets, ())
        for service in gateway_endpoints:
            self.vpc.add_gateway_endpoint(
                _endpoint_id(service.name.rsplit(".", 1)[-1]), service=service
            )
        self.endpoint_security_group = self._add_interface_endpoints(interface_endpoints)
        for key, value in (tags or {}).items():
            Tags.of(self).add(key, value)

    @property
    def private_type(self) -> ec2.SubnetType:
        """The type of the private subnets, which depends on the NAT gateways."""
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

    def _make_acl(
        self, id_: str, subnets: ec2.SubnetSelection, ports: Sequence[int]
    ) -> ec2.NetworkAcl:
        """Allow this network, responses and `ports` in, and everything out."""
        acl = ec2.NetworkAcl(self, id_, vpc=self.vpc, subnet_selection=subnets)
        internal, world = ec2.AclCidr.ipv4(self.plan.cidr), ec2.AclCidr.any_ipv4()
        traffic = ec2.AclTraffic
        inbound = [
            ("FromHere", 100, internal, traffic.all_traffic()),
            ("TcpAnswers", 110, world, traffic.tcp_port_range(1024, 65535)),
            ("UdpAnswers", 120, world, traffic.udp_port_range(1024, 65535)),
            *(
                (f"Port{port}", 200 + position, world, traffic.tcp_port(port))
                for position, port in enumerate(ports)
            ),
        ]
        for entry, number, cidr, allowed in inbound:
            acl.add_entry(
                entry,
                cidr=cidr,
                rule_number=number,
                traffic=allowed,
                direction=ec2.TrafficDirection.INGRESS,
            )
        acl.add_entry(
            "Out",
            cidr=world,
            rule_number=100,
            traffic=traffic.all_traffic(),
            direction=ec2.TrafficDirection.EGRESS,
        )
        return acl

    def _add_interface_endpoints(
        self, services: Sequence[ec2.InterfaceVpcEndpointAwsService]
    ) -> ec2.SecurityGroup | None:
        if not services:
            return None
        group = ec2.SecurityGroup(
            self,
            "Endpoints",
            vpc=self.vpc,
            description="Interface endpoints, reached over HTTPS from this network",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(ec2.Peer.ipv4(self.plan.cidr), ec2.Port.tcp(443))
        for service in services:
            id_ = _endpoint_id(service.short_name)
            # S3 and DynamoDB may have a gateway endpoint too.
            exists = self.vpc.node.try_find_child(id_) is not None
            self.vpc.add_interface_endpoint(
                f"{id_}Interface" if exists else id_,
                service=service,
                subnets=self.private_subnets,
                security_groups=[group],
                open=False,
            )
        return group


@jsii.implements(ec2.IIpAddresses)
class _PlannedAddresses:
    """Gives the CDK the blocks of a plan; it would divide the network differently."""

    def __init__(self, plan: SubnetPlan) -> None:
        self._plan = plan

    def allocate_vpc_cidr(self) -> ec2.VpcIpamOptions:
        return ec2.VpcIpamOptions(cidr_block=self._plan.cidr)

    def allocate_subnets_cidr(self, *_request: object, **_more: object) -> ec2.SubnetIpamOptions:
        # The CDK asks for all subnets of one configuration, then of the next, in our order.
        blocks = (*self._plan.public, *self._plan.private)
        return ec2.SubnetIpamOptions(
            allocated_subnets=[ec2.AllocatedSubnet(cidr=block) for block in blocks]
        )


def _zones(names: Sequence[str], count: int) -> list[str]:
    # Tokens, because the CDK would look up the account's zones to check plain names.
    if names:
        return [Fn.join("", [name]) for name in names]
    return [Fn.select(position, Fn.get_azs()) for position in range(count)]


def _subnets(prefix: int, *, with_egress: bool) -> list[ec2.SubnetConfiguration]:
    private = ec2.SubnetType.PRIVATE_WITH_EGRESS if with_egress else ec2.SubnetType.PRIVATE_ISOLATED
    return [
        ec2.SubnetConfiguration(
            name="Public",
            subnet_type=ec2.SubnetType.PUBLIC,
            cidr_mask=prefix,
            map_public_ip_on_launch=False,
        ),
        ec2.SubnetConfiguration(name="Private", subnet_type=private, cidr_mask=prefix),
    ]


def _endpoint_id(service: str) -> str:
    return "".join(part.capitalize() for part in service.replace(".", "-").split("-"))
