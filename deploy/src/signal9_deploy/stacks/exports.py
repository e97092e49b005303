"""Nightly exports of the tables: the clock calls DynamoDB itself, without code of ours."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, Stack, aws_iam
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from signal9_constructs import SecureBucket

from ..settings import StageSettings
from .removal import removal_policy

__all__ = ["NightlyExports"]

_EXPORT: Final = "arn:aws:scheduler:::aws-sdk:dynamodb:exportTableToPointInTime"
_WINDOW_MINUTES: Final = 60


class NightlyExports(Construct):
    """One schedule per table; an export that cannot start waits in a queue."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: StageSettings,
        tables: Mapping[str, dynamodb.ITable],
        bucket: SecureBucket,
    ) -> None:
        super().__init__(scope, id_)
        self.failed = sqs.Queue(
            self,
            "Failed",
            retention_period=Duration.days(14),
            enforce_ssl=True,
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            removal_policy=removal_policy(settings),
        )
        self._role = aws_iam.Role(
            self, "Role", assumed_by=aws_iam.ServicePrincipal("scheduler.amazonaws.com")
        )
        bucket.grant_put(self._role)
        self.failed.grant_send_messages(self._role)
        for name, table in tables.items():
            self._export(name, table, bucket, settings.export_schedule)

    def _export(
        self, name: str, table: dynamodb.ITable, bucket: SecureBucket, schedule: str
    ) -> None:
        aws_iam.Grant.add_to_principal(
            grantee=self._role,
            actions=["dynamodb:ExportTableToPointInTime"],
            resource_arns=[table.table_arn],
        )
        wanted = Stack.of(self).to_json_string(
            {
                "TableArn": table.table_arn,
                "S3Bucket": bucket.bucket.bucket_name,
                "S3Prefix": f"tables/{name}",
                "S3SseAlgorithm": "AES256",
                "ExportFormat": "DYNAMODB_JSON",
            }
        )
        self._schedule(name, schedule, wanted)

    def _schedule(self, name: str, schedule: str, wanted: str) -> None:
        scheduler.CfnSchedule(
            self,
            name,
            description=f"Exports {name} to the backup bucket",
            schedule_expression=schedule,
            schedule_expression_timezone="Etc/UTC",
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
                mode="FLEXIBLE", maximum_window_in_minutes=_WINDOW_MINUTES
            ),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=_EXPORT,
                role_arn=self._role.role_arn,
                input=wanted,
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(
                    arn=self.failed.queue_arn
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=5),
            ),
        )
