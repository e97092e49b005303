"""GuardedStage: tags, protection, boundary, rule packs, references."""

import pytest
from aws_cdk import Acknowledgment as CdkAcknowledgment
from aws_cdk import CfnOutput, NestedStack, PermissionsBoundary, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Capture, Template
from aws_cdk.cx_api import CloudFormationStackArtifact
from cdk_nag import AwsSolutionsChecks

from signal9_constructs import Acknowledgment, ConstructError, GuardedStage, RulePack
from tests.constructs.lab import app, text


class Guarded:
    """A stage with a producing stack, a consuming stack and a nested one, synthesised once."""

    def __init__(self) -> None:
        self.app = app()
        self.stage = GuardedStage(
            self.app,
            "Shop-Dev",
            tags={"Owner": "shop"},
            termination_protection=True,
            permissions_boundary=PermissionsBoundary.from_name("developers"),
            rule_packs=(),
        )
        self.data = Stack(self.stage, "Data")
        self.api = Stack(self.stage, "Api")
        nested = NestedStack(self.data, "Nested")
        sqs.Queue(nested, "Queue")
        bucket = s3.Bucket(self.data, "Bucket")
        iam.Role(self.data, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        CfnOutput(self.api, "Name", value=bucket.bucket_arn)
        self.assembly = self.app.synth().get_nested_assembly("assembly-Shop-Dev")

    def stack(self, name: str) -> CloudFormationStackArtifact:
        return self.assembly.get_stack_artifact(getattr(self, name).artifact_id)


@pytest.fixture(scope="module")
def guarded() -> Guarded:
    return Guarded()


@pytest.fixture(scope="module")
def careless() -> GuardedStage:
    stage = GuardedStage(app(), "Careless", rule_packs=list(RulePack))
    s3.Bucket(Stack(stage, "Data"), "Bucket")
    return stage


def test_tags_are_on_resources_and_on_stacks(guarded: Guarded) -> None:
    template = Template.from_stack(guarded.data)

    template.has_resource_properties(
        "AWS::S3::Bucket", {"Tags": [{"Key": "Owner", "Value": "shop"}]}
    )
    assert guarded.stack("data").tags == {"Owner": "shop"}


def test_every_stack_is_protected_against_termination(guarded: Guarded) -> None:
    protected = [guarded.stack(name).termination_protection for name in ("data", "api")]

    assert protected == [True, True]


def test_a_stack_decides_for_itself_where_the_stage_does_not() -> None:
    root = app()
    stage = GuardedStage(root, "Open", rule_packs=())
    Stack(stage, "Kept", termination_protection=True)
    Stack(stage, "Free")

    stacks = root.synth().get_nested_assembly("assembly-Open").stacks

    assert {stack.stack_name: stack.termination_protection for stack in stacks} == {
        "Open-Kept": True,
        "Open-Free": False,
    }


def test_roles_are_bounded(guarded: Guarded) -> None:
    boundary = Capture()

    Template.from_stack(guarded.data).has_resource_properties(
        "AWS::IAM::Role", {"PermissionsBoundary": boundary}
    )

    assert "policy/developers" in str(boundary.as_object())


def test_stacks_refer_to_each_other_without_exports(guarded: Guarded) -> None:
    producer, consumer = Template.from_stack(guarded.data), Template.from_stack(guarded.api)

    assert "Export" not in text(producer)
    assert "Fn::GetStackOutput" in text(consumer)


@pytest.mark.parametrize("pack", list(RulePack))
def test_every_pack_finds_what_it_forbids(careless: GuardedStage, pack: RulePack) -> None:
    found = {finding.id for finding in careless.verdict().open}

    assert pack is RulePack.SERVERLESS or any(id_.startswith(f"{pack}-") for id_ in found)


def test_an_open_finding_stops_synthesis() -> None:
    root = app()
    stage = GuardedStage(root, "Careless")
    s3.Bucket(Stack(stage, "Data"), "Bucket")

    with pytest.raises(RuntimeError, match="AwsSolutions-S1"):
        root.synth()


def test_a_warning_stops_synthesis_as_an_error_does() -> None:
    root = app()
    stage = GuardedStage(root, "Careless", rule_packs=[RulePack.SERVERLESS])
    _function_with_warnings(Stack(stage, "Code"))
    severities = {finding.severity for finding in stage.verdict().open}
    stage.acknowledge(
        *(
            Acknowledgment(finding.id, "not what is tried here")
            for finding in stage.verdict().open
            if finding.severity == "error"
        )
    )

    with pytest.raises(RuntimeError, match="Serverless-LambdaTracing"):
        root.synth()
    assert "warning" in severities


def _function_with_warnings(stack: Stack) -> None:
    lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=lambda_.Code.from_inline("pass"),
    )


