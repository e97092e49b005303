"""The same platform in plain CDK: what app.py leaves to the constructs is written out."""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks

import existing

KEEP = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
TABLE_READ_WRITE = (
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeTable",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
)
KEY_OF_TABLE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
OPERATIONS = [
    dynamodb.Operation.BATCH_GET_ITEM,
    dynamodb.Operation.BATCH_WRITE_ITEM,
    dynamodb.Operation.DELETE_ITEM,
    dynamodb.Operation.GET_ITEM,
    dynamodb.Operation.PUT_ITEM,
    dynamodb.Operation.QUERY,
    dynamodb.Operation.SCAN,
    dynamodb.Operation.UPDATE_ITEM,
]


class Platform(cdk.Stack):
    """Everything but what exists already: the VPC, the bucket, the image and the topic."""

    def __init__(self, scope: cdk.Stage, id_: str, *, stage: existing.Stage) -> None:
        super().__init__(scope, id_, termination_protection=stage.protected)
        self.has = existing.Resources(self, stage)
        self.key = kms.Key(self, "Key", enable_key_rotation=True)
        self._let_log_groups_use_the_key()
        self.jobs = dynamodb.TableV2(
            self,
            "Jobs",
            partition_key=dynamodb.Attribute(name="document", type=dynamodb.AttributeType.STRING),
            billing=dynamodb.Billing.on_demand(),
            encryption=dynamodb.TableEncryptionV2.customer_managed_key(self.key),
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True, recovery_period_in_days=35
            ),
            deletion_protection=True,
            removal_policy=KEEP,
        )
        self._convert()
        self._schedule()
        self._serve(stage)
        self._balance(stage)
        self._watch()

    def _let_log_groups_use_the_key(self) -> None:
        groups = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name="*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com")],
                actions=["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")],
                actions=["kms:Decrypt*"],
                resources=["*"],
            )
        )

    def _log_group(self, id_: str, name: str | None = None) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            id_,
            log_group_name=name,
            retention=logs.RetentionDays.ONE_MONTH,
            encryption_key=self.key,
            removal_policy=KEEP,
        )

    def _queue(self, id_: str) -> sqs.Queue:
        return sqs.Queue(
            self,
            id_,
            retention_period=cdk.Duration.days(14),
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=self.key,
            removal_policy=KEEP,
        )

    def _allow(self, role: iam.IGrantable, actions_: tuple[str, ...], resource: str) -> None:
        role.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(actions=list(actions_), resources=[resource])
        )

    def _convert(self) -> None:
        role = iam.Role(
            self, "ConvertRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
        )
        log_group = self._log_group("ConvertLogs")
        log_group.grant_write(role)
        self.convert = lambda_.Function(
            self,
            "Convert",
            code=lambda_.Code.from_inline("def handler(event, context): return event"),
            handler="index.handler",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=512,
            timeout=cdk.Duration.seconds(300),
            environment_encryption=self.key,
            role=role,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            retry_attempts=2,
            max_event_age=cdk.Duration.hours(6),
            dead_letter_queue=self._queue("ConvertDeadLetters"),
            on_failure=destinations.SqsDestination(self._queue("ConvertFailures")),
        )
        self._allow(role, TABLE_READ_WRITE, self.jobs.table_arn)
        self._allow(role, KEY_OF_TABLE, self.key.key_arn)
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:ListBucket"],
                resources=[self.has.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": "uploads/*"}},
            )
        )
        self._allow(role, ("s3:GetObject",), self.has.bucket.arn_for_objects("uploads/*"))

    def _schedule(self) -> None:
        step = tasks.LambdaInvoke(self, "Convert uploads", lambda_function=self.convert)
        self.nightly = sfn.StateMachine(
            self,
            "Nightly",
            definition_body=sfn.DefinitionBody.from_chainable(
                step.next(sfn.Succeed(self, "Converted"))
            ),
            timeout=cdk.Duration.hours(1),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=self._log_group("NightlyLogs", "/aws/vendedlogs/states/nightly"),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
            encryption_configuration=sfn.CustomerManagedEncryptionConfiguration(self.key),
        )
        self._allow(self.nightly, ("kms:Decrypt", "kms:GenerateDataKey"), self.key.key_arn)
        undelivered = self._queue("NightlyDeadLetters")
        failures = self._queue("NightlyFailures")
        account = {"StringEquals": {"aws:SourceAccount": self.account}}
        caller = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=account)
        role = iam.Role(self, "NightlyScheduler", assumed_by=caller)
        self._allow(role, ("kms:Decrypt", "kms:GenerateDataKey"), self.key.key_arn)
        scheduler.Schedule(
            self,
            "EveryNight",
            schedule=scheduler.ScheduleExpression.expression("cron(0 2 * * ? *)"),
            target=scheduler_targets.StepFunctionsStartExecution(
                self.nightly,
                input=scheduler.ScheduleTargetInput.from_object({}),
                role=role,
                dead_letter_queue=undelivered,
                retry_attempts=8,
                max_event_age=cdk.Duration.hours(2),
            ),
        )
        events.Rule(
            self,
            "NightlyNet",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "status": ["FAILED", "TIMED_OUT"],
                    "stateMachineArn": [self.nightly.state_machine_arn],
                },
            ),
            targets=[targets.SqsQueue(failures, dead_letter_queue=undelivered)],
        )

    def _serve(self, stage: existing.Stage) -> None:
        self.cluster = ecs.Cluster(
            self,
            "Cluster",
            vpc=self.has.vpc,
            container_insights_v2=ecs.ContainerInsights.ENABLED,
        )
        self.task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=256,
            memory_limit_mib=512,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        container = self.task.add_container(
            "Main",
            image=ecs.ContainerImage.from_ecr_repository(self.has.image),
            environment={
                "BUCKET": self.has.bucket.bucket_name,
                "TABLE": self.jobs.table_name,
            },
            user="1000:1000",
            readonly_root_filesystem=True,
            linux_parameters=ecs.LinuxParameters(self, "Linux", init_process_enabled=True),
            logging=ecs.LogDriver.aws_logs(
                log_group=self._log_group("WebLogs"), stream_prefix="main"
            ),
            port_mappings=[ecs.PortMapping(container_port=8080)],
        )
        self.task.add_volume(name="writable0")
        container.add_mount_points(
            ecs.MountPoint(
                container_path="/tmp",  # noqa: S108
                source_volume="writable0",
                read_only=False,
            )
        )
        self.service = ecs.FargateService(
            self,
            "Web",
            cluster=self.cluster,
            task_definition=self.task,
            min_healthy_percent=100,
            max_healthy_percent=200,
            circuit_breaker=ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            health_check_grace_period=cdk.Duration.seconds(60),
            enable_ecs_managed_tags=True,
            propagate_tags=ecs.PropagatedTagSource.SERVICE,
        )
        scaling = self.service.auto_scale_task_count(min_capacity=stage.tasks, max_capacity=10)
        scaling.scale_on_cpu_utilization(
            "Cpu", target_utilization_percent=60, scale_out_cooldown=cdk.Duration.seconds(60)
        )
        role = self.task.task_role
        self._allow(role, TABLE_READ_WRITE, self.jobs.table_arn)
        self._allow(role, KEY_OF_TABLE, self.key.key_arn)
        uploads = self.has.bucket.arn_for_objects("uploads/*")
        self._allow(role, ("s3:AbortMultipartUpload", "s3:PutObject"), uploads)

    def _balance(self, stage: existing.Stage) -> None:
        self.balancer = elb.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=self.has.vpc,
            deletion_protection=True,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.DEFENSIVE,
            waf_fail_open=False,
            idle_timeout=cdk.Duration.seconds(300),
        )
        bucket = s3.Bucket(
            self,
            "AccessLogs",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                    noncurrent_version_expiration=cdk.Duration.days(1),
                    expiration=cdk.Duration.days(90),
                )
            ],
            removal_policy=KEEP,
        )
        self.balancer.log_access_logs(bucket)
        certificate = acm.Certificate.from_certificate_arn(self, "Cert", stage.certificate)
        listener = self.balancer.add_listener(
            "Https",
            port=443,
            open=False,
            certificates=[certificate],
            ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
        )
        inside = ec2.Peer.ipv4(self.has.vpc.vpc_cidr_block)
        listener.connections.allow_default_port_from(inside)
        listener.add_targets(
            "Tasks",
            port=8080,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[self.service],
            deregistration_delay=cdk.Duration.seconds(30),
            health_check=elb.HealthCheck(
                path="/health",
                healthy_http_codes="200",
                interval=cdk.Duration.seconds(15),
                timeout=cdk.Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    def _watch(self) -> None:
        balancer = self.balancer.metrics
        errors = elb.HttpCodeElb.ELB_5XX_COUNT
        target_errors = elb.HttpCodeTarget.TARGET_5XX_COUNT
        of_dynamodb = self.jobs.metric_system_errors_for_operations(operations=OPERATIONS)
        metrics = {
            "FailedExecutions": (self.nightly.metric_failed(), 1),
            "TimedOut": (self.nightly.metric_timed_out(), 1),
            "Throttled": (self.nightly.metric_throttled(), 1),
            "ThrottledReads": (self._of_table("ReadThrottleEvents"), 1),
            "ThrottledWrites": (self._of_table("WriteThrottleEvents"), 1),
            "SystemErrors": (of_dynamodb, 1),
            "BalancerErrors": (balancer.http_code_elb(errors), 1),
            "TargetErrors": (balancer.http_code_target(target_errors), 1),
            "Rejected": (balancer.rejected_connection_count(), 1),
            "Latency": (balancer.target_response_time(statistic="p99"), 3),
            "Cpu": (self.service.metric_cpu_utilization(), 80),
            "Memory": (self.service.metric_memory_utilization(), 80),
        }
        notify = actions.SnsAction(self.has.topic)
        for name, (metric, threshold) in metrics.items():
            gradual = threshold > 1
            alarm = cloudwatch.Alarm(
                self,
                name,
                metric=metric,
                threshold=threshold,
                evaluation_periods=3 if gradual else 1,
                comparison_operator=(
                    cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
                    if gradual
                    else cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
                ),
                treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
                alarm_description=f"{self.node.path}: {name}",
            )
            alarm.add_alarm_action(notify)
            alarm.add_ok_action(notify)
        dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=cdk.Duration.hours(24))
        dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(title=name, left=[metric], width=6)
                for name, (metric, _) in metrics.items()
            )
        )

    def _of_table(self, name: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/DynamoDB",
            metric_name=name,
            dimensions_map={"TableName": self.jobs.table_name},
            statistic="Sum",
        )


def build(app: cdk.App) -> None:
    """Make both stages."""
    for stage in existing.STAGES:
        here = cdk.Stage(
            app,
            f"Platform-{stage.name}",
            env=cdk.Environment(account=stage.account, region=stage.region),
        )
        cdk.Tags.of(here).add("Product", "platform")
        cdk.Tags.of(here).add("Stage", stage.name)
        Platform(here, "Platform", stage=stage)


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
