"""Network: subnets where the plan says, ways out by number, recorded, fenced."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from aws_cdk import Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Capture, Match, Template
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_constructs import ConstructError, Network, SecureBucket, plan_subnets
from tests.constructs.lab import ENV, Made, app, properties, synthesise, text

SUBNET = "AWS::EC2::Subnet"


def _plain(stack: Stack) -> None:
    Network(stack, "Network")


def _thrifty(stack: Stack) -> None:
    Network(
        stack,
        "Network",
        cidr="10.9.0.0/20",
        availability_zones=["us-east-1a", "us-east-1c", "us-east-1d"],
        nat_gateways=1,
        public_ports=(80, 443),
        close_default_security_group=False,
        gateway_endpoints=(),
        flow_log_retention_days=7,
        tags={"Team": "net"},
    )


def _closed(stack: Stack) -> None:
    services = ec2.InterfaceVpcEndpointAwsService
    network = Network(
        stack,
        "Network",
        nat_gateways=0,
        interface_endpoints=[services.SECRETS_MANAGER, services.CLOUDWATCH_LOGS],
        network_acls=False,
        flow_log_retention_days=None,
    )
    ec2.SecurityGroup(stack, "Group", vpc=network.vpc)


def _dual(stack: Stack) -> None:
    services = ec2.InterfaceVpcEndpointAwsService
    statement = iam.PolicyStatement(
        principals=[iam.AnyPrincipal()], actions=["s3:GetObject"], resources=["*"]
    )
    network = Network(
        stack,
        "Network",
        isolated_subnets=True,
        ipv6=True,
        interface_endpoints=[services.SECRETS_MANAGER],
        endpoint_policies={"s3": [statement]},
        flow_log_bucket=SecureBucket(stack, "Traffic"),
        flow_log_retention_days=None,
        props=ec2.VpcProps(enable_dns_hostnames=False),
    )
    group = ec2.SecurityGroup(stack, "Group", vpc=network.vpc, allow_all_outbound=False)
    prefixes = ec2.Peer.prefix_list(network.prefix_list("s3").prefix_list_id)
    group.add_egress_rule(prefixes, ec2.Port.tcp(443))
    assert network.vpc.select_subnets(subnet_group_name="Isolated").availability_zones
    assert network.isolated_subnets.subnet_group_name == "Isolated"


def _existing(stack: Stack) -> None:
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Old",
        vpc_id="vpc-0123456789abcdef0",
        vpc_cidr_block="10.3.0.0/16",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
    )
    network = Network.from_vpc(stack, "Network", vpc)
    network.add_interface_endpoint(ec2.InterfaceVpcEndpointAwsService.SECRETS_MANAGER)
    assert network.resource is vpc


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        plain=_plain, thrifty=_thrifty, closed=_closed, dual=_dual, existing=_existing
    )


def _blocks(template: Template) -> set[object]:
    return {subnet["CidrBlock"] for subnet in properties(template, SUBNET)}


def test_two_zones_have_a_public_and_a_private_subnet_each(made: Made) -> None:
    made["plain"].has_resource_properties(
        "AWS::EC2::VPC",
        {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": True, "EnableDnsSupport": True},
    )
    assert _blocks(made["plain"]) == {
        "10.0.1.0/24",
        "10.0.2.0/24",
        "10.0.101.0/24",
        "10.0.102.0/24",
    }


@pytest.mark.parametrize(
    ("block", "kind", "zone"),
    [
        ("10.0.1.0/24", "Public", 0),
        ("10.0.2.0/24", "Public", 1),
        ("10.0.101.0/24", "Private", 0),
        ("10.0.102.0/24", "Private", 1),
    ],
)
def test_each_subnet_is_of_its_kind_and_in_its_zone(
    made: Made, block: str, kind: str, zone: int
) -> None:
    made["plain"].has_resource_properties(
        SUBNET,
        {
            "CidrBlock": block,
            "AvailabilityZone": {"Fn::Select": [zone, {"Fn::GetAZs": ""}]},
            "MapPublicIpOnLaunch": False,
            "Tags": Match.array_with([{"Key": "aws-cdk:subnet-name", "Value": kind}]),
        },
    )


def test_zones_are_never_looked_up() -> None:
    stack = Stack(env={"account": "123456789012", "region": "eu-west-1"})
    Network(stack, "Network", az_count=3)

    assert "dummy" not in text(Template.from_stack(stack))


def test_every_zone_has_its_own_way_out(made: Made) -> None:
    made["plain"].resource_count_is("AWS::EC2::NatGateway", 2)
    made["plain"].resource_count_is("AWS::EC2::InternetGateway", 1)
    made["plain"].resource_count_is("AWS::EC2::RouteTable", 4)
    made["plain"].resource_count_is("AWS::EC2::Route", 4)


def test_one_nat_gateway_may_serve_all_zones(made: Made) -> None:
    made["thrifty"].resource_count_is("AWS::EC2::NatGateway", 1)
    made["thrifty"].resource_count_is("AWS::EC2::Route", 6)


def test_without_nat_gateways_private_subnets_reach_no_world(made: Made) -> None:
    made["closed"].resource_count_is("AWS::EC2::NatGateway", 0)
    made["closed"].resource_count_is("AWS::EC2::Route", 2)


def test_all_traffic_is_recorded_for_a_while(made: Made) -> None:
    made["plain"].resource_count_is("AWS::EC2::FlowLog", 1)
    made["plain"].has_resource_properties("AWS::EC2::FlowLog", {"TrafficType": "ALL"})
    made["plain"].has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})
    made["thrifty"].has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 7})


def test_s3_and_dynamodb_are_reached_without_the_world(made: Made) -> None:
    endpoints = properties(made["plain"], "AWS::EC2::VPCEndpoint")

    assert {endpoint["VpcEndpointType"] for endpoint in endpoints} == {"Gateway"}
    assert {str(endpoint["ServiceName"]).rsplit(".", 1)[-1][:2] for endpoint in endpoints} == {
        "s3",
        "dy",
    }


def test_interface_endpoints_answer_this_network_over_https_only(made: Made) -> None:
    group = Capture()

    made["closed"].has_resource_properties(
        "AWS::EC2::VPCEndpoint",
        {
            "VpcEndpointType": "Interface",
            "PrivateDnsEnabled": True,
            "SecurityGroupIds": [{"Fn::GetAtt": [group, "GroupId"]}],
        },
    )
    made["closed"].has_resource_properties(
        "AWS::EC2::SecurityGroup",
        {
            "SecurityGroupIngress": [
                Match.object_like({"CidrIp": "10.0.0.0/16", "FromPort": 443, "ToPort": 443})
            ]
        },
    )
    assert group.as_string().startswith("NetworkEndpoints")


def test_public_subnets_let_in_https_and_answers(made: Made) -> None:
    entries = properties(made["plain"], "AWS::EC2::NetworkAclEntry")
    from_the_world = [
        entry["PortRange"]
        for entry in entries
        if not entry["Egress"] and entry["CidrBlock"] == "0.0.0.0/0"
    ]

    made["plain"].resource_count_is("AWS::EC2::NetworkAcl", 2)
    made["plain"].resource_count_is("AWS::EC2::SubnetNetworkAclAssociation", 4)
    assert from_the_world.count({"From": 443, "To": 443}) == 1
    assert from_the_world.count({"From": 1024, "To": 65535}) == 4


def test_the_default_security_group_is_closed_unless_told_otherwise(made: Made) -> None:
    made["plain"].resource_count_is("Custom::VpcRestrictDefaultSG", 1)
    made["thrifty"].resource_count_is("Custom::VpcRestrictDefaultSG", 0)


def test_fences_and_records_can_be_left_out(made: Made) -> None:
    for kind in ("NetworkAcl", "NetworkAclEntry", "FlowLog"):
        made["closed"].resource_count_is(f"AWS::EC2::{kind}", 0)
    made["closed"].resource_count_is("AWS::Logs::LogGroup", 0)


def test_every_default_can_be_changed(made: Made) -> None:
    assert _blocks(made["thrifty"]) == {f"10.9.{n}.0/24" for n in (0, 1, 2, 8, 9, 10)}
    made["thrifty"].resource_count_is("AWS::EC2::VPCEndpoint", 0)
    made["thrifty"].has_resource_properties(SUBNET, {"AvailabilityZone": "us-east-1d"})
    made["thrifty"].has_resource_properties(
        "AWS::EC2::VPC", {"Tags": Match.array_with([{"Key": "Team", "Value": "net"}])}
    )


def test_more_zones_are_a_number(made: Made) -> None:
    made["thrifty"].resource_count_is(SUBNET, 6)
    template = Template.from_stack(_of_four_zones())

    template.resource_count_is(SUBNET, 8)
    template.resource_count_is("AWS::EC2::NatGateway", 4)


def _of_four_zones() -> Stack:
    stack = Stack()
    Network(stack, "Network", az_count=4)
    return stack


@pytest.mark.parametrize(
    ("gateways", "why"), [(-1, "nat_gateways is -1"), (3, "nat_gateways=3: must be from 0 to 2")]
)
def test_more_nat_gateways_than_zones_are_refused(gateways: int, why: str) -> None:
    with pytest.raises(ConstructError, match=why):
        Network(Stack(), "Network", nat_gateways=gateways)


@pytest.mark.parametrize(
    ("cidr", "zones", "why"),
    [("10.0.0.0/24", 1, "room for 1"), ("10.0.0.1/16", 2, "invalid network"), ("x", 2, "network")],
)
def test_a_network_that_cannot_be_cut_is_refused(cidr: str, zones: int, why: str) -> None:
    with pytest.raises(ConstructError, match=why):
        plan_subnets(cidr, az_count=zones)


def test_isolated_subnets_have_no_way_out_and_their_own_numbers(made: Made) -> None:
    assert {"10.0.201.0/24", "10.0.202.0/24"} <= _blocks(made["dual"])
    routes = [str(each) for each in properties(made["dual"], "AWS::EC2::Route")]

    assert not [route for route in routes if "Isolated" in route]
    made["dual"].resource_count_is("AWS::EC2::NetworkAcl", 3)


def test_a_network_may_have_both_versions_of_addresses(made: Made) -> None:
    made["dual"].resource_count_is("AWS::EC2::VPCCidrBlock", 1)
    made["dual"].resource_count_is("AWS::EC2::EgressOnlyInternetGateway", 1)
    entries = properties(made["dual"], "AWS::EC2::NetworkAclEntry")

    assert [entry.get("Ipv6CidrBlock") for entry in entries].count("::/0") == 10


def test_traffic_may_be_recorded_in_a_bucket(made: Made) -> None:
    made["dual"].has_resource_properties("AWS::EC2::FlowLog", {"LogDestinationType": "s3"})
    made["dual"].resource_count_is("AWS::Logs::LogGroup", 0)
    assert "delivery.logs.amazonaws.com" in text(made["dual"])


def test_endpoints_obey_policies_and_further_props_are_passed_on(made: Made) -> None:
    made["dual"].has_resource_properties(
        "AWS::EC2::VPCEndpoint",
        {
            "VpcEndpointType": "Gateway",
            "PolicyDocument": {"Statement": [Match.object_like({"Action": "s3:GetObject"})]},
        },
    )
    made["dual"].has_resource_properties("AWS::EC2::VPC", {"EnableDnsHostnames": False})


def test_prefix_lists_are_those_of_the_region(made: Made) -> None:
    made["dual"].has_resource_properties(
        "AWS::EC2::SecurityGroupEgress", {"DestinationPrefixListId": "pl-xxxxxxxx"}
    )


def test_an_existing_vpc_gets_endpoints_and_its_owner_is_warned_of(made: Made) -> None:
    stack = Stack(app(), "Existing", env=ENV)
    _existing(stack)

    made["existing"].resource_count_is("AWS::EC2::VPC", 0)
    assert "10.3.0.0/16" in text(made["existing"])
    Annotations.from_stack(stack).has_warning(
        "*", Match.string_like_regexp("the owner of an existing VPC")
    )


@settings(deadline=None, max_examples=60)
@given(st.data(), st.integers(8, 24), st.integers(0, 8), st.booleans())
def test_subnets_are_inside_the_network_and_never_overlap(
    data: st.DataObject, size: int, extra: int, isolated: bool
) -> None:
    prefix, kinds = min(size + extra, 28), 3 if isolated else 2
    network = IPv4Network((data.draw(st.integers(0, 2**size - 1)) << (32 - size), size))
    zones = data.draw(st.integers(1, max(1, min(20, 2 ** (prefix - size) // kinds))))
    if kinds * zones > 2 ** (prefix - size):
        return

    plan = plan_subnets(str(network), az_count=zones, subnet_prefix=prefix, isolated=isolated)

    subnets = [IPv4Network(block) for block in (*plan.public, *plan.private, *plan.isolated)]
    assert len(plan.public) == len(plan.private) == zones
    assert len(plan.isolated) == (zones if isolated else 0)
    assert all(subnet.subnet_of(network) and subnet.prefixlen == prefix for subnet in subnets)
    assert not any(one.overlaps(other) for one, other in combinations(subnets, 2))
