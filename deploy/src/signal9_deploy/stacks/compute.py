"""The functions of a stage: code, configuration and permissions."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypedDict

from aws_cdk import RemovalPolicy, Stack, aws_iam, aws_sns
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from signal9_constructs import (
    DependencyLayer,
    EventBackbone,
    PythonBundle,
    PythonFunction,
    WorkQueue,
)
from signal9_core.domain.queues import queue_prefix

from ..functions import FunctionSpec, Use
from ..names import NAMESPACE, function_name, table_prefix
from ..settings import StageSettings
from .data import DataStack
from .network import NetworkStack

__all__ = ["PYTHON", "Compute"]

PYTHON: Final = "3.14"

_ARCHITECTURE: Final = "arm64"
_DEPLOY: Final = Path(__file__).parents[3]
_PACKAGES: Final = _DEPLOY.parent / "packages"
_UNUSED: Final = (
    "**/py.typed",
    "signal9_core/__main__.py",
    "signal9_core/cli",
    "signal9_core/demo.py",
    "signal9_core/notebook",
    "signal9_core/providers/simulator",
    "signal9_core/remote.py",
    "signal9_handlers/local",
    "signal9_handlers/openapi*",
)
"""What only a laptop needs."""

_SERVICES: Final = ("dynamodb", "events", "s3", "secretsmanager", "sns", "sqs")
_READ: Final = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITE: Final = ("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem")


class _Vpc(TypedDict, total=False):
    vpc: ec2.IVpc
    vpc_subnets: ec2.SubnetSelection
    security_groups: list[ec2.ISecurityGroup]


class Compute(Construct):
    """The functions by name; events that they fail to handle go to `failures`."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        settings: StageSettings,
        specs: Sequence[FunctionSpec],
        data: DataStack,
        network: NetworkStack | None,
        backbone: EventBackbone,
        notifications: aws_sns.ITopic,
        failures: sqs.IQueue,
        queues: Mapping[str, WorkQueue],
    ) -> None:
        super().__init__(scope, id_)
        self._settings = settings
        self._data = data
        self._network = network
        self._backbone = backbone
        self._notifications = notifications
        self._failures = failures
        self._queues = queues
        self._work_queues = [queues[spec.name] for spec in specs if spec.works]
        self._layer = DependencyLayer(
            self,
            "Libraries",
            code=PythonBundle(
                requirements=_DEPLOY / "requirements.txt",
                botocore_services=_services(settings),
                for_this_machine=settings.emulated,
            ),
            python_version=PYTHON,
            architecture=_ARCHITECTURE,
            description="The dependencies of Signal9's functions",
            removal_policy=RemovalPolicy.DESTROY,
        )
        self._code = PythonBundle(
            sources=[
                _PACKAGES / "signal9-core/src/signal9_core",
                _PACKAGES / "signal9-handlers/src/signal9_handlers",
            ],
            prune=_UNUSED,
            for_this_machine=settings.emulated,
        ).code(python_version=PYTHON, architecture=_ARCHITECTURE)
        self.by_name = {spec.name: self._make(spec) for spec in specs}

    def _make(self, spec: FunctionSpec) -> PythonFunction:
        settings = self._settings
        function = PythonFunction(
            self,
            spec.name,
            code=self._code,
            handler=spec.handler,
            function_name=function_name(settings, spec.name),
            python_version=PYTHON,
            architecture=_ARCHITECTURE,
            memory_mib=spec.memory_mib,
            timeout_s=spec.timeout_s,
            environment=self._environment(spec),
            service_name="signal9",
            metrics_namespace=NAMESPACE,
            layers=[self._layer.layer],
            tracing=settings.parts.tracing,
            alias=settings.gradual,
            # Only callers of the API wait for a function to start.
            snap_start=settings.snap_start and bool(spec.endpoints or spec.authorizes),
            # The function that handles failures must not be sent its own.
            on_failure=(
                None if spec.handles_failures else destinations.SqsDestination(self._failures)
            ),
            log_retention_days=settings.log_retention_days,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if settings.retain
            else RemovalPolicy.DESTROY,
            **self._vpc(spec),
        )
        self._grant(spec, function)
        return function

    def _vpc(self, spec: FunctionSpec) -> _Vpc:
        if self._network is None:
            return {}
        outgoing = spec.internet or (spec.mails and self._settings.mail_sender is not None)
        group = self._network.outgoing if outgoing else self._network.closed
        return {
            "vpc": self._network.network.vpc,
            "vpc_subnets": self._network.network.private_subnets,
            "security_groups": [group],
        }

    def _environment(self, spec: FunctionSpec) -> Mapping[str, str]:
        settings, cache = self._settings, self._data.cache.bucket.bucket_name
        app = settings.app_name if settings.parts.edge else None
        variables = {
            "SIGNAL9_STAGE": settings.stage,
            "SIGNAL9_STORE": "dynamodb",
            "SIGNAL9_TABLE_PREFIX": table_prefix(settings),
            "SIGNAL9_PROVIDER": settings.provider,
            f"SIGNAL9_{settings.provider.upper()}_PER_MINUTE": (
                None if settings.provider_per_minute is None else str(settings.provider_per_minute)
            ),
            "SIGNAL9_CACHE_BUCKET": cache if spec.writes_cache else None,
            "SIGNAL9_EVENT_BUS": self._backbone.bus.event_bus_name if spec.publishes else None,
            "SIGNAL9_QUEUE_PREFIX": self._queue_prefix(spec),
            "SIGNAL9_NOTIFICATION_TOPIC": self._notifications.topic_arn if spec.notifies else None,
            "SIGNAL9_MAIL_SENDER": settings.mail_sender if spec.mails else None,
            "SIGNAL9_APP_URL": f"https://{app}" if app and spec.mails else None,
            "SIGNAL9_SENTIMENT_MODEL": settings.sentiment_model if spec.scores else None,
            "SIGNAL9_CORS_ORIGINS": ",".join(settings.origins) if spec.endpoints else None,
            "SIGNAL9_ISSUER": settings.issuer if spec.authorizes else None,
            "SIGNAL9_AUDIENCE": settings.audience if spec.authorizes else None,
            "SIGNAL9_BACKUP_DAYS": str(settings.backup_days) if spec.deletes else None,
            "SIGNAL9_REQUIRE_SCOPES": (
                str(settings.require_scopes).lower() if spec.authorizes else None
            ),
            **spec.environment,
        }
        return {name: value for name, value in variables.items() if value is not None}

    def _queue_prefix(self, spec: FunctionSpec) -> str | None:
        uses_queues = spec.plans or spec.checks or spec.name in self._queues
        return queue_prefix(self._settings.stage) if uses_queues else None

    def _grant(self, spec: FunctionSpec, function: PythonFunction) -> None:
        for use in spec.uses:
            _grant_use(function, use, self._data.tables[use.table.name].table)
        for name in spec.secrets:  # in this order, so that synthesis is reproducible
            if name in self._data.secrets:
                self._data.secrets[name].grant_read(function)
        if spec.writes_cache:
            # Without permission to list, a missing object is 403 instead of 404.
            self._data.cache.grant_read(function)
            self._data.cache.grant_put(function)
        if spec.name in self._queues:
            queue = self._queues[spec.name]
            queue.grant_send(function)
            queue.grant_send_dead_letters(function)
        if spec.plans or spec.checks:
            for queue in self._work_queues:
                queue.grant_send(function)
        if spec.publishes:
            self._backbone.grant_publish(function)
        if spec.notifies:
            self._notifications.grant_publish(function)
        self._grant_options(spec, function)

    def _grant_options(self, spec: FunctionSpec, function: PythonFunction) -> None:
        """Grant what only some stages have."""
        sender, model = self._settings.mail_sender, self._settings.sentiment_model
        if spec.mails and sender is not None:
            _grant_mail(function, sender)
        if spec.scores and model is not None:
            _grant_model(function, model)


