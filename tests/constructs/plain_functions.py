"""Functions, their deployments and alarms, with the library and in plain CDK.

The lines of these functions are counted, so their docstrings are comments.
"""

from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_codedeploy as codedeploy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs

from signal9_constructs import GradualDeployment, Observability, PythonFunction

KEEP: Final = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


# Make a function in plain CDK.
def simple_function(stack: Stack) -> lambda_.Function:
    return lambda_.Function(
        stack,
        "Work",
        runtime=lambda_.Runtime.PYTHON_3_14,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        timeout=Duration.seconds(30),
    )


# Make a function with the library.
def program(stack: Stack) -> None:
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    PythonFunction(stack, "Bill", code=code, handler="index.handler")


# Make the same function in plain CDK.
def plain_program(stack: Stack) -> None:
    group = logs.LogGroup(
        stack, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=KEEP
    )
    dead_letters, failures = (
        sqs.Queue(
            stack,
            name,
            retention_period=Duration.days(14),
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            removal_policy=KEEP,
        )
        for name in ("DeadLetters", "Failures")
    )
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    group.grant_write(role)
    lambda_.Function(
        stack,
        "Bill",
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(event, context): pass"),
        memory_size=512,
        timeout=Duration.seconds(30),
        role=role,
        log_group=group,
        tracing=lambda_.Tracing.ACTIVE,
        dead_letter_queue=dead_letters,
        on_failure=destinations.SqsDestination(failures),
        retry_attempts=2,
        max_event_age=Duration.hours(6),
        environment={
            "POWERTOOLS_SERVICE_NAME": "Bill",
            "POWERTOOLS_METRICS_NAMESPACE": "Bill",
            "POWERTOOLS_LOG_LEVEL": "INFO",
        },
    )


def _versioned(stack: Stack) -> PythonFunction:
    code = lambda_.Code.from_inline("def handler(event, context): pass")
    return PythonFunction(stack, "Bill", code=code, handler="index.handler", alias=True)


# Make a gradual deployment with the library.
def gradual(stack: Stack) -> None:
    GradualDeployment(stack, "Gradual", functions=[_versioned(stack)])


# Make the same deployment in plain CDK.
def plain_gradual(stack: Stack) -> None:
    alias = _versioned(stack).alias
    assert alias
    role = iam.Role(stack, "Deployer", assumed_by=iam.ServicePrincipal("codedeploy.amazonaws.com"))
    role.add_to_policy(
        iam.PolicyStatement(
            actions=[
                "lambda:GetAlias",
                "lambda:GetProvisionedConcurrencyConfig",
                "lambda:UpdateAlias",
            ],
            resources=[alias.lambda_.function_arn, alias.function_arn],
        )
    )
    role.add_to_policy(
        iam.PolicyStatement(
            actions=["cloudwatch:DescribeAlarms"],
            resources=[f"arn:aws:cloudwatch:{stack.region}:{stack.account}:alarm:*"],
        )
    )
    errors = cloudwatch.Metric(
        namespace="AWS/Lambda",
        metric_name="Errors",
        dimensions_map={
            "FunctionName": alias.lambda_.function_name,
            "Resource": f"{alias.lambda_.function_name}:{alias.alias_name}",
            "ExecutedVersion": alias.version.version,
        },
        statistic="Sum",
        period=Duration.minutes(1),
    )
    alarm = errors.create_alarm(
        stack,
        "Errors",
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
    )
    codedeploy.LambdaDeploymentGroup(
        stack,
        "Group",
        alias=alias,
        application=codedeploy.LambdaApplication(stack, "Application"),
        deployment_config=codedeploy.LambdaDeploymentConfig.CANARY_10_PERCENT_5_MINUTES,
        alarms=[alarm],
        role=role.without_policy_updates(),
        auto_rollback=codedeploy.AutoRollbackConfig(
            failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
        ),
    )


# Make alarms and a dashboard with the library.
def watch(stack: Stack) -> None:
    seen = Observability(stack, "Seen", namespace="Shop", topic=sns.Topic(stack, "Alarms"))
    failed = sqs.Queue(stack, "Failed")
    seen.watch("Bills", functions=[simple_function(stack)], dead_letters=[failed])


# Make the same alarms and a dashboard in plain CDK.
def plain_watch(stack: Stack) -> None:
    topic, failed = sns.Topic(stack, "Alarms"), sqs.Queue(stack, "Failed")
    function = simple_function(stack)
    minutes = Duration.minutes(5)
    errors = function.metric_errors(period=minutes)
    throttles = function.metric_throttles(period=minutes)
    duration = function.metric_duration(period=minutes, statistic="p99")
    dead = failed.metric_approximate_number_of_messages_visible(period=minutes, statistic="Maximum")
    for id_, metric, threshold in (
        ("Errors", errors, 1),
        ("Throttles", throttles, 1),
        ("SlowRuns", duration, 24_000),
        ("DeadLetters", dead, 1),
    ):
        alarm = metric.create_alarm(
            stack,
            id_,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
        alarm.add_ok_action(actions.SnsAction(topic))
    dashboard = cloudwatch.Dashboard(stack, "Dashboard")
    dashboard.add_widgets(
        cloudwatch.TextWidget(markdown="# Bills", width=24),
        cloudwatch.GraphWidget(
            title="Runs", left=[function.metric_invocations(), errors, throttles]
        ),
        cloudwatch.GraphWidget(title="Duration", left=[duration]),
        cloudwatch.GraphWidget(title="Dead letters", left=[dead]),
    )
