"""PythonFunction and DependencyLayer: small rights, nothing lost, traced, logged."""

import pytest
from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_efs as efs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Capture, Match

from signal9_constructs import ConstructError, DependencyLayer, PythonBundle, PythonFunction
from tests.constructs.lab import Made, actions, only, properties, synthesise, text, topic

FUNCTION = "AWS::Lambda::Function"
CODE = "def handler(event, context): pass"


def _function(stack: Stack, **options: object) -> PythonFunction:
    code = lambda_.Code.from_inline(CODE)
    return PythonFunction(stack, "Bill", code=code, handler="index.handler", **options)  # type: ignore[arg-type]


def _plain(stack: Stack) -> None:
    _function(stack)


def _full(stack: Stack) -> None:
    queue = sqs.Queue.from_queue_arn(stack, "Lost", "arn:aws:sqs:us-east-1:123456789012:lost")
    _function(
        stack,
        function_name="bill-dev",
        python_version="3.13",
        architecture="x86_64",
        memory_mib=1024,
        timeout_s=10,
        reserved_concurrency=5,
        retries=0,
        max_event_age_s=600,
        environment={"TABLE": "bills", "POWERTOOLS_LOG_LEVEL": "DEBUG"},
        service_name="billing",
        metrics_namespace="Shop",
        tracing=False,
        dead_letters=queue,
        on_failure=destinations.SqsDestination(queue),
        encryption_key=kms.Key(stack, "Key"),
        log_group_name="/shop/bill",
        log_retention_days=7,
        alarm_topic=topic(stack),
    )


def _in_vpc(stack: Stack) -> None:
    _function(stack, vpc=ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=1), snap_start=True)


def _called(stack: Stack) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("events.amazonaws.com"))
    _function(stack, snap_start=True).grant_invoke(caller)


def _passing(stack: Stack) -> None:
    _function(stack, removal_policy=RemovalPolicy.DESTROY)


def _layer(stack: Stack) -> None:
    DependencyLayer(
        stack, "Libraries", code=PythonBundle(requirements=["typing-extensions==4.15.0"])
    )


def _alias(stack: Stack) -> None:
    _function(stack, alias=True, retries=1)


def _changed(stack: Stack) -> None:
    _function(stack, alias=True, retries=1, environment={"TABLE": "bills"})


def _warm(stack: Stack) -> None:
    _function(stack, provisioned_concurrency=2, max_provisioned_concurrency=10)


def _owned(stack: Stack) -> None:
    role = iam.Role(stack, "Own", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=1)
    files = efs.FileSystem(stack, "Files", vpc=vpc)
    point = files.add_access_point("Point")
    function = _function(
        stack,
        role=role,
        vpc=vpc,
        file_system=lambda_.FileSystem.from_efs_access_point(point, "/mnt/files"),
        ephemeral_storage_mib=2048,
        props=lambda_.FunctionOptions(
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
            logging_format=lambda_.LoggingFormat.TEXT,
        ),
    )
    files.connections.allow_default_port_from(function)


def _url(stack: Stack) -> None:
    _function(stack, alias=True).add_url()


def _public_url(stack: Stack) -> None:
    _function(stack).add_url(public=True)


def _image(stack: Stack) -> None:
    repository = ecr.Repository.from_repository_name(stack, "Images", "bills")
    PythonFunction(stack, "Bill", code=lambda_.Code.from_ecr_image(repository, tag_or_digest="1"))


@pytest.fixture(scope="module")
def made() -> Made:
    return synthesise(
        plain=_plain,
        full=_full,
        in_vpc=_in_vpc,
        called=_called,
        layer=_layer,
        passing=_passing,
        alias=_alias,
        changed=_changed,
        warm=_warm,
        owned=_owned,
        url=_url,
        public_url=_public_url,
        image=_image,
    )


def test_a_function_runs_current_python_on_arm_traced_with_bounds(made: Made) -> None:
    made["plain"].has_resource_properties(
        FUNCTION,
        {
            "Runtime": "python3.14",
            "Architectures": ["arm64"],
            "MemorySize": 512,
            "Timeout": 30,
            "TracingConfig": {"Mode": "Active"},
            "LoggingConfig": {"LogFormat": "JSON"},
        },
    )


def test_powertools_knows_the_service(made: Made) -> None:
    made["plain"].has_resource_properties(
        FUNCTION,
        {
            "Environment": {
                "Variables": {
                    "POWERTOOLS_SERVICE_NAME": "Bill",
                    "POWERTOOLS_METRICS_NAMESPACE": "Bill",
                    "POWERTOOLS_LOG_LEVEL": "INFO",
                }
            }
        },
    )


