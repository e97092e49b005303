"""All functions of the table `FUNCTIONS`, each with its own role, network and failures."""

from collections.abc import Mapping, Sequence
from typing import Final, TypedDict

from aws_cdk import RemovalPolicy, aws_sns
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from signal9_constructs import ApiSecret, DependencyLayer, EventBackbone, PythonFunction

from ..code import ARCHITECTURE, PYTHON, libraries, our_packages
from ..functions import FunctionSpec
from ..grants import grant_use
from ..names import table_prefix
from ..secrets import CURSORS, secret_name
from ..settings import StageSettings
from .data import DataStack
from .network import NetworkStack
from .removal import removal_policy

__all__ = ["NAMESPACE", "Compute"]

NAMESPACE: Final = "Signal9"
"""Where the metrics of our own programs are, as the handlers name it."""


class _Place(TypedDict, total=False):
    vpc: ec2.IVpc
    vpc_subnets: ec2.SubnetSelection
    security_groups: list[ec2.ISecurityGroup]


class Compute(Construct):
    """The functions of a stage, by name; what fails for good is told to `failures`."""

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
    ) -> None:
        super().__init__(scope, id_)
        self._settings = settings
        self._data = data
        self._network = network
        self._backbone = backbone
        self._notifications = notifications
        self._failures = failures
        self._policy = removal_policy(settings)
        self._layer = self._make_layer()
        self._code = our_packages(for_this_machine=settings.emulated).code(
            python_version=PYTHON, architecture=ARCHITECTURE
        )
        self.by_name = {spec.name: self._make(spec) for spec in specs}
        self._share_signing_key(specs)

    @property
    def functions(self) -> list[lambda_.Function]:
        """The functions themselves, in the order of the table."""
        return [each.function for each in self.by_name.values()]

    def _make_layer(self) -> DependencyLayer:
        return DependencyLayer(
            self,
            "Libraries",
            code=libraries(for_this_machine=self._settings.emulated),
            python_version=PYTHON,
            architecture=ARCHITECTURE,
            description="What Signal9's functions need",
            removal_policy=RemovalPolicy.DESTROY,
        )

    def _make(self, spec: FunctionSpec) -> PythonFunction:
        made = PythonFunction(
            self,
            spec.name,
            code=self._code,
            handler=spec.handler,
            function_name=f"signal9-{self._settings.stage}-{spec.name}",
            python_version=PYTHON,
            architecture=ARCHITECTURE,
            memory_mib=spec.memory_mib,
            timeout_s=spec.timeout_s,
            environment=self._environment(spec),
            service_name="signal9",
            metrics_namespace=NAMESPACE,
            layers=[self._layer.layer],
            tracing=self._settings.parts.tracing,
            # A function that reports failures must not report its own to itself.
            on_failure=None if spec.reports else destinations.SqsDestination(self._failures),
            log_retention_days=self._settings.log_retention_days,
            removal_policy=self._policy,
            **self._place(spec),
        )
        self._grant(spec, made)
        return made

    def _place(self, spec: FunctionSpec) -> _Place:
        if self._network is None:
            return {}
        group = self._network.outgoing if spec.goes_out else self._network.closed
        return {
            "vpc": self._network.network.vpc,
            "vpc_subnets": self._network.network.private_subnets,
            "security_groups": [group],
        }

    def _environment(self, spec: FunctionSpec) -> Mapping[str, str]:
        settings = self._settings
        given = {
            "SIGNAL9_STAGE": settings.stage,
            "SIGNAL9_STORE": "dynamodb",
            "SIGNAL9_TABLE_PREFIX": table_prefix(settings),
            "SIGNAL9_PROVIDER": settings.provider,
            "SIGNAL9_REFRESH_BATCH": str(settings.refresh_batch) if spec.polled else None,
            "SIGNAL9_CACHE_BUCKET": self._data.cache.bucket.bucket_name if spec.caches else None,
            "SIGNAL9_EVENT_BUS": self._backbone.bus.event_bus_name if spec.publishes else None,
            "SIGNAL9_NOTIFICATION_TOPIC": self._notifications.topic_arn if spec.notifies else None,
            "SIGNAL9_CORS_ORIGINS": ",".join(settings.origins) if spec.endpoints else None,
            "SIGNAL9_ISSUER": settings.issuer if spec.judges else None,
            "SIGNAL9_AUDIENCE": settings.audience if spec.judges else None,
            "SIGNAL9_CURSOR_SECRET": self._cursors if spec.signs else None,
            **spec.environment,
        }
        return {name: value for name, value in given.items() if value is not None}

    @property
    def _cursors(self) -> str:
        return secret_name(CURSORS.name, self._settings.stage)

    def _share_signing_key(self, specs: Sequence[FunctionSpec]) -> None:
        """Make the secret, which can go at any time, let one renew it and the others read it."""
        rotating = [self.by_name[spec.name].function for spec in specs if spec.rotates]
        secret = ApiSecret(
            self,
            "Cursors",
            fields=CURSORS.fields,
            generated=CURSORS.fields[0],
            secret_name=self._cursors,
            description=CURSORS.description,
            rotation=rotating[0] if rotating and not self._settings.emulated else None,
            removal_policy=RemovalPolicy.DESTROY,
        )
        for spec in specs:
            if spec.signs:
                secret.grant_read(self.by_name[spec.name])

    def _grant(self, spec: FunctionSpec, function: PythonFunction) -> None:
        for use in spec.uses:
            grant_use(function, use, self._data.tables[use.table.name].table)
        for name in spec.secrets:
            self._data.secrets[name].grant_read(function)
        if spec.caches:
            # Whoever may not list is told 403, not 404, of what is not there.
            self._data.cache.grant_read(function)
            self._data.cache.grant_put(function)
        if spec.publishes:
            self._backbone.grant_publish(function)
        if spec.notifies:
            self._notifications.grant_publish(function)
