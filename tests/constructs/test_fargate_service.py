"""FargateService: HTTPS in front, private tasks behind, deployments that roll back."""

from pathlib import Path
from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match

from signal9_constructs import ApiSecret, ConstructError, DataTable, FargateService, Network
from tests.constructs.alone import ALONE
from tests.constructs.lab import Made, actions, only, properties, synthesise, text

SERVICE: Final = "AWS::ECS::Service"
TASK: Final = "AWS::ECS::TaskDefinition"
LISTENER: Final = "AWS::ElasticLoadBalancingV2::Listener"
ARN: Final = "arn:aws:acm:us-east-1:123456789012:certificate/c"


def _public(stack: Stack) -> None:
    network = Network(stack, "Network", nat_gateways=0)
    bank = ApiSecret(stack, "Bank", fields=("apiKey", "user"))
    service = FargateService(
        stack,
        "Web",
        image=ecr.Repository.from_repository_name(stack, "Images", "web"),
        vpc=network.vpc,
        certificate=acm.Certificate.from_certificate_arn(stack, "Certificate", ARN),
        internet_facing=True,
        task_subnets=network.private_subnets,
        environment={"STAGE": "dev"},
        secrets={"KEY": (bank.secret, "apiKey"), "ALL": bank.secret},
        min_tasks=1,
        max_tasks=1,
        container_props={"stop_timeout": None, "working_directory": "/srv"},
        props={"circuit_breaker": ecs.DeploymentCircuitBreaker(enable=True, rollback=False)},
    )
    DataTable(stack, "Orders", partition_key="id").grant_read(service)
    database = ec2.SecurityGroup(stack, "Database", vpc=network.vpc, allow_all_outbound=False)
    database.connections.allow_from(service, ec2.Port.tcp(5432))


def _inside(stack: Stack) -> None:
    vpc = _vpc(stack, cidr=None)
    cluster = ecs.Cluster.from_cluster_attributes(
        stack, "Cluster", cluster_name="shared", vpc=vpc, security_groups=[]
    )
    FargateService(
        stack,
        "Web",
        image=Path(__file__).parent / "container",
        cluster=cluster,
        http_inside_vpc=True,
        clients=[ec2.Peer.ipv4("10.1.0.0/16"), ec2.SecurityGroup(stack, "Callers", vpc=vpc)],
        architecture="x86_64",
        task_role=iam.Role.from_role_name(stack, "Role", "web"),
        deletion_protection=False,
        writable_paths=(),
    )


def _vpc(stack: Stack, cidr: str | None) -> ec2.IVpc:
    return ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-0123456789abcdef0",
        availability_zones=["us-east-1a"],
        private_subnet_ids=["subnet-0123456789abcdef0"],
        vpc_cidr_block=cidr,
    )


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(plain=ALONE["FargateService"], public=_public, inside=_inside)


def test_requests_come_over_https_from_the_vpc_only(made: Made) -> None:
    made["plain"].has_resource_properties(
        LISTENER, {"Port": 443, "SslPolicy": Match.string_like_regexp("TLS13")}
    )
    made["plain"].has_resource_properties(
        "AWS::ElasticLoadBalancingV2::LoadBalancer", {"Scheme": "internal"}
    )
    made["plain"].has_resource_properties(
        "AWS::EC2::SecurityGroup",
        {"SecurityGroupIngress": [Match.object_like({"CidrIp": "10.0.0.0/16", "FromPort": 443})]},
    )


def test_tasks_are_private_small_arm_and_run_as_nobody_on_a_read_only_disk(made: Made) -> None:
    task = only(made["plain"], TASK)
    container = task["ContainerDefinitions"][0]  # type: ignore[index]

    assert task["RuntimePlatform"] == {
        "CpuArchitecture": "ARM64",
        "OperatingSystemFamily": "LINUX",
    }
    assert (container["User"], container["ReadonlyRootFilesystem"]) == ("1000:1000", True)
    assert [mount["ContainerPath"] for mount in container["MountPoints"]] == ["/tmp"]
    assert '"AssignPublicIp": "DISABLED"' in text(made["plain"])


