"""The same resources in plain CDK: the pages of the constructs say how many lines that takes."""

import inspect
import json
import re
import textwrap
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from aws_cdk import Duration, Stack
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from signal9_constructs import (
    AccessTrail,
    ApiSecret,
    EventBackbone,
    RestService,
    Route,
    WorkQueue,
)
from signal9_constructs.problem_responses import PROBLEMS
from tests.constructs.lab import synthesise
from tests.constructs.plain_functions import (
    KEEP,
    gradual,
    plain_gradual,
    plain_program,
    plain_watch,
    program,
    simple_function,
    watch,
)

PAGES: Final = Path(__file__).parents[2] / "docs" / "constructs"


def _queue(stack: Stack) -> None:
    work = WorkQueue(stack, "Queue", alarm_topic=sns.Topic(stack, "Alarms"))
    work.feed(simple_function(stack))


def _plain_queue(stack: Stack) -> None:
    topic = sns.Topic(stack, "Alarms")
    dead_letters = sqs.Queue(
        stack,
        "DeadLetters",
        retention_period=Duration.days(14),
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        removal_policy=KEEP,
    )
    queue = sqs.Queue(
        stack,
        "Queue",
        visibility_timeout=Duration.seconds(180),
        retention_period=Duration.days(4),
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=3),
        removal_policy=KEEP,
    )
    age = queue.metric_approximate_age_of_oldest_message(statistic="Maximum")
    dead = dead_letters.metric_approximate_number_of_messages_visible(statistic="Maximum")
    for id_, metric, threshold in (("OldMessages", age, 3600), ("DeadLetters", dead, 1)):
        alarm = metric.create_alarm(
            stack,
            f"{id_}Alarm",
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))
    simple_function(stack).add_event_source(
        sources.SqsEventSource(queue, batch_size=1, report_batch_item_failures=True)
    )


def _backbone(stack: Stack) -> None:
    backbone = EventBackbone(stack, "Events")
    backbone.rule("Bill", source="shop", detail_types=["Paid"], targets=[simple_function(stack)])


def _plain_backbone(stack: Stack) -> None:
    dead_letters = sqs.Queue(
        stack,
        "DeadLetters",
        retention_period=Duration.days(14),
        enforce_ssl=True,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        removal_policy=KEEP,
    )
    bus = events.EventBus(stack, "Bus")
    bus.apply_removal_policy(KEEP)
    archive = bus.archive(
        "Archive",
        event_pattern=events.EventPattern(account=[stack.account]),
        retention=Duration.days(30),
    )
    archive.apply_removal_policy(KEEP)
    events.Rule(
        stack,
        "Bill",
        event_bus=bus,
        event_pattern=events.EventPattern(source=["shop"], detail_type=["Paid"]),
        targets=[
            targets.LambdaFunction(
                simple_function(stack),
                dead_letter_queue=dead_letters,
                retry_attempts=8,
                max_event_age=Duration.hours(2),
            )
        ],
    )


def _secret(stack: Stack) -> None:
    secret = ApiSecret(stack, "Key", rotation=simple_function(stack))
    secret.grant_read(iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal()))


def _plain_secret(stack: Stack) -> None:
    secret = secretsmanager.CfnSecret(stack, "Key", secret_string=json.dumps({"apiKey": "set-me"}))
    secret.apply_removal_policy(KEEP)
    reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
    reader.add_to_policy(
        iam.PolicyStatement(
            actions=["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
            resources=[secret.ref],
        )
    )
    function = simple_function(stack)
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=[
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            resources=[secret.ref],
        )
    )
    function.add_permission(
        "Rotate",
        principal=iam.ServicePrincipal("secretsmanager.amazonaws.com"),
        source_account=stack.account,
    )
    secretsmanager.CfnRotationSchedule(
        stack,
        "Rotation",
        secret_id=secret.ref,
        rotation_lambda_arn=function.function_arn,
        rotation_rules=secretsmanager.CfnRotationSchedule.RotationRulesProperty(
            schedule_expression="rate(30 days)"
        ),
        rotate_immediately_on_update=False,
    ).node.add_dependency(function)


def _trail(stack: Stack) -> None:
    photos = s3.Bucket.from_bucket_name(stack, "Photos", "photos")
    AccessTrail(stack, "Trail", buckets=[photos])


def _plain_trail(stack: Stack) -> None:
    key = kms.Key(stack, "Key", enable_key_rotation=True, removal_policy=KEEP)
    for service, allowed, conditions in (
        (
            "cloudtrail.amazonaws.com",
            ["kms:DescribeKey", "kms:GenerateDataKey*"],
            {"aws:SourceArn": f"arn:aws:cloudtrail:*:{stack.account}:trail/*"},
        ),
        (
            f"logs.{stack.region}.amazonaws.com",
            ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*"],
            {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:*:{stack.account}:*"},
        ),
    ):
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(service)],
                actions=allowed,
                resources=["*"],
                conditions={"ArnLike": conditions},
            )
        )
    files = s3.Bucket(
        stack,
        "Files",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=True,
        lifecycle_rules=[
            s3.LifecycleRule(
                abort_incomplete_multipart_upload_after=Duration.days(7),
                noncurrent_version_expiration=Duration.days(30),
                expiration=Duration.days(365),
            )
        ],
        object_lock_enabled=True,
        object_lock_default_retention=s3.ObjectLockRetention.governance(Duration.days(90)),
        removal_policy=KEEP,
    )
    group = logs.LogGroup(
        stack,
        "Events",
        encryption_key=key,
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=KEEP,
    )
    trail = cloudtrail.Trail(
        stack,
        "Trail",
        bucket=files,
        encryption_key=key,
        enable_file_validation=True,
        management_events=cloudtrail.ReadWriteType.NONE,
        send_to_cloud_watch_logs=True,
        cloud_watch_log_group=group,
    )
    photos = s3.Bucket.from_bucket_name(stack, "Photos", "photos")
    trail.add_s3_event_selector(
        [cloudtrail.S3EventSelector(bucket=photos)], include_management_events=False
    )


