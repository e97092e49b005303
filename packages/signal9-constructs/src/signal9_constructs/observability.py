"""What is to be known about a system: who is told, what is counted, one page to look at."""

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

from .errors import ConstructError
from .kinds import prepare
from .logs import make_log_group
from .queues import make_dead_letters
from .watches import (
    throttled,
    watch_api,
    watch_dead_letters,
    watch_function,
    watch_ingestion,
    watch_queue,
    watch_table,
)

__all__ = ["Observability"]

_T = TypeVar("_T")

_CLOUDWATCH: Final = "cloudwatch.amazonaws.com"
_COLUMNS: Final = 24
_LONGEST_SILENCE_H: Final = 168


class Observability(Construct):
    """A topic that tells people, alarms that notify it, and one dashboard with a row per service.

    `topic` may be one that exists; otherwise one is made, encrypted with a key that CloudWatch
    may use, and `emails` subscribe to it. `namespace` is where the metrics of the system's own
    programs are, written in CloudWatch's embedded format.
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
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self.namespace = namespace
        self._removal_policy = removal_policy
        self._encryption_key = encryption_key
        self.topic = topic or self._make_topic()
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
        """Alarm on all that a service consists of, and give it a row on the dashboard.

        An API that exists elsewhere is watched by its stage; a function's slow runs only where
        its timeout is known here.
        """
        room = self._room(service)
        for place, api in _numbered(room, "Api", apis):
            watch_api(
                place,
                _stage(api),
                topic=self.topic,
                client_errors=client_errors,
                server_errors=server_errors,
                latency_ms=latency_ms,
            )
        for place, function in _numbered(room, "Function", functions):
            watch_function(place, function, topic=self.topic)
        for place, table in _numbered(room, "Table", tables):
            watch_table(place, table, topic=self.topic)
        self._watch_queues(room, queues, dead_letters, queue_age_s)
        self._row(
            service,
            {
                "requests": [_requests(api) for api in apis],
                "errors": [_errors(function) for function in functions],
                "duration (p99)": [_duration(function) for function in functions],
                "throttled": [throttled(table) for table in tables],
                "waiting": [_waiting(queue) for queue in (*queues, *dead_letters)],
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
        """Alarm on failures, and on no success for so long; both are metrics of our own."""
        if not 1 <= silent_hours <= _LONGEST_SILENCE_H:
            raise ConstructError(
                f"{self.node.path}: {silent_hours} hours of silence; CloudWatch looks back at "
                f"1 to {_LONGEST_SILENCE_H}"
            )
        hour = Duration.hours(1)
        failed = self.metric(failures, dimensions=dimensions)
        succeeded = self.metric(successes, dimensions=dimensions).with_(period=hour)
        watch_ingestion(
            self._room(name),
            failures=failed,
            successes=succeeded,
            silent_hours=silent_hours,
            topic=self.topic,
        )
        self._row(name, {"succeeded": [succeeded], "failed": [failed]})

    def metric(
        self, name: str, *, dimensions: Mapping[str, str] | None = None, statistic: str = "Sum"
    ) -> cloudwatch.Metric:
        """Return a metric that a program of ours writes in the embedded format."""
        return cloudwatch.Metric(
            namespace=self.namespace,
            metric_name=name,
            dimensions_map=dict(dimensions or {}),
            statistic=statistic,
        )

    def log_group(
        self, id_: str, *, name: str | None = None, retention_days: int = 30
    ) -> logs.LogGroup:
        """Make a log group that forgets in time."""
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
        """Count the log lines that match, as the metric `name`."""
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

    def _room(self, name: str) -> Construct:
        if self.node.try_find_child(name):
            raise ConstructError(
                f"{self.node.path}: {name!r} is taken; call what is watched otherwise"
            )
        return Construct(self, name)

    def _watch_queues(
        self,
        room: Construct,
        queues: Sequence[sqs.IQueue],
        dead_letters: Sequence[sqs.IQueue],
        max_age_s: int,
    ) -> None:
        for place, queue in _numbered(room, "Queue", queues):
            watch_queue(place, queue, topic=self.topic, max_age_s=max_age_s)
        for place, queue in _numbered(room, "DeadLetters", dead_letters):
            watch_dead_letters(place, queue, topic=self.topic)

    def _make_topic(self) -> sns.Topic:
        key = self._encryption_key or aws_kms.Key(
            self, "Key", enable_key_rotation=True, removal_policy=self._removal_policy
        )
        # The key that AWS manages for SNS does not let CloudWatch in: alarms would say nothing.
        for service in (_CLOUDWATCH, "events.amazonaws.com"):
            key.grant_encrypt_decrypt(aws_iam.ServicePrincipal(service))
        topic = sns.Topic(self, "Topic", master_key=key, enforce_ssl=True)
        # A policy of its own, here about TLS, takes the place of the one that lets alarms in.
        topic.add_to_resource_policy(
            aws_iam.PolicyStatement(
                sid="Alarms",
                principals=[aws_iam.ServicePrincipal(_CLOUDWATCH)],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
        return topic

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

    def _row(self, title: str, graphs: Mapping[str, Sequence[cloudwatch.IMetric]]) -> None:
        shown = {label: list(metrics) for label, metrics in graphs.items() if metrics}
        width = _COLUMNS // max(len(shown), 1)
        self.dashboard.add_widgets(
            *(
                cloudwatch.GraphWidget(title=f"{title}: {label}", left=metrics, width=width)
                for label, metrics in shown.items()
            )
        )


def _numbered(room: Construct, kind: str, things: Sequence[_T]) -> Iterator[tuple[Construct, _T]]:
    for number, thing in enumerate(things, start=1):
        yield Construct(room, f"{kind}{number}"), thing


def _stage(api: apigateway.RestApiBase | apigateway.StageBase) -> apigateway.StageBase:
    return api if isinstance(api, apigateway.StageBase) else api.deployment_stage


def _requests(api: apigateway.RestApiBase | apigateway.StageBase) -> cloudwatch.IMetric:
    return _stage(api).metric_count(statistic="Sum")


def _errors(function: lambda_.IFunction) -> cloudwatch.IMetric:
    return function.metric_errors(statistic="Sum")


def _duration(function: lambda_.IFunction) -> cloudwatch.IMetric:
    return function.metric_duration(statistic="p99")


def _waiting(queue: sqs.IQueue) -> cloudwatch.IMetric:
    return queue.metric_approximate_number_of_messages_visible(statistic="Maximum")
