"""What must not be lost: tables, buckets, secrets, the zone; and who is told of trouble."""

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from signal9_constructs import AccessTrail, ApiSecret, DataTable, DnsZone, SecureBucket
from signal9_core.tables import TABLES

from ..names import bucket_name, table_prefix
from ..secrets import SECRETS, SecretSpec, secret_name
from ..settings import StageSettings
from .exports import NightlyExports
from .removal import removal_policy
from .topic import AlarmTopic

__all__ = ["DataStack"]

_COLD_AFTER_DAYS: Final = 30
_BACKUP_DAYS: Final = 400


class DataStack(Stack):
    """Tables, buckets, secrets, trail; in a stage that retains they outlive the stack."""

    def __init__(
        self, scope: Construct, id_: str, *, settings: StageSettings, stack_name: str
    ) -> None:
        super().__init__(scope, id_, stack_name=stack_name, description="Signal9: data")
        self._settings = settings
        self._policy = removal_policy(settings)
        self.topic = AlarmTopic(self, "Alarms", settings=settings).topic
        self.tables = {
            table.name: DataTable(
                self,
                table.name,
                shape=table,
                table_name=table_prefix(settings) + table.name,
                deletion_protection=settings.retain,
                removal_policy=self._policy,
            )
            for table in TABLES
        }
        self.cache = self._bucket("Cache", "cache")
        self.backup = self._bucket("Backup", "backup", expire_days=_BACKUP_DAYS)
        self.secrets = {spec.name: self._secret(spec) for spec in SECRETS}
        if settings.parts.trail:
            self._record()
        if settings.parts.exports:
            tables = {name: each.table for name, each in self.tables.items()}
            NightlyExports(self, "Exports", settings=settings, tables=tables, bucket=self.backup)
        self.zone = self._zone()

    def _bucket(self, id_: str, kind: str, *, expire_days: int | None = None) -> SecureBucket:
        return SecureBucket(
            self,
            id_,
            bucket_name=bucket_name(self._settings, kind, self.account),
            expire_days=expire_days,
            tiers={s3.StorageClass.GLACIER_INSTANT_RETRIEVAL: _COLD_AFTER_DAYS},
            cors_origins=self._settings.origins,
            removal_policy=self._policy,
        )

    def _secret(self, spec: SecretSpec) -> ApiSecret:
        alarmed = self._settings.parts.alarms and not self._settings.emulated
        return ApiSecret(
            self,
            f"{spec.name.capitalize()}Secret",
            fields=spec.fields,
            secret_name=secret_name(spec.name, self._settings.stage),
            description=spec.description,
            alarm_topic=self.topic if alarmed else None,
            removal_policy=self._policy,
        )

    def _record(self) -> None:
        # The static bucket is at the edge, and known here by its name.
        static = s3.Bucket.from_bucket_name(
            self, "Static", bucket_name(self._settings, "static", self.account)
        )
        buckets = [self.cache.bucket, self.backup.bucket]
        AccessTrail(
            self,
            "Trail",
            buckets=[*buckets, static] if self._settings.parts.edge else buckets,
            log_retention_days=self._settings.log_retention_days,
            lock_days=90 if self._settings.retain else None,
            removal_policy=self._policy,
        )

    def _zone(self) -> DnsZone | None:
        """Return the zone, made here unless it exists: its name servers are state, too."""
        if self._settings.domain is None:
            return None
        return DnsZone(
            self,
            "Zone",
            zone_name=self._settings.domain,
            zone_id=self._settings.zone_id,
            removal_policy=self._policy,
        )
