"""What an emulator of AWS makes of jobs, containers, lakes and user pools."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

import pytest
from aws_cdk import App, CfnElement, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

from signal9_constructs import (
    DataLake,
    FargateService,
    LakeTable,
    Network,
    Partition,
    StateMachineJob,
    UserPool,
)
from tests.constructs.test_deployed import ENV, Client, connected, deploy, synthesizer
from tests.emulator import running_emulator

REFUSED: Final = {"AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"}


class Parts(Stack):
    """The constructs, without what the emulator refuses."""

    def __init__(self, scope: App) -> None:
        super().__init__(scope, "Parts", synthesizer=synthesizer(), env=ENV)
        fails = sfn.Fail(self, "Fails", error="Empty", cause="no orders")
        self.job = StateMachineJob(self, "Job", definition=fails)
        self.job.start_on_schedule("Nightly", schedule="cron(0 6 * * ? *)")
        days = Partition.by_day("day", first=date(2026, 1, 1))
        DataLake(self, "Lake", tables=[LakeTable("orders", {"id": "string"}, [days])])
        users = UserPool(self, "Users", api="orders", scopes={"read": "Read orders"})
        users.add_client("Site", callback_urls=["https://shop.example/"])
        users.add_machine_client("Import", scopes=["read"])
        network = Network(
            self,
            "Network",
            nat_gateways=0,
            network_acls=False,
            flow_log_retention_days=None,
            close_default_security_group=False,
        )
        self.web = FargateService(
            self,
            "Web",
            image="public.ecr.aws/nginx/nginx-unprivileged:1.29",
            vpc=network.vpc,
            http_inside_vpc=True,
            clients=[ec2.Peer.ipv4("10.0.0.0/16")],  # the emulator does not know a VPC's addresses
            task_subnets=network.private_subnets,
            load_balancer_subnets=network.private_subnets,
            min_tasks=1,
            max_tasks=1,  # the emulator refuses scaling
        )


class Deployed(NamedTuple):
    """The stack, its resources by logical id, and clients of the emulator."""

    parts: Parts
    made: Mapping[str, str]
    client: Client

    def name(self, resource: IConstruct) -> str:
        """Return what the emulator calls a resource."""
        default = resource if isinstance(resource, CfnElement) else resource.node.default_child
        assert isinstance(default, CfnElement)
        return self.made[str(self.parts.resolve(default.logical_id))]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("cdk.out")
    root = App(outdir=str(folder), analytics_reporting=False)
    parts = Parts(root)
    root.synth()
    _leave_out_what_is_refused(folder / "Parts.template.json")
    with running_emulator() as address, connected(address) as client:
        yield Deployed(parts, deploy(client, folder, "Parts"), client)


def _leave_out_what_is_refused(file: Path) -> None:
    template = json.loads(file.read_text("utf-8"))
    template["Resources"] = {
        logical_id: resource
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] not in REFUSED
    }
    file.write_text(json.dumps(template), "utf-8")


def test_the_input_of_a_failed_execution_waits_in_a_queue(deployed: Deployed) -> None:
    machine = deployed.name(deployed.parts.job.state_machine)
    failures = deployed.parts.job.failures
    assert failures is not None

    deployed.client("stepfunctions").start_execution(stateMachineArn=machine, input='{"day": 1}')
    event = json.loads(_first_message(deployed.client("sqs"), deployed.name(failures)))

    assert (event["detail"]["status"], event["detail"]["input"]) == ("FAILED", '{"day": 1}')


def _first_message(client: Any, url: str) -> str:
    deadline = monotonic() + 15
    while monotonic() < deadline:
        messages = client.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        if messages:
            return str(messages[0]["Body"])
        sleep(0.1)
    raise AssertionError("nothing arrived")


def test_a_table_of_the_lake_computes_its_partitions_and_queries_are_limited(
    deployed: Deployed,
) -> None:
    (database,) = deployed.client("glue").get_databases()["DatabaseList"]
    (table,) = deployed.client("glue").get_tables(DatabaseName=database["Name"])["TableList"]
    groups = deployed.client("athena").list_work_groups()["WorkGroups"]

    assert table["Parameters"]["projection.day.range"] == "2026-01-01,NOW"
    assert [key["Name"] for key in table["PartitionKeys"]] == ["day"]
    assert any("Lake" in group["Name"] for group in groups)


def test_users_sign_in_by_code_and_programs_by_secret(deployed: Deployed) -> None:
    cognito = deployed.client("cognito-idp")
    (pool,) = cognito.list_user_pools(MaxResults=5)["UserPools"]
    listed = cognito.list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=5)["UserPoolClients"]

    clients = [
        cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=each["ClientId"])
        for each in listed
    ]

    flows = {
        tuple(client["UserPoolClient"]["AllowedOAuthFlows"]): "ClientSecret"
        in client["UserPoolClient"]
        for client in clients
    }
    assert flows == {("code",): False, ("client_credentials",): True}


def test_a_load_balancer_knows_the_tasks(deployed: Deployed) -> None:
    group = deployed.name(deployed.parts.web.target_group)
    (service,) = deployed.client("ecs").describe_services(
        cluster=deployed.name(deployed.parts.web.cluster),
        services=[deployed.made["WebServiceDF29B54C"]],
    )["services"]
    (balancer,) = deployed.client("elbv2").describe_load_balancers()["LoadBalancers"]

    assert service["loadBalancers"][0]["targetGroupArn"] == group
    assert balancer["Scheme"] == "internal"