def test_an_acknowledged_finding_is_kept_with_its_reason(careless: GuardedStage) -> None:
    stage = GuardedStage(app(), "Careful", rule_packs=[RulePack.AWS_SOLUTIONS])
    s3.Bucket(Stack(stage, "Data"), "Bucket")
    stage.acknowledge(Acknowledgment("AwsSolutions-S1", "no one reads it", "**/Data/Bucket/**"))
    stage.acknowledge(Acknowledgment("AwsSolutions-EC1", "never needed"))

    verdict = stage.verdict()

    assert [(finding.id, reason.reason) for finding, reason in verdict.acknowledged] == [
        ("AwsSolutions-S1", "no one reads it")
    ]
    assert [finding.id for finding in verdict.open] == ["AwsSolutions-S10"]
    assert [each.id for each in verdict.unused] == ["AwsSolutions-EC1"]
    assert [each.id for each in stage.acknowledgments] == ["AwsSolutions-S1", "AwsSolutions-EC1"]


def test_an_acknowledgment_without_a_reason_is_refused() -> None:
    stage, silent = GuardedStage(app(), "Careful"), Acknowledgment("AwsSolutions-S1", " ")

    with pytest.raises(ConstructError, match="acknowledging AwsSolutions-S1 requires a reason"):
        stage.acknowledge(silent)
    with pytest.raises(ConstructError, match="acknowledging AwsSolutions-S1 requires a reason"):
        GuardedStage(app(), "Careful", acknowledgments=[silent])


def test_acknowledgments_through_cdk_itself_count() -> None:
    root = app()
    stage = GuardedStage(root, "Careful", rule_packs=[RulePack.AWS_SOLUTIONS])
    bucket = s3.Bucket(Stack(stage, "Data"), "Bucket", enforce_ssl=True)
    Validations.of(bucket).acknowledge(
        CdkAcknowledgment(id="AwsSolutions-S1", reason="a scratch bucket")
    )

    assert stage.verdict().open == ()
    root.synth()


@pytest.mark.parametrize(
    ("id_", "left"),
    [
        ("AwsSolutions-IAM5[Resource::*]", 1),
        ("AwsSolutions-IAM5[Resource::<**.Arn>/*]", 1),
        ("AwsSolutions-IAM5[**]", 0),
    ],
)
def test_a_granular_finding_is_accepted_alone_or_with_others(id_: str, left: int) -> None:
    stage = GuardedStage(app(), "Careful", rule_packs=[RulePack.AWS_SOLUTIONS])
    stack = Stack(stage, "Data")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    files = sqs.Queue(stack, "Queue").queue_arn
    role.add_to_policy(iam.PolicyStatement(actions=["xray:PutTraceSegments"], resources=["*"]))
    role.add_to_policy(iam.PolicyStatement(actions=["a:Read"], resources=[f"{files}/*"]))
    stage.acknowledge(Acknowledgment(id_, "what is tried here"))

    found = [finding for finding in stage.verdict().open if "IAM5" in finding.id]

    assert len(found) == left


