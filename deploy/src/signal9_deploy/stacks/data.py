"""The stack of everything that must not be lost: tables, buckets, secrets and the DNS zone."""

from typing import Final

from aws_cdk import CfnOutput, Fn, RemovalPolicy, SecretValue, Stack, aws_iam, aws_kms
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as event_targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from signal9_constructs import (
    AccessTrail,
    ApiSecret,
    DataTable,
    DnsZone,
    Observability,
    SecureBucket,
)
from signal9_constructs.alarms import add_dead_letter_alarm, make_alarm, service_metric
from signal9_constructs.incidents import link_runbook
from signal9_constructs.observability import WatchedService, make_alarm_topic
from signal9_constructs.queue import make_dead_letters
from signal9_core.tables import TABLES

from ..names import (
    NAMESPACE,
    SecretSpec,
    bucket_name,
    deployed_secrets,
    runbook,
    secret_name,
    stack_name,
    table_prefix,
)
from ..settings import EDGE_REGION, NONCURRENT_DAYS, StageSettings

__all__ = ["DataStack", "make_recipients_topic", "origin_header"]

_COLD_AFTER_DAYS: Final = 30
_EXPORT: Final = "arn:aws:scheduler:::aws-sdk:dynamodb:exportTableToPointInTime"
_EXPORT_WINDOW_MINUTES: Final = 60
_EXPORT_ALARM_HOURS: Final = 26


