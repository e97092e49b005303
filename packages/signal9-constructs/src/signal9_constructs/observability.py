"""An alarm topic, alarms on everything that a service consists of, and dashboards."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Unpack, cast

from aws_cdk import Duration, RemovalPolicy, Stack, aws_iam, aws_kms
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct, IConstruct

from .alarms import (
    AlarmName,
    AlarmSetting,
    AlarmSpec,
    AlarmTarget,
    Subject,
    make_alarms,
    with_thresholds,
)
from .arguments import checked
from .errors import ConstructError
from .feature_flags import prepare
from .incidents import make_incident
from .logs import make_log_group
from .queue import make_dead_letters
from .watched import Resources, watched_subjects

__all__ = ["Observability", "WatchedService", "make_alarm_topic"]

_DASHBOARD_COLUMNS: Final = 24
_NARROWEST: Final = 6
_MAX_ALARM_HOURS: Final = 168


class WatchedService(Construct):
    """What `watch` has made of a service: the alarms and the widgets."""

    def __init__(self, scope: Construct, id_: str) -> None:
        super().__init__(scope, id_)
        self.alarms: list[cloudwatch.Alarm] = []
        self.widgets: list[cloudwatch.IWidget] = []


@checked
class Observability(Construct):
    """A topic for alarms, the alarms, and dashboards with a row per service.

    Pass an existing `topic`, or a new one is made, encrypted with a key that CloudWatch may use;
    `emails` are subscribed to it. Alarms also take further `actions`, of any kind. `namespace` is
    the CloudWatch namespace of the metrics that your own programs write in the embedded metric
    format. `runbook_url` is a page with an entry for each alarm, such as `#client-errors`, to which
    the alarms' descriptions link.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        namespace: str,
        dashboard: bool | cloudwatch.Dashboard = True,
        dashboard_name: str | None = None,
        topic: sns.ITopic | None = None,
        emails: Sequence[str] = (),
        actions: Sequence[AlarmTarget] = (),
        runbook_url: str | None = None,
        encryption_key: aws_kms.IKey | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        if dashboard_name and dashboard is not True:
            raise ConstructError(f"{self.node.path}: dashboard_name names a new dashboard only")
        self.namespace = namespace
        self.runbook_url = runbook_url
        self._removal_policy = removal_policy
        self._encryption_key = encryption_key
        self.topic = topic or make_alarm_topic(
            self,
            "Topic",
            encryption_key
            or aws_kms.Key(self, "Key", enable_key_rotation=True, removal_policy=removal_policy),
        )
        self._targets: tuple[AlarmTarget, ...] = (self.topic, *actions)
        self._subscribe(emails)
        self._dashboard = (
            self.add_dashboard("Default", name=dashboard_name)
            if dashboard is True
            else dashboard or None
        )

    @property
    def dashboard(self) -> cloudwatch.Dashboard:
        """The dashboard; `ConstructError` if there is none."""
        if self._dashboard is None:
            raise ConstructError(f"{self.node.path}: has no dashboard, since dashboard=False")
        return self._dashboard

    def watch(
        self,
        service: str,
        *,
        client_errors: int = 10,
        server_errors: int = 1,
        latency_ms: int = 3000,
        queue_age_s: int = 3600,
        alarms: Mapping[AlarmName, AlarmSetting | None] | None = None,
        actions: Sequence[AlarmTarget] | None = None,
        widgets: Sequence[cloudwatch.IWidget] = (),
        dashboard: bool | cloudwatch.Dashboard = True,
        **resources: Unpack[Resources],
    ) -> WatchedService:
        """Add alarms on everything a service consists of, and a row to the dashboard.

        `alarms` adjusts each alarm by its name, and `None` switches it off; `actions` replace whom
        all of them notify. `custom` resources are alarms on metrics of your own, and `widgets`
        follow the graphs. The row is on the main `dashboard`, on another one, or nowhere. Pass an
        imported REST API as its stage. An imported function has no alarm on slow runs, because its
        timeout is unknown; an imported table has none on its indexes.
        """
        scope = self._add_scope(service)
        thresholds = {
            "client_errors": client_errors,
            "server_errors": server_errors,
            "latency": latency_ms,
            "old_messages": queue_age_s,
        }
        settings = with_thresholds(
            {str(key): value for key, value in (alarms or {}).items()}, thresholds
        )
        targets = self._targets if actions is None else actions
        graphs: dict[str, list[cloudwatch.IMetric]] = {}
        known: set[str] = set()
        for place, subject in watched_subjects(scope, resources, self.namespace):
            made = make_alarms(
                place, subject, targets, settings=settings, runbook_url=self.runbook_url
            )
            scope.alarms += made
            known.update(spec.name for spec in subject.alarms)
            for label, metrics in subject.graphs.items():
                graphs.setdefault(label, []).extend(metrics)
        _check_names(scope, set(alarms or {}), known)
        scope.widgets.extend((*_graphs(service, graphs), *widgets))
        if dashboard is not False:
            self.add_row(*scope.widgets, dashboard=None if dashboard is True else dashboard)
        return scope

    def incident(
        self,
        name: str,
        *parts: IConstruct,
        description: str | None = None,
        suppressed_by: cloudwatch.IAlarm | None = None,
        wait_s: int = 300,
        actions: Sequence[AlarmTarget] | None = None,
    ) -> cloudwatch.CompositeAlarm:
        """Notify once for all alarms in `parts`, which fall silent, while any of them is on.

        `parts` are services that are watched, or any constructs with alarms. While `suppressed_by`,
        the cause, is on and for `wait_s` before and after, nobody is notified.
        """
        scope = self.node.try_find_child("Incidents") or Construct(self, "Incidents")
        page = self.runbook_url and f"{self.runbook_url}#{_anchor(name)}"
        return make_incident(
            cast("Construct", scope),
            name,
            parts,
            description or f"{self.node.path}: {name}",
            self._targets if actions is None else actions,
            runbook_url=page,
            suppressed_by=suppressed_by,
            wait_s=wait_s,
        )

    def add_dashboard(self, id_: str, *, name: str | None = None) -> cloudwatch.Dashboard:
        """Add a dashboard, for rows that do not belong on the main one."""
        return cloudwatch.Dashboard(
            self,
            id_,
            dashboard_name=name,
            default_interval=Duration.hours(24),
            period_override=cloudwatch.PeriodOverride.AUTO,
        )

    def add_row(
        self, *widgets: cloudwatch.IWidget, dashboard: cloudwatch.Dashboard | None = None
    ) -> None:
        """Add widgets to a dashboard, by default to the main one if there is one."""
        shown = dashboard or self._dashboard
        if shown and widgets:
            shown.add_widgets(*widgets)

    def watch_ingestion(
        self,
        name: str,
        *,
        successes: str,
        failures: str,
        silent_hours: int = 24,
        dimensions: Mapping[str, str] | None = None,
    ) -> WatchedService:
        """Alarm on failures and on no success for `silent_hours`; both are your own metrics."""
        if not 1 <= silent_hours <= _MAX_ALARM_HOURS:
            raise ConstructError(
                f"{self.node.path}: silent_hours={silent_hours}: must be from 1 to "
                f"{_MAX_ALARM_HOURS}"
            )
        failed = self.metric(failures, dimensions=dimensions)
        succeeded = self.metric(successes, dimensions=dimensions).with_(period=Duration.hours(1))
        scope = self._add_scope(name)
        alarms = [
            AlarmSpec(name="failures", metric=failed, threshold=1, problem=failures),
            AlarmSpec(
                name="silence",
                metric=succeeded,
                threshold=1,
                problem=f"no {successes} for {{periods}} hours",
                periods=silent_hours,
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                missing_data=cloudwatch.TreatMissingData.BREACHING,
            ),
        ]
        subject = Subject(scope.node.path, alarms)
        scope.alarms += make_alarms(scope, subject, self._targets, runbook_url=self.runbook_url)
        scope.widgets.extend(_graphs(name, {"succeeded": [succeeded], "failed": [failed]}))
        self.add_row(*scope.widgets)
        return scope

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

    def _add_scope(self, name: str) -> WatchedService:
        if self.node.try_find_child(name):
            raise ConstructError(f"{self.node.path}: the name {name!r} is taken; use another")
        return WatchedService(self, name)

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


def _graphs(
    title: str, graphs: Mapping[str, Sequence[cloudwatch.IMetric]]
) -> Iterator[cloudwatch.IWidget]:
    shown = {label: metrics for label, metrics in graphs.items() if metrics}
    width = max(_NARROWEST, _DASHBOARD_COLUMNS // max(len(shown), 1))
    for label, metrics in shown.items():
        yield cloudwatch.GraphWidget(title=f"{title}: {label}", left=list(metrics), width=width)


def _check_names(scope: Construct, names: set[str], known: set[str]) -> None:
    if unknown := sorted(names - known):
        raise ConstructError(f"{scope.node.path}: alarms: {unknown} must be among {sorted(known)}")


def _anchor(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).replace(" ", "-").lower()