def test_a_deployment_that_fails_is_rolled_back_and_nobody_may_log_in(made: Made) -> None:
    made["plain"].has_resource_properties(
        SERVICE,
        {
            "DeploymentConfiguration": {
                "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
                "MinimumHealthyPercent": 100,
            },
            "EnableExecuteCommand": False,
        },
    )


def test_tasks_follow_cpu_and_requests_and_a_deployment_does_not_reset_them(made: Made) -> None:
    policies = text(made["plain"])

    assert "ECSServiceAverageCPUUtilization" in policies
    assert "ALBRequestCountPerTarget" in policies
    assert "DesiredCount" not in only(made["plain"], SERVICE)
    assert only(made["public"], SERVICE)["DesiredCount"] == 1
    made["public"].resource_count_is("AWS::ApplicationAutoScaling::ScalableTarget", 0)


def test_requests_are_logged_and_the_log_expires(made: Made) -> None:
    assert '"access_logs.s3.enabled", "Value": "true"' in text(made["plain"])
    made["plain"].has_resource_properties(
        "AWS::S3::Bucket",
        {
            "LifecycleConfiguration": {
                "Rules": [Match.object_like({"ExpirationInDays": 90, "Status": "Enabled"})]
            }
        },
    )
    assert "logdelivery.elasticloadbalancing.amazonaws.com" in text(made["plain"])


def test_errors_latency_and_exhaustion_notify(made: Made) -> None:
    alarms = properties(made["plain"], "AWS::CloudWatch::Alarm")

    assert {alarm["MetricName"] for alarm in alarms} == {
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "UnHealthyHostCount",
        "TargetResponseTime",
        "CPUUtilization",
        "MemoryUtilization",
    }


def test_the_internet_is_redirected_to_https(made: Made) -> None:
    redirect = next(
        listener for listener in properties(made["public"], LISTENER) if listener["Port"] == 80
    )

    assert redirect["DefaultActions"][0]["RedirectConfig"]["Port"] == "443"  # type: ignore[index]


def test_secrets_reach_the_container_whole_or_by_field_and_never_as_text(made: Made) -> None:
    container = only(made["public"], TASK)["ContainerDefinitions"][0]  # type: ignore[index]

    assert {secret["Name"] for secret in container["Secrets"]} == {"KEY", "ALL"}
    assert ":apiKey::" in str(container["Secrets"])
    assert container["Environment"] == [{"Name": "STAGE", "Value": "dev"}]


def test_grants_go_to_the_tasks_and_security_groups_know_them(made: Made) -> None:
    assert "dynamodb:Query" in actions(made["public"])
    made["public"].has_resource_properties(
        "AWS::EC2::SecurityGroupIngress", {"FromPort": 5432, "IpProtocol": "tcp"}
    )


def test_further_props_replace_defaults_of_service_and_container(made: Made) -> None:
    made["public"].has_resource_properties(
        SERVICE, {"DeploymentConfiguration": {"DeploymentCircuitBreaker": {"Rollback": False}}}
    )
    assert '"WorkingDirectory": "/srv"' in text(made["public"])


def test_an_existing_cluster_role_and_clients_are_used(made: Made) -> None:
    made["inside"].resource_count_is("AWS::ECS::Cluster", 0)
    made["inside"].has_resource_properties(LISTENER, {"Port": 80, "Protocol": "HTTP"})
    assert "10.1.0.0/16" in text(made["inside"])
    assert ":role/web" in text(made["inside"])
    assert "assets" in str(only(made["inside"], TASK)["ContainerDefinitions"])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({}, "certificate: required for HTTPS"),
        ({"http_inside_vpc": True, "internet_facing": True}, "certificate: required"),
        ({"http_inside_vpc": True, "vpc": None}, "exactly one of vpc and cluster"),
        ({"http_inside_vpc": True}, "clients: required"),
        ({"http_inside_vpc": True, "architecture": "mips"}, "architecture 'mips'"),
    ],
)
def test_what_cannot_be_deployed_is_refused(arguments: dict[str, object], why: str) -> None:
    stack = Stack()
    given = {"vpc": _vpc(stack, cidr=None), "image": "nginx"} | arguments

    with pytest.raises(ConstructError, match=why):
        FargateService(stack, "Web", **given)  # type: ignore[arg-type]
