"""A VPC with public and private subnets in several availability zones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Network
from typing import Final, cast

import jsii
from aws_cdk import Annotations, Fn, RemovalPolicy, Stack, Tags, aws_iam, aws_kms
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError, choose
from .feature_flags import prepare
from .logs import make_log_group

__all__ = ["Network", "SubnetPlan", "plan_subnets"]

_FIRST_PUBLIC: Final = 1
_FIRST_PRIVATE: Final = 101
_FIRST_ISOLATED: Final = 201
_PUBLIC: Final = "Public"
_PRIVATE: Final = "Private"
_ISOLATED: Final = "Isolated"
_GATEWAY_ENDPOINTS: Final = (
    ec2.GatewayVpcEndpointAwsService.DYNAMODB,
    ec2.GatewayVpcEndpointAwsService.S3,
)


@dataclass(frozen=True, slots=True)
class SubnetPlan:
    """The CIDR blocks of a network: one subnet of each kind per zone."""

    cidr: str
    public: tuple[str, ...]
    private: tuple[str, ...]
    isolated: tuple[str, ...] = ()


def plan_subnets(
    cidr: str, *, az_count: int, subnet_prefix: int = 24, isolated: bool = False
) -> SubnetPlan:
    """Return the subnets of `cidr`: public from number 1, private from 101, isolated from 201.

    A network that is too small for that is divided into as many equal parts as there are kinds.
    """
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        raise ConstructError(f"invalid network {cidr!r}: {error}") from error
    kinds = 3 if isolated else 2
    room = 2 ** (subnet_prefix - network.prefixlen) if subnet_prefix >= network.prefixlen else 0
    if az_count < 1 or kinds * az_count > room:
        raise ConstructError(
            f"{cidr} has room for {room} subnets of /{subnet_prefix}, not for {az_count} of each "
            f"of {kinds} kinds"
        )
    firsts = (_FIRST_PUBLIC, _FIRST_PRIVATE, _FIRST_ISOLATED)[:kinds]
    if az_count > _FIRST_PRIVATE - _FIRST_PUBLIC or firsts[-1] + az_count > room:
        firsts = tuple(kind * room // kinds for kind in range(kinds))

    def block(number: int) -> str:
        address = int(network.network_address) + number * 2 ** (32 - subnet_prefix)
        return str(IPv4Network((address, subnet_prefix)))

    blocks = [tuple(block(first + zone) for zone in range(az_count)) for first in firsts]
    return SubnetPlan(cidr, *blocks)


@checked
class Network(Construct):
    """A network whose private subnets reach the internet through a NAT gateway per zone.

    `nat_gateways` may be lower than the number of zones, or 0: then private subnets reach only
    this network and its endpoints. `isolated_subnets` never reach anything else. With `ipv6` the
    network has addresses of both versions. A flow log records all traffic in a log group, unless
    its retention is `None`, and in `flow_log_bucket`, if there is one. A custom resource removes
    all rules from the default security group, because CloudFormation cannot.
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
        isolated_subnets: bool = False,
        ipv6: bool = False,
        nat_gateways: int | None = None,
        vpc_name: str | None = None,
        gateway_endpoints: Sequence[ec2.GatewayVpcEndpointAwsService] = _GATEWAY_ENDPOINTS,
        interface_endpoints: Sequence[ec2.InterfaceVpcEndpointAwsService] = (),
        endpoint_policies: Mapping[str, Sequence[aws_iam.PolicyStatement]] | None = None,
        network_acls: bool = True,
        public_ports: Sequence[int] = (443,),
        close_default_security_group: bool = True,
        flow_log_retention_days: int | None = 30,
        flow_log_bucket: s3.IBucket | Wrapper[s3.IBucket] | None = None,
        encryption_key: aws_kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        tags: Mapping[str, str] | None = None,
        props: ec2.VpcProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        zones = _zones(availability_zones, az_count)
        self.plan = plan_subnets(
            cidr, az_count=len(zones), subnet_prefix=subnet_prefix, isolated=isolated_subnets
        )
        gateways = len(zones) if nat_gateways is None else nat_gateways
        if not 0 <= gateways <= len(zones):
            raise ConstructError(
                f"{self.node.path}: nat_gateways={gateways}: must be from 0 to {len(zones)}, "
                "the number of zones"
            )
        self._with_egress = gateways > 0
        self.flow_log_group = None
        if flow_log_retention_days is not None:
            self.flow_log_group = make_log_group(
                self,
                "FlowLogs",
                retention_days=flow_log_retention_days,
                removal_policy=removal_policy,
                encryption_key=encryption_key,
            )
        own = ec2.VpcProps(
            vpc_name=vpc_name,
            ip_addresses=_PlannedAddresses(self.plan),
            ip_protocol=ec2.IpProtocol.DUAL_STACK if ipv6 else None,
            availability_zones=zones,
            nat_gateways=gateways,
            subnet_configuration=_subnets(
                subnet_prefix, with_egress=self._with_egress, isolated=isolated_subnets
            ),
            restrict_default_security_group=close_default_security_group,
            flow_logs=self._flow_logs(unwrap(flow_log_bucket)),
        )
        self.vpc: ec2.IVpc = ec2.Vpc(self, "Default", **merge(self, props, own))
        self.public_acl: ec2.NetworkAcl | None = None
        self.private_acl: ec2.NetworkAcl | None = None
        self.isolated_acl: ec2.NetworkAcl | None = None
        if network_acls:
            self._make_acls(public_ports, ipv6=ipv6, isolated=isolated_subnets)
        self.endpoints: dict[str, ec2.VpcEndpoint] = {}
        for service in gateway_endpoints:
            name = service.name.rsplit(".", 1)[-1]
            self.endpoints[name] = self.vpc.add_gateway_endpoint(
                _endpoint_id(name), service=service
            )
        self.endpoint_security_group: ec2.SecurityGroup | None = None
        for interface in interface_endpoints:
            self.add_interface_endpoint(interface)
        self._restrict_endpoints(endpoint_policies or {})
        for key, value in (tags or {}).items():
            Tags.of(self).add(key, value)

    @classmethod
    def from_vpc(cls, scope: Construct, id_: str, vpc: ec2.IVpc) -> "Network":
        """Return an existing VPC with the subnets and methods of this class.

        Its settings are its owner's: flow logs, network ACLs and endpoints are not enforced.
        """
        return _ExistingNetwork(scope, id_, vpc)

    @property
    def resource(self) -> ec2.IVpc:
        """The VPC, so that the construct can stand for it."""
        return self.vpc

    @property
    def private_type(self) -> ec2.SubnetType:
        """The type of the private subnets, which depends on the NAT gateways."""
        return _private_type(with_egress=self._with_egress)

    @property
    def private_subnets(self) -> ec2.SubnetSelection:
        """The private subnets, for functions, databases and endpoints."""
        return ec2.SubnetSelection(subnet_group_name=_PRIVATE)

    @property
    def isolated_subnets(self) -> ec2.SubnetSelection:
        """The isolated subnets, for databases."""
        return ec2.SubnetSelection(subnet_group_name=_ISOLATED)

    @property
    def public_subnets(self) -> ec2.SubnetSelection:
        """The public subnets, for load balancers."""
        return ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)

    def add_interface_endpoint(
        self, service: ec2.InterfaceVpcEndpointAwsService, *, private_dns: bool = True
    ) -> ec2.InterfaceVpcEndpoint:
        """Let the network reach a service of AWS over HTTPS, without the internet."""
        if self.endpoint_security_group is None:
            self.endpoint_security_group = self._endpoint_group()
        id_ = _endpoint_id(service.short_name)
        # S3 and DynamoDB may have a gateway endpoint too.
        exists = self.vpc.node.try_find_child(id_) is not None
        endpoint = self.vpc.add_interface_endpoint(
            f"{id_}Interface" if exists else id_,
            service=service,
            subnets=self.private_subnets,
            security_groups=[self.endpoint_security_group],
            private_dns_enabled=private_dns,
            open=False,
        )
        self.endpoints[service.short_name] = endpoint
        return endpoint

    def prefix_list(self, service: str) -> ec2.IPrefixList:
        """Return the region's prefix list of a service such as `s3`, for rules of security groups.

        The CDK looks it up once and keeps it in `cdk.context.json`, so the stack needs an account
        and a region.
        """
        name = f"com.amazonaws.{Stack.of(self).region}.{service}"
        id_ = f"{_endpoint_id(service)}Prefixes"
        return ec2.PrefixList.from_lookup(self, id_, prefix_list_name=name)

    def _flow_logs(self, bucket: s3.IBucket | None) -> dict[str, ec2.FlowLogOptions]:
        destinations = {}
        if self.flow_log_group:
            group = ec2.FlowLogDestination.to_cloud_watch_logs(self.flow_log_group)
            destinations["Traffic"] = group
        if bucket:
            destinations["TrafficFiles"] = ec2.FlowLogDestination.to_s3(bucket)
        return {
            id_: ec2.FlowLogOptions(
                destination=destination, traffic_type=ec2.FlowLogTrafficType.ALL
            )
            for id_, destination in destinations.items()
        }

    def _make_acls(self, public_ports: Sequence[int], *, ipv6: bool, isolated: bool) -> None:
        make = partial(self._make_acl, ipv6=ipv6)
        self.public_acl = make("PublicAcl", self.public_subnets, public_ports)
        self.private_acl = make("PrivateAcl", self.private_subnets, ())
        if isolated:
            self.isolated_acl = make("IsolatedAcl", self.isolated_subnets, ())

    def _restrict_endpoints(
        self, policies: Mapping[str, Sequence[aws_iam.PolicyStatement]]
    ) -> None:
        for name, statements in policies.items():
            endpoint = choose(self.endpoints, f"{self.node.path}: endpoint_policies", name)
            for statement in statements:
                endpoint.add_to_policy(statement)

    def _make_acl(
        self, id_: str, subnets: ec2.SubnetSelection, ports: Sequence[int], *, ipv6: bool
    ) -> ec2.NetworkAcl:
        """Allow this network, responses and `ports` in, and everything out."""
        acl = ec2.NetworkAcl(self, id_, vpc=self.vpc, subnet_selection=subnets)
        self._add_entries(acl, ports, ec2.AclCidr.ipv4(self.plan.cidr), ec2.AclCidr.any_ipv4())
        if ipv6:
            blocks = cast("ec2.Vpc", self.vpc).vpc_ipv6_cidr_blocks
            here = ec2.AclCidr.ipv6(Fn.select(0, blocks))
            self._add_entries(acl, ports, here, ec2.AclCidr.any_ipv6(), suffix="V6", first=1000)
        return acl

    def _add_entries(
        self,
        acl: ec2.NetworkAcl,
        ports: Sequence[int],
        internal: ec2.AclCidr,
        world: ec2.AclCidr,
        *,
        suffix: str = "",
        first: int = 0,
    ) -> None:
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
                f"{entry}{suffix}",
                cidr=cidr,
                rule_number=first + number,
                traffic=allowed,
                direction=ec2.TrafficDirection.INGRESS,
            )
        acl.add_entry(
            f"Out{suffix}",
            cidr=world,
            rule_number=first + 100,
            traffic=traffic.all_traffic(),
            direction=ec2.TrafficDirection.EGRESS,
        )

    def _endpoint_group(self) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self,
            "Endpoints",
            vpc=self.vpc,
            description="Interface endpoints, reached over HTTPS from this network",
            allow_all_outbound=False,
        )
        group.add_ingress_rule(ec2.Peer.ipv4(self._cidr), ec2.Port.tcp(443))
        return group

    @property
    def _cidr(self) -> str:
        return self.plan.cidr


