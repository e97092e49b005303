"""Containers on Fargate behind an application load balancer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import jsii
from aws_cdk import Duration, RemovalPolicy, Stack, aws_iam, aws_kms, aws_s3
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from .alarms import AlarmTarget, make_alarms, with_thresholds
from .alarms_servers import ecs_service_subject, load_balancer_subject, target_group_subject
from .arguments import Wrapper, checked, merge, unwrap
from .bucket import SecureBucket
from .errors import ConstructError, choose
from .feature_flags import prepare
from .logs import make_log_group
from .policies import allow_in_policy

__all__ = ["FargateService", "Image", "SecretValue"]

Image: TypeAlias = ecs.ContainerImage | ecr.IRepository | Path | str
"""An image of the CDK, a repository (its tag `latest`), a folder with a Dockerfile, or a name."""
SecretValue: TypeAlias = (
    ecs.Secret
    | secretsmanager.ISecret
    | Wrapper[secretsmanager.ISecret]
    | tuple[secretsmanager.ISecret | Wrapper[secretsmanager.ISecret], str]
)
"""A secret for a variable: its whole value or, with a field's name, one field of its JSON."""

_ARCHITECTURES: Final = {
    "arm64": (ecs.CpuArchitecture.ARM64, ecr_assets.Platform.LINUX_ARM64),
    "x86_64": (ecs.CpuArchitecture.X86_64, ecr_assets.Platform.LINUX_AMD64),
}
_LOG_DELIVERY: Final = "logdelivery.elasticloadbalancing.amazonaws.com"
_HTTP: Final = 80
_HTTPS: Final = 443