class DataStack(Stack):
    """Tables, buckets, secrets, trail, exports, zone and alarm topic.

    In a stage that retains, they stay when the stack is deleted.
    """

    def __init__(self, scope: Construct, settings: StageSettings) -> None:
        name = stack_name(settings, "Data")
        super().__init__(scope, "Data", stack_name=name, description="Signal9: data")
        self._settings = settings
        self._policy = _removal_policy(settings)
        self.topic = make_recipients_topic(Construct(self, "Alarms"), settings)
        CfnOutput(self, "AlarmTopic", value=self.topic.topic_arn)
        self.tables = {
            table.name: DataTable(
                self,
                table.name,
                shape=table,
                table_name=table_prefix(settings) + table.name,
                recovery_days=settings.recovery_days,
                deletion_protection=settings.retain,
                removal_policy=self._policy,
            )
            for table in TABLES
        }
        self.cache = self._make_bucket("Cache", "cache")
        self.backup = self._make_bucket("Backup", "backup", expire_days=settings.export_days)
        self.secrets = {spec.name: self._make_secret(spec) for spec in deployed_secrets(settings)}
        if settings.behind_edge:
            self._make_origin_secret()
        if settings.parts.trail:
            self._make_trail()
        if settings.parts.exports:
            exports = Construct(self, "Exports")
            failed = make_dead_letters(exports, "Failed", removal_policy=self._policy)
            self._schedule_exports(exports, failed)
            if self._watches_exports:
                self._watch_exports(exports, failed)
        self.watch = Observability(
            self,
            "Watch",
            namespace=NAMESPACE,
            dashboard=False,
            topic=self.topic,
            runbook_url=settings.runbooks,
            removal_policy=self._policy,
        )
        self.watched_tables = self._watch_tables()
        self._watch_backups_and_secrets()
        self.zone = None
        if settings.domain:
            # The name servers of a zone are state too.
            self.zone = DnsZone(
                self,
                "Zone",
                zone_name=settings.domain,
                zone_id=settings.zone_id,
                removal_policy=self._policy,
            )
            if servers := self.zone.name_servers:
                CfnOutput(self, "NameServers", value=Fn.join(" ", servers))

    @property
    def _watches_exports(self) -> bool:
        parts = self._settings.parts
        return parts.exports and parts.alarms and not self._settings.emulated

    def _make_bucket(self, id_: str, kind: str, *, expire_days: int | None = None) -> SecureBucket:
        return SecureBucket(
            self,
            id_,
            bucket_name=bucket_name(self._settings, kind, self.account),
            expire_days=expire_days,
            noncurrent_version_days=NONCURRENT_DAYS,
            events_to_bus=kind == "backup" and self._watches_exports,
            tiers={s3.StorageClass.GLACIER_INSTANT_RETRIEVAL: _COLD_AFTER_DAYS},
            cors_origins=self._settings.origins,
            removal_policy=self._policy,
        )

    def _make_secret(self, spec: SecretSpec) -> ApiSecret:
        is_renewed = spec.rotates and self._settings.rotates
        with_alarm = self._settings.parts.alarms and not self._settings.emulated and not is_renewed
        return ApiSecret(
            self,
            f"{spec.name.capitalize()}Secret",
            fields=spec.fields,
            secret_name=secret_name(spec.name, self._settings.stage),
            description=spec.description,
            alarm_topic=self.topic if with_alarm else None,
            removal_policy=self._policy,
        )

    def _make_origin_secret(self) -> None:
        """Make the value that the distribution shows to the API, in the regions of both."""
        elsewhere = self._settings.region != EDGE_REGION
        secretsmanager.Secret(
            self,
            "OriginSecret",
            secret_name=secret_name("origin", self._settings.stage),
            description="Shown to the API by the distribution",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                exclude_punctuation=True, password_length=48
            ),
            replica_regions=(
                [secretsmanager.ReplicaRegion(region=EDGE_REGION)] if elsewhere else None
            ),
            removal_policy=self._policy,
        )

    def _make_trail(self) -> None:
        buckets: list[s3.IBucket] = [self.cache.bucket, self.backup.bucket]
        if self._settings.parts.edge:
            # The static bucket is in the edge stack, so it is known by name only.
            name = bucket_name(self._settings, "static", self.account)
            buckets.append(s3.Bucket.from_bucket_name(self, "Static", name))
        AccessTrail(
            self,
            "Trail",
            buckets=buckets,
            log_retention_days=self._settings.log_retention_days,
            lock_days=90 if self._settings.retain else None,
            removal_policy=self._policy,
        )

    def _schedule_exports(self, scope: Construct, failed: sqs.IQueue) -> None:
        """Let EventBridge Scheduler export every table nightly, without a function."""
        service = aws_iam.ServicePrincipal("scheduler.amazonaws.com")
        role = aws_iam.Role(scope, "Role", assumed_by=service)
        self.backup.grant_put(role)
        # DynamoDB writes the files with an ACL; an export without this fails silently later.
        aws_iam.Grant.add_to_principal(
            grantee=role,
            actions=["s3:PutObjectAcl"],
            resource_arns=[self.backup.bucket.arn_for_objects("*")],
        )
        failed.grant_send_messages(role)
        for name, table in self.tables.items():
            aws_iam.Grant.add_to_principal(
                grantee=role,
                actions=["dynamodb:ExportTableToPointInTime"],
                resource_arns=[table.table.table_arn],
            )
            request = {
                "TableArn": table.table.table_arn,
                "S3Bucket": self.backup.bucket.bucket_name,
                "S3Prefix": f"tables/{name}",
                "S3SseAlgorithm": "AES256",
                "ExportFormat": "DYNAMODB_JSON",
            }
            scheduler.CfnSchedule(
                scope,
                name,
                description=f"Exports {name} to the backup bucket",
                schedule_expression=self._settings.export_schedule,
                schedule_expression_timezone="Etc/UTC",
                flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                    mode="FLEXIBLE", maximum_window_in_minutes=_EXPORT_WINDOW_MINUTES
                ),
                target=scheduler.CfnSchedule.TargetProperty(
                    arn=_EXPORT,
                    role_arn=role.role_arn,
                    input=self.to_json_string(request),
                    dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                        arn=failed.queue_arn
                    ),
                    retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                        maximum_retry_attempts=5
                    ),
                ),
            )

    def _watch_exports(self, scope: Construct, failed: sqs.IQueue) -> None:
        """Alarm if a table has no completed export, since DynamoDB reports no failed one.

        The last file of an export is its summary; the queue only gives the rules a target.
        """
        add_dead_letter_alarm(Construct(scope, "Alarms"), failed, self.topic)
        completed = make_dead_letters(scope, "Completed", removal_policy=self._policy)
        for name in self.tables:
            key = {"wildcard": f"tables/{name}/*/manifest-summary.json"}
            rule = events.Rule(
                scope,
                f"{name}Completed",
                description=f"Completed exports of {name}",
                event_pattern=events.EventPattern(
                    source=["aws.s3"],
                    detail_type=["Object Created"],
                    detail={
                        "bucket": {"name": [self.backup.bucket.bucket_name]},
                        "object": {"key": [key]},
                    },
                ),
                targets=[event_targets.SqsQueue(completed, dead_letter_queue=failed)],
            )
            make_alarm(
                scope,
                f"{name}Missing",
                service_metric(
                    "AWS/Events", "Invocations", {"RuleName": rule.rule_name}, period_s=3600
                ),
                1,
                f"{name}: no export was completed in {_EXPORT_ALARM_HOURS} hours",
                self.topic,
                periods=_EXPORT_ALARM_HOURS,
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                missing_data=cloudwatch.TreatMissingData.BREACHING,
            )

    def _watch_tables(self) -> tuple[WatchedService, cloudwatch.CompositeAlarm] | None:
        """Return the watched tables and their incident, if the stage has such alarms."""
        settings = self._settings
        if not settings.parts.alarms or settings.emulated:
            return None
        tables = self.watch.watch("Tables", tables=list(self.tables.values()))
        description = f"{settings.title}: tables are throttled or fail"
        return tables, self.watch.incident("Tables", tables, description=description)

    def _watch_backups_and_secrets(self) -> None:
        settings = self._settings
        if self._watches_exports:
            exports = self.node.find_child("Exports")
            link_runbook(runbook(settings, "exports"), exports)
            description = f"{settings.title}: tables are not exported"
            self.watch.incident("Exports", exports, description=description)
        found = (secret.node.try_find_child("AgeCheck") for secret in self.secrets.values())
        if checks := [check for check in found if check is not None]:
            link_runbook(runbook(settings, "secret-checks"), *checks)
            description = f"{settings.title}: the age of secrets is not measured"
            self.watch.incident("SecretChecks", *checks, description=description)
        link_runbook(runbook(settings, "secret-age"), *self.secrets.values())


def make_recipients_topic(scope: Construct, settings: StageSettings) -> sns.Topic:
    """Make a topic that mails alarms to the stage's recipients, in the scope's region."""
    policy = _removal_policy(settings)
    key = aws_kms.Key(scope, "Key", enable_key_rotation=True, removal_policy=policy)
    topic = make_alarm_topic(scope, "Default", key)
    if settings.recipients:
        undelivered = make_dead_letters(scope, "Undelivered", removal_policy=policy)
        for address in settings.recipients:
            topic.add_subscription(
                subscriptions.EmailSubscription(address, dead_letter_queue=undelivered)
            )
    return topic


def origin_header(settings: StageSettings) -> tuple[str, str]:
    """Return the header by which the API's firewall knows the distribution, and its value.

    The value is a reference that CloudFormation resolves; no template contains it.
    """
    reference = SecretValue.secrets_manager(secret_name("origin", settings.stage))
    return "X-Signal9-Origin", reference.unsafe_unwrap()


def _removal_policy(settings: StageSettings) -> RemovalPolicy:
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.retain else RemovalPolicy.DESTROY