def _services(settings: StageSettings) -> tuple[str, ...]:
    mail = () if settings.mail_sender is None else ("sesv2",)
    model = () if settings.sentiment_model is None else ("bedrock-runtime",)
    return (*_SERVICES, *mail, *model)


def _grant_mail(function: PythonFunction, sender: str) -> None:
    """Let a function send mails from one address, by the identity of its domain in SES."""
    domain = sender.partition("@")[2]
    identity = Stack.of(function).format_arn(
        service="ses", resource="identity", resource_name=domain
    )
    function.grant_principal.add_to_principal_policy(
        aws_iam.PolicyStatement(
            actions=["ses:SendEmail"],
            resources=[identity],
            conditions={"StringEquals": {"ses:FromAddress": sender}},
        )
    )


def _grant_model(function: PythonFunction, model: str) -> None:
    arn = Stack.of(function).format_arn(
        service="bedrock", account="", resource="foundation-model", resource_name=model
    )
    aws_iam.Grant.add_to_principal(
        grantee=function, actions=["bedrock:InvokeModel"], resource_arns=[arn]
    )


def _grant_use(grantee: aws_iam.IGrantable, use: Use, table: dynamodb.ITable) -> None:
    """Grant exactly the calls of the store, on the table and on the indexes that are used."""
    aws_iam.Grant.add_to_principal(
        grantee=grantee,
        actions=[*_READ, *(_WRITE if use.writes else ())],
        resource_arns=[table.table_arn],
    )
    if use.indexes:
        aws_iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:Query"],
            resource_arns=[f"{table.table_arn}/index/{index.name}" for index in use.indexes],
        )