def test_the_role_may_write_its_logs_traces_and_failures_and_nothing_else(made: Made) -> None:
    assert actions(made["plain"]) == {
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
        "sqs:SendMessage",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
    assert "ManagedPolicyArns" not in only(made["plain"], "AWS::IAM::Role")


def test_logs_are_its_own_and_go_after_a_month(made: Made) -> None:
    group = Capture()

    made["plain"].has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 30})
    made["plain"].has_resource_properties(FUNCTION, {"LoggingConfig": {"LogGroup": {"Ref": group}}})

    assert group.as_string().startswith("BillLogs")


def test_events_that_fail_wait_as_they_came_and_the_reason_beside_them(made: Made) -> None:
    events, reasons = Capture(), Capture()

    made["plain"].has_resource_properties(
        FUNCTION, {"DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": [events, "Arn"]}}}
    )
    made["plain"].has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {
            "MaximumRetryAttempts": 2,
            "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": [reasons, "Arn"]}}},
        },
    )

    assert events.as_string().startswith("BillDeadLetters")
    assert reasons.as_string().startswith("BillFailures")


def test_failed_events_are_encrypted_and_kept_as_long_as_can_be(made: Made) -> None:
    made["plain"].all_resources_properties(
        "AWS::SQS::Queue", {"MessageRetentionPeriod": 1209600, "SqsManagedSseEnabled": True}
    )


@pytest.mark.parametrize("kind", ["AWS::SQS::Queue", "AWS::Logs::LogGroup"])
def test_what_went_wrong_can_be_read_after_the_stack_is_gone(made: Made, kind: str) -> None:
    made["plain"].all_resources(kind, {"DeletionPolicy": "RetainExceptOnCreate"})
    made["passing"].all_resources(kind, {"DeletionPolicy": "Delete"})


def test_every_default_can_be_changed(made: Made) -> None:
    made["full"].has_resource_properties(
        FUNCTION,
        {
            "FunctionName": "bill-dev",
            "Runtime": "python3.13",
            "Architectures": ["x86_64"],
            "MemorySize": 1024,
            "Timeout": 10,
            "ReservedConcurrentExecutions": 5,
            "TracingConfig": Match.absent(),
            "KmsKeyArn": Match.any_value(),
            "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:123456789012:lost"},
            "Environment": {
                "Variables": {
                    "TABLE": "bills",
                    "POWERTOOLS_SERVICE_NAME": "billing",
                    "POWERTOOLS_METRICS_NAMESPACE": "Shop",
                    "POWERTOOLS_LOG_LEVEL": "DEBUG",
                }
            },
        },
    )
    made["full"].has_resource_properties(
        "AWS::Logs::LogGroup", {"LogGroupName": "/shop/bill", "RetentionInDays": 7}
    )
    made["full"].resource_count_is("AWS::SQS::Queue", 0)


def test_errors_throttles_slow_runs_and_dead_letters_notify(made: Made) -> None:
    alarms = properties(made["full"], "AWS::CloudWatch::Alarm")

    assert {alarm["MetricName"]: alarm["Threshold"] for alarm in alarms} == {
        "Errors": 1,
        "Throttles": 1,
        "Duration": 8000,
        "ApproximateNumberOfMessagesVisible": 1,
    }
    assert all(alarm["TreatMissingData"] == "notBreaching" for alarm in alarms)


def test_in_a_vpc_the_role_may_make_network_interfaces(made: Made) -> None:
    made["in_vpc"].has_resource_properties(
        FUNCTION, {"VpcConfig": {"SubnetIds": Match.any_value()}}
    )
    assert "ec2:CreateNetworkInterface" in actions(made["in_vpc"])
    assert "ec2:CreateNetworkInterface" not in text(made["plain"])


def test_a_snapshot_is_invoked_through_its_live_alias(made: Made) -> None:
    alias = Capture()

    made["called"].has_resource_properties(
        FUNCTION, {"SnapStart": {"ApplyOn": "PublishedVersions"}}
    )
    made["called"].has_resource_properties("AWS::Lambda::Alias", {"Name": "live"})
    made["called"].has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": [
                    Match.object_like(
                        {"Action": "lambda:InvokeFunction", "Resource": {"Ref": alias}}
                    )
                ]
            }
        },
    )
    assert alias.as_string().startswith("BillLive")


def test_an_alias_has_the_nets_of_asynchronous_events_that_the_latest_version_had(
    made: Made,
) -> None:
    alias = Capture()

    made["alias"].resource_count_is("AWS::Lambda::EventInvokeConfig", 1)
    made["alias"].has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {
            "Qualifier": {"Fn::Select": Match.array_with([{"Fn::Split": [":", {"Ref": alias}]}])},
            "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnFailure": Match.any_value()},
        },
    )
    assert alias.as_string().startswith("BillLive")


