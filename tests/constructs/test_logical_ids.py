"""What holds data keeps its logical id, since under another one CloudFormation makes it anew.

docs/constructs/README.md says how such an id is changed.
"""

from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk.assertions import Template

from tests.constructs.alone import ALONE
from tests.constructs.lab import ENV, app, synthesise_each

STATEFUL: Final = frozenset(
    {
        "AWS::ApiGateway::RestApi",
        "AWS::CloudFront::Distribution",
        "AWS::CloudTrail::Trail",
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolClient",
        "AWS::Cognito::UserPoolDomain",
        "AWS::DynamoDB::GlobalTable",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPC",
        "AWS::EventSchemas::Registry",
        "AWS::Events::Archive",
        "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "AWS::Events::EventBus",
        "AWS::Glue::Database",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::Route53::HostedZone",
        "AWS::S3::Bucket",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SecretsManager::Secret",
        "AWS::StepFunctions::StateMachine",
    }
)
FROZEN: Final[dict[str, frozenset[str]]] = {
    "AccessTrail": frozenset(
        {"Trail022F0CF2", "TrailEventsD44DC775", "TrailFiles35D3AAD8", "TrailKey31F874A3"}
    ),
    "ApiSecret": frozenset(
        {
            "Key961B73FD",
            "KeyAgeCheckDeadLetters1614E2DA",
            "KeyAgeCheckFailuresE72B89F0",
            "KeyAgeCheckLogs6D28C6C3",
        }
    ),
    "ContentDelivery": frozenset({"Site6F918F1A", "SiteE53D7754", "SiteLogsBCCC85C3"}),
    "DataLake": frozenset({"LakeDatabase161E1CC7", "LakeFiles8973D978", "LakeResults1933D710"}),
    "DataTable": frozenset({"OrdersA9B65338"}),
    "DnsZone": frozenset({"ZoneA5DE4B68", "ZoneQueryLogB2F576C1", "ZoneSigningKey2A2F8E9D"}),
    "EventBackbone": frozenset(
        {
            "BillDeadLetters256A2B33",
            "BillFailuresB8FEC32E",
            "BillLogsFECC65A9",
            "EventsArchive5A2DBDD8",
            "EventsD32975C2",
            "EventsDeadLetters8A90034E",
            "EventsRegistry4D961285",
        }
    ),
    "FargateService": frozenset(
        {"WebAccessLogs024BC47D", "WebLoadBalancer8E8983B1", "WebLogsD9759FC4"}
    ),
    "Firewall": frozenset({"WallLogs37498ED6"}),
    "GradualDeployment": frozenset(
        {"BillDeadLetters256A2B33", "BillFailuresB8FEC32E", "BillLogsFECC65A9"}
    ),
    "Network": frozenset(
        {
            "Network1C6012B5",
            "NetworkFlowLogs2BEC3212",
            "NetworkPrivateSubnet1SubnetC4D46731",
            "NetworkPrivateSubnet2SubnetB345BF84",
            "NetworkPublicSubnet1Subnet5B78347B",
            "NetworkPublicSubnet2SubnetC3758C96",
        }
    ),
    "Observability": frozenset(
        {"SeenJobs6281E6FE", "SeenKeyA0DB534F", "SeenTopicFE2FE876", "SeenUndelivered30EDEA75"}
    ),
    "PythonFunction": frozenset(
        {"BillDeadLetters256A2B33", "BillFailuresB8FEC32E", "BillLogsFECC65A9"}
    ),
    "RestService": frozenset({"ApiAccessLog713001CC", "ApiExecutionLog4D3E3207", "ApiF70053CD"}),
    "SecureBucket": frozenset({"PhotosB9552D0D"}),
    "StateMachineJob": frozenset(
        {
            "BillsDE67BFC8",
            "BillsDeadLetters3EE497FF",
            "BillsFailuresE71A80A9",
            "BillsLogsA060FC0D",
        }
    ),
    "UserPool": frozenset(
        {"Users0A0EEA89", "UsersDomainC6632324", "UsersImportCB6E2427", "UsersWebA39D1A70"}
    ),
    "WorkQueue": frozenset({"WorkBF636A8B", "WorkDeadLetters7D6F983C"}),
}


@pytest.fixture(scope="module")
def found() -> dict[str, frozenset[str]]:
    stacks = synthesise_each(ALONE)
    return {name: _stateful(Template.from_stack(stack)) for name, stack in stacks.items()}


def _stateful(template: Template) -> frozenset[str]:
    resources = template.to_json().get("Resources", {})
    return frozenset(
        logical_id for logical_id, each in resources.items() if each["Type"] in STATEFUL
    )


@pytest.mark.parametrize("name", ALONE)
def test_what_holds_data_keeps_its_logical_id(found: dict[str, frozenset[str]], name: str) -> None:
    assert found[name] == FROZEN.get(name, frozenset())


def test_the_main_resource_keeps_the_id_that_a_plain_one_would_have() -> None:
    stack = Stack(app(), "Plain", env=ENV)
    key = dynamodb.Attribute(name="customer", type=dynamodb.AttributeType.STRING)
    dynamodb.TableV2(stack, "Orders", partition_key=key)

    assert _stateful(Template.from_stack(stack)) == FROZEN["DataTable"]
