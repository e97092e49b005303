"""What runs: functions, the API before them, the bus between them, and who watches them."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import CfnOutput, Stack, aws_kms
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_route53_targets as targets
from aws_cdk import aws_sns as sns
from constructs import Construct

from signal9_constructs import (
    DnsZone,
    EventBackbone,
    Firewall,
    Observability,
    RestService,
    Route,
    WorkQueue,
)
from signal9_core.events import EVENTS, SOURCE, IngestionFailed, event_schema
from signal9_core.schemas import request_schema

from ..functions import AUTHORIZER, FUNCTIONS, FunctionSpec
from ..names import access_log_name, bus_name, firewall_name
from ..settings import StageSettings
from .compute import NAMESPACE, Compute
from .data import DataStack
from .network import NetworkStack
from .removal import removal_policy

__all__ = ["ServiceStack"]

_SINK_S: Final = 5
_EXPOSED: Final = ("ETag", "Retry-After", "X-Next-Cursor", "X-Request-Id")


class ServiceStack(Stack):
    """The API and the pipeline; everything in it can be made anew."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: StageSettings,
        stack_name: str,
        data: DataStack,
        network: NetworkStack | None,
        specs: Sequence[FunctionSpec] = FUNCTIONS,
    ) -> None:
        super().__init__(scope, id_, stack_name=stack_name, description="Signal9: service")
        self._settings = settings
        self._data = data
        self._specs = specs
        self._policy = removal_policy(settings)
        self.notifications = self._make_notifications()
        self.backbone = self._make_backbone()
        self.failures = WorkQueue(self, "Failures", work_s=_SINK_S, removal_policy=self._policy)
        self.compute = self._make_compute(network)
        self._connect()
        self.rest = self._make_rest()
        self._protect()
        self._watch()
        CfnOutput(self, "ApiId", value=self.rest.api.rest_api_id)
        CfnOutput(self, "ApiUrl", value=self.rest.url)

    def function(self, spec: FunctionSpec) -> lambda_.Function:
        """Return the function that `spec` describes."""
        return self.compute.by_name[spec.name].function

    def _make_notifications(self) -> sns.Topic:
        # The key that AWS manages for SNS costs nothing, and functions of this account may use it.
        key = aws_kms.Alias.from_alias_name(self, "KeyOfSns", "alias/aws/sns")
        return sns.Topic(self, "Notifications", enforce_ssl=True, master_key=key)

    def _make_backbone(self) -> EventBackbone:
        return EventBackbone(
            self,
            "Events",
            bus_name=bus_name(self._settings),
            schemas={kind.detail_type: event_schema(kind) for kind in EVENTS},
            register_schemas=self._settings.parts.schemas,
            archive_days=self._settings.parts.archive_days,
            removal_policy=self._policy,
        )

    def _make_compute(self, network: NetworkStack | None) -> Compute:
        return Compute(
            self,
            "Functions",
            settings=self._settings,
            specs=self._specs,
            data=self._data,
            network=network,
            backbone=self.backbone,
            notifications=self.notifications,
            failures=self.failures.queue,
        )

    def _connect(self) -> None:
        """Lead events, the clock and failures to those who hear of them."""
        self.backbone.rule(
            "Failed",
            targets=[self.failures.queue],
            source=SOURCE,
            detail_types=[IngestionFailed.detail_type],
            description="Failed ingests are reported",
        )
        for spec in self._specs:
            function = self.function(spec)
            if spec.events:
                self.backbone.rule(
                    spec.name,
                    targets=[function],
                    source=SOURCE,
                    detail_types=[each.detail_type for each in spec.events],
                    description=f"{spec.name} hears of these events",
                )
            if spec.polled:
                self.backbone.schedule(
                    spec.name, function=function, schedule=self._settings.polling
                )
            if spec.reports:
                self._report_to(function)

    def _report_to(self, function: lambda_.Function) -> None:
        self.failures.feed(function, batch_size=10)
        undelivered = sources.SqsEventSource(
            self.backbone.dead_letters, batch_size=10, report_batch_item_failures=True
        )
        function.add_event_source(undelivered)

    def _make_rest(self) -> RestService:
        settings = self._settings
        rest = RestService(
            self,
            "Api",
            routes=self._routes(),
            authorizer=self.function(AUTHORIZER),
            api_name="Signal9 API",
            description=f"Market data of listed companies ({settings.stage})",
            cors_origins=settings.origins,
            cors_exposed_headers=_EXPOSED,
            rate_per_s=settings.quotas.rate_per_s,
            burst=settings.quotas.burst,
            requests_per_day=settings.quotas.requests_per_day,
            tracing=settings.parts.tracing,
            access_log_name=access_log_name(settings),
            log_retention_days=settings.log_retention_days,
            domain_name=settings.api_name,
            certificate=self._certificate(),
            removal_policy=self._policy,
        )
        self._name(rest)
        return rest

    def _routes(self) -> list[Route]:
        return [
            Route(
                each.method,
                each.path,
                self.function(spec),
                open=each.open,
                body=request_schema(each.body) if each.body else None,
            )
            for spec in self._specs
            for each in spec.endpoints
        ]

    def _name(self, rest: RestService) -> None:
        settings = self._settings
        if rest.domain and self._data.zone and settings.domain and settings.api_name:
            zone_id = self._data.zone.zone.hosted_zone_id
            names = DnsZone(self, "Names", zone_name=settings.domain, zone_id=zone_id)
            names.alias(settings.api_name, targets.ApiGatewayDomain(rest.domain))

    def _certificate(self) -> acm.ICertificate | None:
        if self._settings.api_name is None or self._data.zone is None:
            return None
        return acm.Certificate(
            self,
            "Certificate",
            domain_name=self._settings.api_name,
            validation=acm.CertificateValidation.from_dns(self._data.zone.zone),
        )

    def _protect(self) -> None:
        if not self._settings.parts.firewall:
            return
        firewall = Firewall(
            self,
            "Firewall",
            name=firewall_name(self._settings, "api"),
            log_name=firewall_name(self._settings, "api"),
            requests_per_address=self._settings.quotas.requests_per_address,
            log_retention_days=(
                None if self._settings.emulated else self._settings.log_retention_days
            ),
            removal_policy=self._policy,
        )
        if not self._settings.emulated:
            firewall.protect(self.rest.stage)

    def _watch(self) -> None:
        """Watch everything, or in a stage without alarms only the API and what failed."""
        settings = self._settings
        seen = Observability(
            self,
            "Observability",
            namespace=NAMESPACE,
            dashboard_name=settings.title,
            topic=self._data.topic,
            removal_policy=self._policy,
        )
        if not settings.parts.dashboard:
            seen.node.try_remove_child(seen.dashboard.node.id)
        alarmed = settings.parts.alarms
        nets = [each.dead_letters for each in self.compute.by_name.values()]
        seen.watch("Api", apis=[self.rest.api])
        seen.watch(
            "Pipeline",
            functions=self.compute.functions if alarmed else [],
            queues=[self.failures.queue] if alarmed else [],
            dead_letters=[self.failures.dead_letters, *(nets if alarmed else [])],
        )
        if alarmed and not settings.emulated:
            seen.watch("Tables", tables=[each.table for each in self._data.tables.values()])