def test_a_version_is_made_only_when_the_function_changes(made: Made) -> None:
    again = synthesise(alias=_alias)["alias"]
    versions = [
        set(template.find_resources("AWS::Lambda::Version"))
        for template in (made["alias"], again, made["changed"])
    ]

    assert versions[0] == versions[1]
    assert versions[0] != versions[2]


def test_instances_that_are_ready_beforehand_grow_with_their_use(made: Made) -> None:
    made["warm"].has_resource_properties(
        "AWS::Lambda::Alias",
        {"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 2}},
    )
    made["warm"].has_resource_properties(
        "AWS::ApplicationAutoScaling::ScalableTarget", {"MinCapacity": 2, "MaxCapacity": 10}
    )


def test_a_role_a_file_system_and_storage_can_be_passed(made: Made) -> None:
    made["owned"].resource_count_is("AWS::IAM::Role", 1)
    made["owned"].has_resource_properties(
        FUNCTION,
        {
            "FileSystemConfigs": [Match.object_like({"LocalMountPath": "/mnt/files"})],
            "EphemeralStorage": {"Size": 2048},
        },
    )
    assert {"logs:PutLogEvents", "ec2:CreateNetworkInterface"} <= actions(made["owned"])


def test_further_props_of_the_function_win_over_what_the_construct_sets(made: Made) -> None:
    made["owned"].has_resource_properties(
        FUNCTION,
        {"RecursiveLoop": "Allow", "LoggingConfig": Match.object_like({"LogFormat": "Text"})},
    )


def test_the_function_can_be_a_peer_of_security_groups(made: Made) -> None:
    made["owned"].has_resource_properties("AWS::EC2::SecurityGroupIngress", {"FromPort": 2049})


def test_a_url_answers_signed_requests_only_unless_it_is_public(made: Made) -> None:
    made["url"].has_resource_properties(
        "AWS::Lambda::Url", {"AuthType": "AWS_IAM", "Qualifier": "live"}
    )
    made["public_url"].has_resource_properties("AWS::Lambda::Url", {"AuthType": "NONE"})


def test_a_container_image_needs_no_handler(made: Made) -> None:
    made["image"].has_resource_properties(
        FUNCTION, {"PackageType": "Image", "Handler": Match.absent(), "Runtime": Match.absent()}
    )


def test_a_layer_is_for_one_version_and_architecture(made: Made) -> None:
    made["layer"].has_resource(
        "AWS::Lambda::LayerVersion",
        {
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {
                "CompatibleRuntimes": ["python3.14"],
                "CompatibleArchitectures": ["arm64"],
            },
        },
    )


def test_a_version_that_lambda_does_not_run_is_refused() -> None:
    with pytest.raises(ConstructError, match=r"python_version '2\.7': must be one of"):
        _function(Stack(), python_version="2.7")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"python_version": "3.11"}, r"requires Python 3\.12 or newer, not python3\.11"),
        ({"ephemeral_storage_mib": 1024}, "excludes ephemeral_storage_mib over 512"),
        ({"provisioned_concurrency": 1}, "excludes provisioned_concurrency"),
    ],
)
def test_what_has_no_snapshots_is_refused_them(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ConstructError, match=f"Bill: snap_start {problem}"):
        _function(Stack(), snap_start=True, **options)


def test_an_image_has_no_handler_and_everything_else_has_one() -> None:
    repository = ecr.Repository.from_repository_name(Stack(), "Images", "bills")
    image, code = lambda_.Code.from_ecr_image(repository), lambda_.Code.from_inline(CODE)

    for bad in ({"code": image, "handler": "index.handler"}, {"code": code}):
        with pytest.raises(ConstructError, match="Bill: handler: required, except with a"):
            PythonFunction(Stack(), "Bill", **bad)


def test_a_prop_that_has_an_argument_is_refused() -> None:
    with pytest.raises(ConstructError, match="Bill: props must not set memory_size"):
        _function(Stack(), props=lambda_.FunctionOptions(memory_size=256))


def test_concurrency_cannot_grow_to_less_than_there_is() -> None:
    with pytest.raises(ConstructError, match="max_provisioned_concurrency=2: must be more than"):
        _function(Stack(), provisioned_concurrency=2, max_provisioned_concurrency=2)


def test_a_file_system_needs_its_vpc() -> None:
    stack = Stack()
    vpc = ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=1)
    point = efs.FileSystem(stack, "Files", vpc=vpc).add_access_point("Point")
    files = lambda_.FileSystem.from_efs_access_point(point, "/mnt/files")

    with pytest.raises(ConstructError, match="Bill: file_system: requires the VPC"):
        _function(stack, file_system=files)


def test_an_architecture_that_lambda_lacks_is_refused() -> None:
    with pytest.raises(ConstructError, match="architecture 'mips': must be one of"):
        _function(Stack(), architecture="mips")
