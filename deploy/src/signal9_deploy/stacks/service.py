"""The stack of the API and the pipeline: functions, bus, queues, firewall and alarms."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import CfnOutput, RemovalPolicy, Stack, aws_kms
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
    GradualDeployment,
    RestService,
    Route,
    WorkQueue,
)
from signal9_core.domain.queues import DEAD_LETTERS, work_queue
from signal9_core.events import EVENTS, SOURCE, IngestionFailed, event_schema

from ..functions import AUTHORIZER, FUNCTIONS, FunctionSpec
from ..names import access_log_name, api_name, bus_name, queue_name, stack_name
from ..settings import StageSettings
from .alarms import StageAlarms
from .compute import Compute
from .dashboard import show_stage
from .data import DataStack, origin_header
from .network import NetworkStack

__all__ = ["MAX_BODY_BYTES", "ServiceStack", "make_firewall"]

MAX_BODY_BYTES: Final = 16_384
"""The largest request body; a watchlist of the most companies fits."""

_FAILURES_TIMEOUT_S: Final = 5
_WORK_ATTEMPTS: Final = 6
"""More than for events: each attempt goes on where a killed one has stopped."""
_MESSAGE_BYTES: Final = 240 * 1024
"""Below the limit of SQS, so that a dead letter has room for its reason."""

_EXPOSED_HEADERS: Final = ("ETag", "Retry-After", "X-Next-Cursor", "X-Request-Id")


class ServiceStack(Stack):
    """The API and the pipeline, which hold no state and can be recreated."""

    def __init__(
        self,
        scope: Construct,
        settings: StageSettings,
        *,
        data: DataStack,
        network: NetworkStack | None,
        specs: Sequence[FunctionSpec] = FUNCTIONS,
    ) -> None:
        name = stack_name(settings, "Service")
        super().__init__(scope, "Service", stack_name=name, description="Signal9: service")
        self._settings = settings
        self._data = data
        self._specs = specs
        self._policy = (
            RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if settings.retain else RemovalPolicy.DESTROY
        )
        # The AWS managed key of SNS is free, and this account's functions may use it.
        key = aws_kms.Alias.from_alias_name(self, "KeyOfSns", "alias/aws/sns")
        notifications = sns.Topic(self, "Notifications", enforce_ssl=True, master_key=key)
        self.backbone = EventBackbone(
            self,
            "Events",
            bus_name=bus_name(settings),
            schemas={event.detail_type: event_schema(event) for event in EVENTS},
            register_schemas=settings.parts.schemas,
            archive_days=settings.parts.archive_days,
            removal_policy=self._policy,
        )
        self.failures = self._make_queue("Failures", "failures", _FAILURES_TIMEOUT_S)
        self.queues = self._make_queues()
        self.compute = Compute(
            self,
            "Functions",
            settings=settings,
            specs=specs,
            data=data,
            network=network,
            backbone=self.backbone,
            notifications=notifications,
            failures=self.failures.queue,
            queues=self.queues,
        )
        self._add_triggers()
        self.rest = self._make_rest()
        if settings.parts.firewall:
            firewall = make_firewall(self, settings)
            if not settings.emulated:
                firewall.protect(self.rest.stage)
        self._schedule_canary()
        self.gradual = None
        if settings.gradual and not settings.emulated:
            self.gradual = self._deploy_gradually()
        self.alarms = self._watch()
        CfnOutput(self, "ApiId", value=self.rest.api.rest_api_id)
        if not settings.behind_edge:
            CfnOutput(self, "ApiUrl", value=self.rest.url)

    def _watch(self) -> StageAlarms:
        alarms = StageAlarms(
            self,
            self._settings,
            data=self._data,
            specs=self._specs,
            functions=self.compute.by_name,
            queues=[self.failures, *self.queues.values()],
            backbone=self.backbone,
            rest=self.rest,
            gradual=self.gradual,
        )
        show_stage(alarms)
        return alarms

    def _make_queues(self) -> dict[str, WorkQueue]:
        queues = {
            spec.name: self._make_queue(f"{spec.name}Queue", spec.queue, spec.timeout_s)
            for spec in self._specs
            if spec.queue
        }
        work = work_queue(self._settings.provider)
        return queues | {
            spec.name: self._make_work_queue(spec, work) for spec in self._specs if spec.works
        }

    def _make_work_queue(self, spec: FunctionSpec, name: str) -> WorkQueue:
        """Make a queue whose items go on where a killed function has left them, and soon.

        At most two functions receive, and an item is never throttled: one timeout is long enough.
        """
        id_ = f"{spec.name}Queue"
        return self._make_queue(
            id_, name, spec.timeout_s, visibility_factor=1, attempts=_WORK_ATTEMPTS
        )

    def _make_queue(
        self, id_: str, name: str, work_s: int, *, visibility_factor: int = 6, attempts: int = 3
    ) -> WorkQueue:
        """Make a queue whose messages a plan or a replay of the bus's archive brings again."""
        return WorkQueue(
            self,
            id_,
            work_s=work_s,
            visibility_factor=visibility_factor,
            attempts=attempts,
            queue_name=queue_name(self._settings, name),
            dead_letters_name=queue_name(self._settings, f"{name}{DEAD_LETTERS}"),
            max_message_bytes=_MESSAGE_BYTES,
            # Others of the same name could not be made while these are retained.
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _function(self, spec: FunctionSpec) -> lambda_.IFunction:
        return self.compute.by_name[spec.name].invocable

    def _add_triggers(self) -> None:
        """Send events, schedules and failures to the functions that handle them."""
        self.backbone.rule(
            "Failed",
            targets=[self.failures.queue],
            source=SOURCE,
            detail_types=[IngestionFailed.detail_type],
            description="Failed ingests",
        )
        settings = self._settings
        for spec in self._specs:
            function = self._function(spec)
            queue = self.queues.get(spec.name)
            if queue:
                queue.feed(
                    function, batch_size=spec.batch_size, max_concurrency=spec.max_concurrency
                )
            if spec.events:
                self.backbone.rule(
                    spec.name,
                    targets=[queue.queue if queue else function],
                    source=SOURCE,
                    detail_types=[event.detail_type for event in spec.events],
                    description=f"The events of {spec.name}",
                )
            if spec.plans:
                schedules = {spec.name: settings.planning, "Poll": settings.polling}
                for id_, schedule in schedules.items():
                    self.backbone.schedule(id_, function=function, schedule=schedule)
            if spec.every_minutes is not None:
                rate = f"rate({spec.every_minutes} minutes)"
                self.backbone.schedule(spec.name, function=function, schedule=rate)
            if spec.rotates and settings.rotates:
                days = settings.rotation_days
                self._data.secrets[spec.rotates].rotate_with(function, every_days=days, scope=self)
            if spec.handles_failures:
                self.failures.feed(function, batch_size=10)
                function.add_event_source(
                    sources.SqsEventSource(
                        self.backbone.dead_letters, batch_size=10, report_batch_item_failures=True
                    )
                )

    def _make_rest(self) -> RestService:
        settings, zone = self._settings, self._data.zone
        certificate = None
        # Behind the edge it is a name of the distribution.
        domain_name = None if settings.behind_edge else settings.api_name
        if domain_name and zone:
            certificate = acm.Certificate(
                self,
                "Certificate",
                domain_name=domain_name,
                validation=acm.CertificateValidation.from_dns(zone.zone),
            )
        rest = RestService(
            self,
            "Api",
            routes=self._routes(),
            authorizer=self._function(AUTHORIZER),
            api_name=api_name(settings),
            description=f"Market data of listed companies ({settings.stage})",
            cors_origins=settings.origins,
            cors_exposed_headers=_EXPOSED_HEADERS,
            rate_per_s=settings.quotas.rate_per_s,
            burst=settings.quotas.burst,
            tracing=settings.parts.tracing,
            # It is the account's, so `bootstrap` makes it, and no stage can take it away.
            account_log_role=False,
            access_log_name=access_log_name(settings),
            log_retention_days=settings.log_retention_days,
            domain_name=domain_name,
            certificate=certificate,
            removal_policy=self._policy,
        )
        if rest.domain and zone and settings.domain and domain_name:
            zone_id = zone.zone.hosted_zone_id
            names = DnsZone(self, "Names", zone_name=settings.domain, zone_id=zone_id)
            names.alias(domain_name, targets.ApiGatewayDomain(rest.domain))
        return rest

    def _deploy_gradually(self) -> GradualDeployment:
        """Shift traffic to new versions, and back if they fail.

        Lambda counts refused tokens as errors of the authorizer, so its errors end no deployment.
        """
        return GradualDeployment(
            self,
            "Gradual",
            functions=list(self.compute.by_name.values()),
            expected_errors=[self.compute.by_name[AUTHORIZER.name]],
            alarm_topic=self._data.topic,
        )

    def _schedule_canary(self) -> None:
        """Let the canary check the stage every few minutes; the alarms watch what it finds."""
        settings, minutes = self._settings, self._settings.canary.minutes
        for spec in self._specs if minutes else ():
            if spec.checks:
                checks = {
                    "api": f"{settings.api_base or self.rest.url}/api/v1",
                    "page": f"https://{settings.app_name}/" if settings.site_names else None,
                    "hasIssuer": settings.issuer is not None,
                }
                self.backbone.schedule(
                    spec.name,
                    function=self._function(spec),
                    schedule=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
                    payload=checks,
                )

    def _routes(self) -> list[Route]:
        return [
            Route(
                endpoint.method,
                endpoint.path,
                self._function(spec),
                open=endpoint.open,
                body=endpoint.body.model_json_schema() if endpoint.body else None,
            )
            for spec in self._specs
            for endpoint in spec.endpoints
        ]


def make_firewall(scope: Construct, settings: StageSettings, *, edge: bool = False) -> Firewall:
    """Make the firewall of the API or, at the `edge`, of the distribution."""
    name, quotas = f"signal9-{settings.stage}-{'edge' if edge else 'api'}", settings.quotas
    # The distribution's firewall knows callers by their addresses, the API's only the edge by its.
    counts = edge or not settings.behind_edge
    return Firewall(
        scope,
        "Firewall",
        edge=edge,
        name=name,
        log_name=name,
        requests_per_address=quotas.requests_per_address if counts else None,
        requests_per_token=quotas.requests_per_token if counts else None,
        required_header=None if counts else origin_header(settings),
        address_lists=not settings.emulated,
        allowed_countries=settings.allowed_countries,
        denied_countries=settings.denied_countries,
        max_body_bytes=MAX_BODY_BYTES,
        log_retention_days=None if settings.emulated else settings.log_retention_days,
        removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        if settings.retain
        else RemovalPolicy.DESTROY,
    )
