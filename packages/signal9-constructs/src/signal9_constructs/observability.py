"""An alarm topic, alarms, metrics of your own and one dashboard."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from aws_cdk import Duration, RemovalPolicy, Stack, aws_iam, aws_kms
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .alarms import (
    add_dead_letter_alarm,
    add_function_alarms,
    add_queue_alarm,
    add_table_alarms,
    make_alarm,
    throttled_requests,
)
from .errors import ConstructError
from .feature_flags import prepare
from .logs import make_log_group
from .queue import make_dead_letters

__all__ = ["Observability", "make_alarm_topic"]

_T = TypeVar("_T")

_DASHBOARD_COLUMNS: Final = 24
_MAX_ALARM_HOURS: Final = 168


class Observability(Construct):
    """A topic for alarms, the alarms, and one dashboard with a row per service.

    Pass an existing `topic`, or a new one is made, encrypted with a key that CloudWatch may use;
    `emails` are subscribed to it. `namespace` is the CloudWatch namespace of the metrics that your
    own programs write in the embedded metric format.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        namespace: str,
        dashboard_name: str | None = None,
        topic: sns.ITopic | None = None,
        emails: Sequence[str] = (),
        encryption_key: aws_kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.namespace = namespace
        self._removal_policy = removal_policy
        self._encryption_key = encryption_key
        self.topic = topic or make_alarm_topic(
            self,
            "Topic",
            encryption_key
            or aws_kms.Key(self, "Key", enable_key_rotation=True, removal_policy=removal_policy),
        )
        self._subscribe(emails)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Default",
            dashboard_name=dashboard_name,
            default_interval=Duration.hours(24),
            period_override=cloudwatch.PeriodOverride.AUTO,
        )

    def watch(
        self,
        service: str,
        *,
        apis: Sequence[apigateway.RestApiBase | apigateway.StageBase] = (),
        functions: Sequence[lambda_.IFunction] = (),
        tables: Sequence[dynamodb.ITable] = (),
        queues: Sequence[sqs.IQueue] = (),
        dead_letters: Sequence[sqs.IQueue] = (),
        client_errors: int = 10,
        server_errors: int = 1,
        latency_ms: int = 3000,
        queue_age_s: int = 3600,
    ) -> None:
        """Add alarms on everything a service consists of, and a row to the dashboard.

        Pass an imported API as its stage. An imported function has no alarm on slow runs, because
        its timeout is unknown.
        """
        scope = self._add_scope(service)
        stages = [
            api if isinstance(api, apigateway.StageBase) else api.deployment_stage for api in apis
        ]
        for place, stage in _numbered(scope, "Api", stages):
            self._add_api_alarms(place, stage, client_errors, server_errors, latency_ms)
        for place, function in _numbered(scope, "Function", functions):
            add_function_alarms(place, function, self.topic)
        for place, table in _numbered(scope, "Table", tables):
            add_table_alarms(place, table, self.topic)
        for place, queue in _numbered(scope, "Queue", queues):
            add_queue_alarm(place, queue, self.topic, max_age_s=queue_age_s)
        for place, queue in _numbered(scope, "DeadLetters", dead_letters):
            add_dead_letter_alarm(place, queue, self.topic)
        self._add_row(
            service,
            {
                "requests": [stage.metric_count(statistic="Sum") for stage in stages],
                "errors": [function.metric_errors(statistic="Sum") for function in functions],
                "duration (p99)": [
                    function.metric_duration(statistic="p99") for function in functions
                ],
                "throttled": [throttled_requests(table) for table in tables],
                "waiting": [
                    queue.metric_approximate_number_of_messages_visible(statistic="Maximum")
                    for queue in (*queues, *dead_letters)
                ],
            },
        )

    def watch_ingestion(
        self,
        name: str,
        *,
        successes: str,
        failures: str,
        silent_hours: int = 24,
        dimensions: Mapping[str, str] | None = None,
    ) -> None:
        """Alarm on failures and on no success for `silent_hours`; both are your own metrics."""
        if not 1 <= silent_hours <= _MAX_ALARM_HOURS:
            raise ConstructError(
                f"{self.node.path}: silent_hours={silent_hours}: must be from 1 to "
                f"{_MAX_ALARM_HOURS}"
            )
        failed = self.metric(failures, dimensions=dimensions)
        succeeded = self.metric(successes, dimensions=dimensions).with_(period=Duration.hours(1))
        scope = self._add_scope(name)
        path = scope.node.path
        make_alarm(scope, "Failures", failed, 1, f"{path}: {failures}", self.topic)
        make_alarm(
            scope,
            "Silence",
            succeeded,
            1,
            f"{path}: no {successes} for {silent_hours} hours",
            self.topic,
            periods=silent_hours,
            comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            missing_data=cloudwatch.TreatMissingData.BREACHING,
        )
        self._add_row(name, {"succeeded": [succeeded], "failed": [failed]})

    def metric(
        self, name: str, *, dimensions: Mapping[str, str] | None = None, statistic: str = "Sum"
    ) -> cloudwatch.Metric:
        """Return a metric that your own program writes in the embedded metric format."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            dimensions_map=dict(dimensions or {}),
            statistic=statistic,
        )

    def log_group(
        self, id_: str, *, name: str | None = None, retention_days: int = 30
    ) -> logs.LogGroup:
        """Make a log group with a retention."""
        return make_log_group(
            self,
            id_,
            name=name,
            retention_days=retention_days,
            removal_policy=self._removal_policy,
            encryption_key=self._encryption_key,
        )

    def count_in_logs(
        self, name: str, *, log_group: logs.ILogGroup, pattern: logs.IFilterPattern
    ) -> cloudwatch.Metric:
        """Count the log lines that match `pattern`, as the metric `name`."""
        logs.MetricFilter(
            self,
            name,
            log_group=log_group,
            filter_pattern=pattern,
            metric_namespace=self.namespace,
            metric_name=name,
            metric_value="1",
            default_value=0,
        )
        return self.metric(name)

    def grant_notify(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` publish to the topic."""
        if self.topic.master_key:
            self.topic.master_key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")
        grant = aws_iam.Grant.add_to_principal(
            grantee=grantee, actions=["sns:Publish"], resource_arns=[self.topic.topic_arn]
        )
        grant.assert_success()
        return grant

    def _add_api_alarms(
        self,
        scope: Construct,
        stage: apigateway.StageBase,
        client_errors: int,
        server_errors: int,
        latency_ms: int,
    ) -> None:
        path = stage.node.path
        above = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
        make_alarm(
            scope,
            "ClientErrors",
            stage.metric_client_error(statistic="Sum"),
            client_errors,
            f"{path}: more than {client_errors} client errors in two consecutive periods",
            self.topic,
            periods=2,
            comparison=above,
        )
        metric = stage.metric_server_error(statistic="Sum")
        description = f"{path}: server errors"
        make_alarm(scope, "ServerErrors", metric, server_errors, description, self.topic)
        make_alarm(
            scope,
            "Latency",
            stage.metric_latency(statistic="p99"),
            latency_ms,
            f"{path}: 1% of responses take more than {latency_ms} ms",
            self.topic,
            periods=3,
            comparison=above,
        )

    def _add_scope(self, name: str) -> Construct:
        if self.node.try_find_child(name):
            raise ConstructError(f"{self.node.path}: the name {name!r} is taken; use another")
        return Construct(self, name)

    def _subscribe(self, emails: Sequence[str]) -> None:
        if not emails:
            return
        undelivered = make_dead_letters(
            self,
            "Undelivered",
            encryption_key=self._encryption_key,
            removal_policy=self._removal_policy,
        )
        if self._encryption_key:
            sender = aws_iam.ServicePrincipal("sns.amazonaws.com")
            self._encryption_key.grant_encrypt_decrypt(sender)
        for email in emails:
            self.topic.add_subscription(
                subscriptions.EmailSubscription(email, dead_letter_queue=undelivered)
            )

    def _add_row(self, title: str, graphs: Mapping[str, Sequence[cloudwatch.IMetric]]) -> None:
        graphs = {label: metrics for label, metrics in graphs.items() if metrics}
        width = _DASHBOARD_COLUMNS // max(len(graphs), 1)
        self.dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(title=f"{title}: {label}", left=list(metrics), width=width)
                for label, metrics in graphs.items()
            )
        )


def make_alarm_topic(scope: Construct, id_: str, key: aws_kms.IKey) -> sns.Topic:
    """Make an encrypted topic to which alarms of this account may publish."""
    cloudwatch = aws_iam.ServicePrincipal("cloudwatch.amazonaws.com")
    # CloudWatch may not use the AWS managed key of SNS: alarms would be lost.
    for service in (cloudwatch, aws_iam.ServicePrincipal("events.amazonaws.com")):
        key.grant_encrypt_decrypt(service)
    topic = sns.Topic(scope, id_, master_key=key, enforce_ssl=True)
    # The policy that enforces TLS replaces the default one, which lets alarms publish.
    topic.add_to_resource_policy(
        aws_iam.PolicyStatement(
            sid="Alarms",
            principals=[cloudwatch],
            actions=["sns:Publish"],
            resources=[topic.topic_arn],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    return topic


def _numbered(
    scope: Construct, prefix: str, resources: Sequence[_T]
) -> Iterator[tuple[Construct, _T]]:
    for number, resource in enumerate(resources, start=1):
        yield Construct(scope, f"{prefix}{number}"), resource