def test_a_stage_checks_only_itself() -> None:
    root = app()
    s3.Bucket(Stack(GuardedStage(root, "Sandbox", rule_packs=()), "Data"), "Bucket")
    guarded = GuardedStage(root, "Prod")
    Stack(guarded, "Empty")

    root.synth()

    assert guarded.verdict().open == ()


@pytest.fixture(scope="module")
def silenced() -> tuple[GuardedStage, Template]:
    stage = GuardedStage(app(), "Silent", rule_packs=[RulePack.AWS_SOLUTIONS])
    stack = Stack(stage, "Data")
    bucket = s3.Bucket(stack, "Bucket", enforce_ssl=True)
    resource = bucket.node.default_child
    assert isinstance(resource, s3.CfnBucket)
    resource.add_metadata("checkov", {"skip": [{"id": "CKV_AWS_21", "comment": "the app's"}]})
    sqs.Queue(stack, "Inbox", enforce_ssl=True)
    stage.acknowledge(
        Acknowledgment("AwsSolutions-S1", "a scratch bucket", "**/Bucket/**"),
        Acknowledgment("CKV_AWS_18", "a scratch bucket", "**/Bucket/**"),
        Acknowledgment("CKV_AWS_27", "SQS has a key", "**/Topic/**"),
        Acknowledgment("W3005", "the CDK writes both", "**/Bucket/Resource"),
        Acknowledgment("I3011", "the stage decides", "**/Data"),
    )
    return stage, Template.from_stack(stack)


def test_an_accepted_finding_is_silenced_where_it_is(
    silenced: tuple[GuardedStage, Template],
) -> None:
    _, template = silenced
    (bucket,) = template.find_resources("AWS::S3::Bucket").values()
    metadata = bucket["Metadata"]

    reason = {"id": "AwsSolutions-S1", "reason": "a scratch bucket"}
    assert metadata["cdk_nag"] == {"rules_to_suppress": [reason]}
    assert metadata["cfn-lint"]["config"] == {"ignore_checks": ["W3005"]}
    assert metadata["cfn-lint"]["reasons"] == {"W3005": "the CDK writes both"}


def test_what_an_app_silenced_itself_stays_silenced(
    silenced: tuple[GuardedStage, Template],
) -> None:
    _, template = silenced

    (bucket,) = template.find_resources("AWS::S3::Bucket").values()

    skipped = [entry["id"] for entry in bucket["Metadata"]["checkov"]["skip"]]
    assert skipped == ["CKV_AWS_21", "CKV_AWS_18"]


def test_only_what_a_scanner_reports_is_silenced(silenced: tuple[GuardedStage, Template]) -> None:
    _, template = silenced

    (policy,) = template.find_resources("AWS::S3::BucketPolicy").values()

    assert "Metadata" not in policy


def test_what_cfn_lint_finds_in_a_stack_is_silenced_in_its_template(
    silenced: tuple[GuardedStage, Template],
) -> None:
    _, template = silenced

    metadata = template.to_json()["Metadata"]["cfn-lint"]

    assert metadata["config"] == {"ignore_checks": ["I3011"]}


def test_acknowledgments_are_judged_alike_after_synthesis(
    silenced: tuple[GuardedStage, Template],
) -> None:
    verdict = silenced[0].verdict()

    assert {known.id for _, known in verdict.acknowledged} == {
        "AwsSolutions-S1",
        "CKV_AWS_18",
        "W3005",
        "I3011",
    }
    assert [known.id for known in verdict.unused] == ["CKV_AWS_27"]


def test_cdk_nag_itself_finds_nothing_of_what_is_acknowledged(
    silenced: tuple[GuardedStage, Template],
) -> None:
    found = {each.rule_name for each in AwsSolutionsChecks().validate_scope(silenced[0]).violations}

    assert found == {"AwsSolutions-SQS3"}