@checked
@jsii.implements(aws_iam.IGrantable, ec2.IConnectable)
class FargateService(Construct):
    """Containers in private subnets behind a load balancer that speaks HTTPS.

    Pass a `vpc`, where a cluster is made, or an existing `cluster`. Without a `certificate` the
    load balancer speaks HTTP, which `http_inside_vpc` must allow, and is never internet-facing.
    `clients` may connect to it: by default everyone if it is internet-facing, or else the VPC. A
    deployment whose containers do not become healthy is rolled back. Containers run as `user` on a
    read-only file system, except for `writable_paths`. With a topic there are alarms.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        image: Image,
        vpc: ec2.IVpc | Wrapper[ec2.IVpc] | None = None,
        cluster: ecs.ICluster | None = None,
        certificate: acm.ICertificate | None = None,
        http_inside_vpc: bool = False,
        internet_facing: bool = False,
        clients: Sequence[ec2.IConnectable] = (),
        service_name: str | None = None,
        port: int = 8080,
        cpu: int = 256,
        memory_mib: int = 512,
        architecture: str = "arm64",
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        secrets: Mapping[str, SecretValue] | None = None,
        user: str = "1000:1000",
        read_only: bool = True,
        writable_paths: Sequence[str] = ("/tmp",),  # noqa: S108
        health_path: str = "/health",
        health_grace_s: int = 60,
        min_tasks: int = 2,
        max_tasks: int = 10,
        cpu_percent: int = 60,
        requests_per_task: int | None = None,
        task_role: aws_iam.IRole | None = None,
        execution_role: aws_iam.IRole | None = None,
        task_subnets: ec2.SubnetSelection | None = None,
        load_balancer_subnets: ec2.SubnetSelection | None = None,
        access_logs: aws_s3.IBucket | Wrapper[aws_s3.IBucket] | None = None,
        access_log_days: int = 90,
        log_retention_days: int = 30,
        container_insights: bool = True,
        deletion_protection: bool = True,
        encryption_key: aws_kms.IKey | None = None,
        max_latency_s: float = 2,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        container_props: Mapping[str, Any] | None = None,
        props: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        vpc = unwrap(vpc)
        self._check(vpc, cluster, certificate, inside=http_inside_vpc, public=internet_facing)
        self._removal_policy = removal_policy
        self.cluster = cluster or self._make_cluster(vpc, insights=container_insights)
        self.log_group = make_log_group(
            self,
            "Logs",
            retention_days=log_retention_days,
            removal_policy=removal_policy,
            encryption_key=encryption_key,
        )
        self.task, platform = self._make_task(
            architecture,
            cpu=cpu,
            memory_limit_mib=memory_mib,
            task_role=task_role,
            execution_role=execution_role,
        )
        container = ecs.ContainerDefinitionOptions(
            image=_container_image(image, platform),
            command=list(command) or None,
            environment=dict(environment or {}),
            secrets={name: _secret(secret) for name, secret in (secrets or {}).items()},
            user=user,
            readonly_root_filesystem=read_only,
            logging=ecs.LogDriver.aws_logs(log_group=self.log_group, stream_prefix="main"),
            port_mappings=[ecs.PortMapping(container_port=port)],
        )
        init = {"linux_parameters": ecs.LinuxParameters(self, "Linux", init_process_enabled=True)}
        self.container = self.task.add_container(
            "Main", **merge(self, container_props, container, init)
        )
        self._add_writable_paths(writable_paths)
        self.service = self._make_service(
            ecs.FargateServiceProps(
                service_name=service_name,
                cluster=self.cluster,
                task_definition=self.task,
                # Otherwise a deployment would undo the scaling.
                desired_count=None if max_tasks > min_tasks else min_tasks,
                health_check_grace_period=Duration.seconds(health_grace_s),
                vpc_subnets=task_subnets,
            ),
            props,
        )
        self.load_balancer = self._make_load_balancer(
            load_balancer_subnets, internet_facing=internet_facing, protected=deletion_protection
        )
        self.access_logs: aws_s3.IBucket = unwrap(access_logs) or self._make_log_bucket(
            access_log_days
        )
        self._log_requests()
        self.listener = self._listen(certificate, clients, public=internet_facing)
        self.target_group = self._route_to_tasks(health_path, port)
        self._scale(min_tasks, max_tasks, cpu_percent, requests_per_task)
        if alarm_topic:
            self._add_alarms(alarm_topic, max_latency_s)

    @property
    def resource(self) -> ecs.IBaseService:
        """The service of ECS, so that the construct can stand for it."""
        return self.service

    @property
    def grant_principal(self) -> aws_iam.IPrincipal:
        """The role of the tasks, so that the construct is a grantee itself."""
        return self.task.task_role.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The connections of the tasks, for the security groups of what they use."""
        return self.service.connections

    def _check(
        self,
        vpc: ec2.IVpc | None,
        cluster: ecs.ICluster | None,
        certificate: acm.ICertificate | None,
        *,
        inside: bool,
        public: bool,
    ) -> None:
        if (vpc is None) == (cluster is None):
            raise ConstructError(f"{self.node.path}: exactly one of vpc and cluster is required")
        if certificate is None and (public or not inside):
            raise ConstructError(
                f"{self.node.path}: certificate: required for HTTPS; without one, pass "
                "http_inside_vpc=True and internet_facing=False"
            )

    def _make_cluster(self, vpc: ec2.IVpc | None, *, insights: bool) -> ecs.Cluster:
        level = ecs.ContainerInsights.ENABLED if insights else ecs.ContainerInsights.DISABLED
        return ecs.Cluster(self, "Cluster", vpc=vpc, container_insights_v2=level)

    def _make_task(
        self, architecture: str, **settings: Any
    ) -> tuple[ecs.FargateTaskDefinition, ecr_assets.Platform]:
        cpu_architecture, platform = choose(_ARCHITECTURES, "architecture", architecture)
        runtime = ecs.RuntimePlatform(
            cpu_architecture=cpu_architecture,
            operating_system_family=ecs.OperatingSystemFamily.LINUX,
        )
        task = ecs.FargateTaskDefinition(self, "Task", runtime_platform=runtime, **settings)
        return task, platform

    def _make_service(
        self, own: ecs.FargateServiceProps, props: Mapping[str, Any] | None
    ) -> ecs.FargateService:
        defaults = {
            "min_healthy_percent": 100,
            "max_healthy_percent": 200,
            "circuit_breaker": ecs.DeploymentCircuitBreaker(enable=True, rollback=True),
            "assign_public_ip": False,
            "enable_execute_command": False,
            "enable_ecs_managed_tags": True,
            "propagate_tags": ecs.PropagatedTagSource.SERVICE,
        }
        return ecs.FargateService(self, "Default", **merge(self, props, own, defaults))

    def _add_writable_paths(self, paths: Sequence[str]) -> None:
        for position, path in enumerate(paths):
            volume = f"writable{position}"
            self.task.add_volume(name=volume)
            self.container.add_mount_points(
                ecs.MountPoint(container_path=path, source_volume=volume, read_only=False)
            )

    def _make_load_balancer(
        self, subnets: ec2.SubnetSelection | None, *, internet_facing: bool, protected: bool
    ) -> elb.ApplicationLoadBalancer:
        return elb.ApplicationLoadBalancer(
            self,
            "LoadBalancer",
            vpc=self.cluster.vpc,
            vpc_subnets=subnets,
            internet_facing=internet_facing,
            deletion_protection=protected,
            drop_invalid_header_fields=True,
            desync_mitigation_mode=elb.DesyncMitigationMode.DEFENSIVE,
            http2_enabled=True,
            waf_fail_open=False,
        )

    def _make_log_bucket(self, days: int) -> aws_s3.IBucket:
        # Load balancers cannot write to a bucket with a key of KMS.
        return SecureBucket(
            self,
            "AccessLogs",
            noncurrent_version_days=1,
            expire_days=days,
            removal_policy=self._removal_policy,
        ).bucket

    def _log_requests(self) -> None:
        """Log all requests; the L2 cannot where the region is known only at deployment."""
        account = Stack.of(self).account
        allow_in_policy(
            self,
            self.access_logs,
            aws_iam.PolicyStatement(
                principals=[aws_iam.ServicePrincipal(_LOG_DELIVERY)],
                actions=["s3:PutObject"],
                resources=[self.access_logs.arn_for_objects(f"AWSLogs/{account}/*")],
            ),
        )
        self.load_balancer.set_attribute("access_logs.s3.enabled", "true")
        self.load_balancer.set_attribute("access_logs.s3.bucket", self.access_logs.bucket_name)
        if policy := self.access_logs.node.try_find_child("Policy"):
            self.load_balancer.node.add_dependency(policy)

    def _listen(
        self,
        certificate: acm.ICertificate | None,
        clients: Sequence[ec2.IConnectable],
        *,
        public: bool,
    ) -> elb.ApplicationListener:
        if certificate is None:
            listener = self.load_balancer.add_listener("Http", port=_HTTP, open=False)
        else:
            listener = self.load_balancer.add_listener(
                "Https",
                port=_HTTPS,
                open=False,
                certificates=[certificate],
                ssl_policy=elb.SslPolicy.RECOMMENDED_TLS,
            )
        for client in clients or self._default_clients(public=public):
            listener.connections.allow_default_port_from(client)
        if certificate and public:
            self.load_balancer.add_redirect(
                source_port=_HTTP,
                source_protocol=elb.ApplicationProtocol.HTTP,
                target_port=_HTTPS,
                target_protocol=elb.ApplicationProtocol.HTTPS,
            )
        return listener

    def _default_clients(self, *, public: bool) -> Sequence[ec2.IConnectable]:
        if public:
            return [ec2.Peer.any_ipv4()]
        try:
            return [ec2.Peer.ipv4(self.cluster.vpc.vpc_cidr_block)]
        except RuntimeError as error:
            raise ConstructError(
                f"{self.node.path}: clients: required, because the addresses of the imported VPC "
                "are unknown"
            ) from error

    def _route_to_tasks(self, health_path: str, port: int) -> elb.ApplicationTargetGroup:
        return self.listener.add_targets(
            "Tasks",
            port=port,
            protocol=elb.ApplicationProtocol.HTTP,
            targets=[self.service],
            deregistration_delay=Duration.seconds(30),
            health_check=elb.HealthCheck(
                path=health_path,
                healthy_http_codes="200",
                interval=Duration.seconds(15),
                timeout=Duration.seconds(5),
                healthy_threshold_count=2,
                unhealthy_threshold_count=3,
            ),
        )

    def _scale(
        self, min_tasks: int, max_tasks: int, cpu_percent: int, requests_per_task: int | None
    ) -> None:
        if max_tasks == min_tasks:
            return
        scaling = self.service.auto_scale_task_count(min_capacity=min_tasks, max_capacity=max_tasks)
        cooldown = Duration.seconds(60)
        scaling.scale_on_cpu_utilization(
            "Cpu", target_utilization_percent=cpu_percent, scale_out_cooldown=cooldown
        )
        if requests_per_task is not None:
            scaling.scale_on_request_count(
                "Requests",
                requests_per_target=requests_per_task,
                target_group=self.target_group,
                scale_out_cooldown=cooldown,
            )

    def _add_alarms(self, target: AlarmTarget, max_latency_s: float) -> None:
        alarms = Construct(self, "Alarms")
        settings = with_thresholds({}, {"target_latency": max_latency_s})
        for subject in (
            ecs_service_subject(self.service),
            load_balancer_subject(self.load_balancer),
            target_group_subject(self.target_group),
        ):
            make_alarms(alarms, subject, [target], settings=settings)


def _container_image(image: Image, platform: ecr_assets.Platform) -> ecs.ContainerImage:
    if isinstance(image, Path):
        return ecs.ContainerImage.from_asset(str(image), platform=platform)
    if isinstance(image, str):
        return ecs.ContainerImage.from_registry(image)
    if isinstance(image, ecs.ContainerImage):
        return image
    return ecs.ContainerImage.from_ecr_repository(image)


def _secret(secret: SecretValue) -> ecs.Secret:
    if isinstance(secret, ecs.Secret):
        return secret
    source, field = secret if isinstance(secret, tuple) else (secret, None)
    return ecs.Secret.from_secrets_manager(unwrap(source), field)