def _service(stack: Stack) -> None:
    function = simple_function(stack)
    placing = {"type": "object", "required": ["item"]}
    RestService(
        stack,
        "Api",
        routes=[
            Route("POST", "/orders", function, body=placing),
            Route("GET", "/orders/{id}", function),
        ],
        authorizer=function,
        cors_origins=["https://shop.example"],
    )


def _plain_service(stack: Stack) -> None:
    function = simple_function(stack)
    access = logs.LogGroup(
        stack, "AccessLog", retention=logs.RetentionDays.ONE_MONTH, removal_policy=KEEP
    )
    api = apigateway.RestApi(
        stack,
        "Api",
        endpoint_types=[apigateway.EndpointType.REGIONAL],
        cloud_watch_role=True,
        min_compression_size=None,
        default_cors_preflight_options=apigateway.CorsOptions(
            allow_origins=["https://shop.example"],
            allow_methods=["GET", "OPTIONS", "POST"],
            allow_headers=["Accept", "Authorization", "Content-Type"],
            expose_headers=["ETag", "Retry-After", "X-Request-Id"],
            max_age=Duration.hours(1),
        ),
        deploy_options=apigateway.StageOptions(
            stage_name="live",
            access_log_destination=apigateway.LogGroupLogDestination(access),
            access_log_format=apigateway.AccessLogFormat.json_with_standard_fields(
                caller=True,
                http_method=True,
                ip=True,
                protocol=True,
                request_time=True,
                resource_path=True,
                response_length=True,
                status=True,
                user=True,
            ),
            logging_level=apigateway.MethodLoggingLevel.ERROR,
            metrics_enabled=True,
            tracing_enabled=True,
            throttling_rate_limit=100,
            throttling_burst_limit=200,
        ),
    )
    execution = logs.LogGroup(
        stack,
        "ExecutionLog",
        log_group_name=f"API-Gateway-Execution-Logs_{api.rest_api_id}/live",
        retention=logs.RetentionDays.ONE_MONTH,
        removal_policy=KEEP,
    )
    api.deployment_stage.node.add_dependency(execution)
    authorizer = apigateway.TokenAuthorizer(
        stack,
        "Authorizer",
        handler=function,
        validation_regex="^Bearer .+$",
        results_cache_ttl=Duration.minutes(5),
    )
    validator = api.add_request_validator(
        "Validator", validate_request_body=True, validate_request_parameters=True
    )
    model = api.add_model(
        "Placing",
        schema=apigateway.JsonSchema(
            schema=apigateway.JsonSchemaVersion.DRAFT4,
            type=apigateway.JsonSchemaType.OBJECT,
            required=["item"],
        ),
    )
    integration = apigateway.LambdaIntegration(function, scope_permission_to_method=False)
    orders = api.root.add_resource("orders")
    orders.add_method(
        "POST",
        integration,
        authorizer=authorizer,
        request_models={"application/json": model},
        request_validator=validator,
    )
    orders.add_resource("{id}").add_method(
        "GET",
        integration,
        authorizer=authorizer,
        request_parameters={"method.request.path.id": True},
        request_validator=validator,
    )
    for id_, (type_, status, title, detail) in PROBLEMS.items():
        problem = {"type": "about:blank", "title": title, "detail": "DETAIL", "errors": []}
        template = json.dumps(problem | ({"status": status} if status else {}))
        api.add_gateway_response(
            id_,
            type=type_,
            status_code=str(status) if status else None,
            response_headers={
                "Content-Type": "'application/problem+json'",
                "Access-Control-Allow-Origin": "'https://shop.example'",
            },
            templates={"application/json": template.replace('"DETAIL"', detail)},
        )


BOTH: Final[dict[str, tuple[Callable[[Stack], None], Callable[[Stack], None]]]] = {
    "access-trail": (_trail, _plain_trail),
    "api-secret": (_secret, _plain_secret),
    "event-backbone": (_backbone, _plain_backbone),
    "gradual-deployment": (gradual, plain_gradual),
    "observability": (watch, plain_watch),
    "python-function": (program, plain_program),
    "rest-service": (_service, _plain_service),
    "work-queue": (_queue, _plain_queue),
}


def _kinds(template: Template) -> Counter[str]:
    return Counter(each["Type"] for each in template.to_json()["Resources"].values())


def _lines(build: Callable[[Stack], None]) -> int:
    return len(textwrap.dedent(inspect.getsource(build)).splitlines()) - 1


@pytest.fixture(scope="module")
def both() -> dict[str, Template]:
    builds = {f"{name}-{n}": build for name, pair in BOTH.items() for n, build in enumerate(pair)}
    return synthesise(**builds)


@pytest.mark.parametrize("name", BOTH)
def test_a_page_says_how_many_lines_the_same_resources_take_in_plain_cdk(
    name: str, both: dict[str, Template]
) -> None:
    ours, plain = BOTH[name]
    said = re.search(r"(\d+) lines with it, (\d+) in plain CDK", (PAGES / f"{name}.md").read_text())

    assert _kinds(both[f"{name}-0"]) == _kinds(both[f"{name}-1"])
    assert said
    assert [int(number) for number in said.groups()] == [_lines(ours), _lines(plain)]