class _ExistingNetwork(Network):
    """A VPC that this library did not make, so nothing about it is enforced."""

    def __init__(self, scope: Construct, id_: str, vpc: ec2.IVpc) -> None:
        Construct.__init__(self, scope, id_)
        prepare(self)
        self.vpc = vpc
        self._with_egress = bool(vpc.private_subnets)
        self.flow_log_group = self.public_acl = self.private_acl = self.isolated_acl = None
        self.endpoint_security_group = None
        self.endpoints = {}
        Annotations.of(self).add_warning_v2(
            "signal9-constructs:existingVpc",
            "the owner of an existing VPC must see to its flow logs, network ACLs and default "
            "security group; acknowledge this warning when that is done",
        )

    @property
    def private_subnets(self) -> ec2.SubnetSelection:
        return ec2.SubnetSelection(subnet_type=self.private_type)

    @property
    def isolated_subnets(self) -> ec2.SubnetSelection:
        return ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)

    @property
    def _cidr(self) -> str:
        return self.vpc.vpc_cidr_block


@jsii.implements(ec2.IIpAddresses)
class _PlannedAddresses:
    """Gives the CDK the blocks of a plan; it would divide the network differently."""

    def __init__(self, plan: SubnetPlan) -> None:
        self._plan = plan

    def allocate_vpc_cidr(self) -> ec2.VpcIpamOptions:
        return ec2.VpcIpamOptions(cidr_block=self._plan.cidr)

    def allocate_subnets_cidr(self, *_request: object, **_more: object) -> ec2.SubnetIpamOptions:
        # The CDK asks for all subnets of one configuration, then of the next, in our order.
        blocks = (*self._plan.public, *self._plan.private, *self._plan.isolated)
        return ec2.SubnetIpamOptions(
            allocated_subnets=[ec2.AllocatedSubnet(cidr=block) for block in blocks]
        )


def _zones(names: Sequence[str], count: int) -> list[str]:
    # Tokens, because the CDK would look up the account's zones to check plain names.
    if names:
        return [Fn.join("", [name]) for name in names]
    return [Fn.select(position, Fn.get_azs()) for position in range(count)]


def _subnets(prefix: int, *, with_egress: bool, isolated: bool) -> list[ec2.SubnetConfiguration]:
    kinds = {_PUBLIC: ec2.SubnetType.PUBLIC, _PRIVATE: _private_type(with_egress=with_egress)}
    if isolated:
        kinds[_ISOLATED] = ec2.SubnetType.PRIVATE_ISOLATED
    return [
        ec2.SubnetConfiguration(
            name=name,
            subnet_type=type_,
            cidr_mask=prefix,
            map_public_ip_on_launch=False if type_ is ec2.SubnetType.PUBLIC else None,
        )
        for name, type_ in kinds.items()
    ]


def _private_type(*, with_egress: bool) -> ec2.SubnetType:
    return ec2.SubnetType.PRIVATE_WITH_EGRESS if with_egress else ec2.SubnetType.PRIVATE_ISOLATED


def _endpoint_id(service: str) -> str:
    return "".join(part.capitalize() for part in service.replace(".", "-").split("-"))
