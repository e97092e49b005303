"""Alarms: what they say, how a setting changes them, and those on functions and queues."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, cast

from aws_cdk import Duration, aws_lambda, aws_sns, aws_sqs
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct

from .arguments import Wrapper
from .errors import ConstructError

__all__ = [
    "AlarmName",
    "AlarmSetting",
    "AlarmSpec",
    "AlarmTarget",
    "Subject",
    "add_alarm_actions",
    "add_dead_letter_alarm",
    "add_function_alarms",
    "add_queue_alarm",
    "dead_letter_subject",
    "function_subject",
    "function_timeout_s",
    "make_alarm",
    "make_alarms",
    "queue_subject",
    "service_metric",
    "with_runbook",
    "with_thresholds",
]

AlarmTarget: TypeAlias = (
    aws_sns.ITopic
    | aws_lambda.IFunction
    | cloudwatch.IAlarmAction
    | Wrapper[aws_sns.ITopic]
    | Wrapper[aws_lambda.IFunction]
)
"""Whom an alarm notifies: a topic, a function, or any action of CloudWatch alarms."""

AlarmName: TypeAlias = Literal[
    "balancer_errors",
    "blocked_requests",
    "client_errors",
    "database_cpu",
    "database_memory",
    "database_storage",
    "dead_letters",
    "distribution_errors",
    "error_lines",
    "failed_deliveries",
    "failed_executions",
    "function_errors",
    "function_throttles",
    "latency",
    "lost_events",
    "old_messages",
    "port_allocation_errors",
    "rejected_connections",
    "server_errors",
    "service_cpu",
    "service_memory",
    "slow_runs",
    "system_errors",
    "target_errors",
    "target_latency",
    "throttled_executions",
    "throttled_reads",
    "throttled_writes",
    "timed_out_executions",
    "undelivered",
    "unhealthy_targets",
]
"""The alarms of `Observability.watch`; each name belongs to one kind of resource."""

_AT_LEAST: Final = cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
_SILENT: Final = cloudwatch.TreatMissingData.NOT_BREACHING
_LAMBDA_DEFAULT_TIMEOUT_S: Final = 3
_SLOW: Final = 0.8
_HOUR_S: Final = 3600
_LONGEST_S: Final = {False: 24 * _HOUR_S, True: 168 * _HOUR_S}
"""What an alarm may evaluate, by whether its periods are of an hour or longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSetting:
    """What differs from an alarm's defaults; `None` keeps the default.

    `actions` replace whom it notifies, none keep it silent. `metric` replaces what it measures, and
    `datapoints` is how many of the `periods` must breach, by default all.
    """

    threshold: float | None = None
    periods: int | None = None
    datapoints: int | None = None
    period_s: int | None = None
    statistic: str | None = None
    metric: cloudwatch.IMetric | None = None
    comparison: cloudwatch.ComparisonOperator | None = None
    missing_data: cloudwatch.TreatMissingData | None = None
    description: str | None = None
    runbook_url: str | None = None
    actions: Sequence[AlarmTarget] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSpec:
    """An alarm by default; `problem` may contain `{threshold}` and `{periods}`.

    `name` is how `alarms` of `Observability.watch` refers to it, in words joined by underscores.
    """

    name: str
    metric: cloudwatch.IMetric
    threshold: float
    problem: str
    periods: int = 1
    datapoints: int | None = None
    comparison: cloudwatch.ComparisonOperator = _AT_LEAST
    missing_data: cloudwatch.TreatMissingData = _SILENT
    id_: str | None = None

    @property
    def id(self) -> str:
        """The construct's id: the name in Pascal case unless `id_` says otherwise."""
        return self.id_ or "".join(part.capitalize() for part in self.name.split("_"))


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is watched: its path, its alarms, and its graphs by label."""

    path: str
    alarms: Sequence[AlarmSpec]
    graphs: Mapping[str, Sequence[cloudwatch.IMetric]] = field(default_factory=dict)


def make_alarm(
    scope: Construct,
    id_: str,
    metric: cloudwatch.IMetric,
    threshold: float,
    description: str,
    topic: AlarmTarget | Sequence[AlarmTarget],
    *,
    periods: int = 1,
    datapoints: int | None = None,
    comparison: cloudwatch.ComparisonOperator = _AT_LEAST,
    missing_data: cloudwatch.TreatMissingData = _SILENT,
    runbook_url: str | None = None,
) -> cloudwatch.Alarm:
    """Make an alarm that notifies `topic` when it starts and when it ends."""
    _check_periods(f"{scope.node.path}/{id_}", metric, periods, datapoints)
    alarm = cloudwatch.Alarm(
        scope,
        id_,
        metric=metric,
        threshold=threshold,
        alarm_description=with_runbook(description, runbook_url),
        evaluation_periods=periods,
        datapoints_to_alarm=datapoints,
        comparison_operator=comparison,
        treat_missing_data=missing_data,
        actions_enabled=True,
    )
    add_alarm_actions(alarm, topic if isinstance(topic, Sequence) else [topic])
    return alarm


def add_alarm_actions(alarm: cloudwatch.AlarmBase, targets: Sequence[AlarmTarget]) -> None:
    """Let an alarm notify its targets when it starts and when it ends."""
    for target in targets:
        action = _action(target)
        try:
            alarm.add_alarm_action(action)
            alarm.add_ok_action(action)
        except RuntimeError as error:  # the CDK's own refusal, with a stack of JavaScript
            reason = str(error).partition("\n")[0]
            kind = type(target).__name__
            raise ConstructError(f"{alarm.node.path}: a {kind} as action: {reason}") from error


def _action(target: AlarmTarget) -> cloudwatch.IAlarmAction:
    if isinstance(target, Wrapper):
        return _action(target.resource)
    if hasattr(target, "topic_arn"):
        return actions.SnsAction(cast("aws_sns.ITopic", target))
    if hasattr(target, "function_arn"):
        function = cast("aws_lambda.IFunction", target)
        # Otherwise the permissions of several alarms have the same id.
        return actions.LambdaAction(function, use_unique_permission_id=True)
    if hasattr(target, "bind"):
        return target
    raise ConstructError(
        f"a {type(target).__name__} as action of an alarm: must be a topic, a function or an action"
    )


def make_alarms(
    scope: Construct,
    subject: Subject,
    targets: Sequence[AlarmTarget],
    *,
    settings: Mapping[str, AlarmSetting | None] | None = None,
    runbook_url: str | None = None,
) -> list[cloudwatch.Alarm]:
    """Make a subject's alarms with their settings; those whose setting is `None` are off.

    `runbook_url` is a page with an entry for each name, such as `client-errors`.
    """
    alarms = []
    for spec in subject.alarms:
        setting = (settings or {}).get(spec.name, AlarmSetting())
        if setting is not None:
            alarms.append(_make(scope, subject.path, spec, setting, targets, runbook_url))
    return alarms


def with_thresholds(
    settings: Mapping[str, AlarmSetting | None], thresholds: Mapping[str, float]
) -> dict[str, AlarmSetting | None]:
    """Return settings with these thresholds where they set none of their own."""
    result = dict(settings)
    for name, threshold in thresholds.items():
        setting = result.get(name, AlarmSetting())
        if setting is not None and setting.threshold is None:
            result[name] = replace(setting, threshold=threshold)
    return result


def _make(
    scope: Construct,
    path: str,
    spec: AlarmSpec,
    setting: AlarmSetting,
    targets: Sequence[AlarmTarget],
    runbook_url: str | None,
) -> cloudwatch.Alarm:
    threshold = spec.threshold if setting.threshold is None else setting.threshold
    periods = setting.periods or spec.periods
    problem = spec.problem.replace("{threshold}", f"{threshold:.15g}")
    problem = problem.replace("{periods}", str(periods))
    page = runbook_url and f"{runbook_url}#{spec.name.replace('_', '-')}"
    return make_alarm(
        scope,
        spec.id,
        _adjusted(scope, spec, setting),
        threshold,
        setting.description or f"{path}: {problem}",
        targets if setting.actions is None else setting.actions,
        periods=periods,
        datapoints=setting.datapoints or spec.datapoints,
        comparison=setting.comparison or spec.comparison,
        missing_data=setting.missing_data or spec.missing_data,
        runbook_url=setting.runbook_url or page,
    )


def _adjusted(scope: Construct, spec: AlarmSpec, setting: AlarmSetting) -> cloudwatch.IMetric:
    metric = setting.metric or spec.metric
    period = None if setting.period_s is None else Duration.seconds(setting.period_s)
    if isinstance(metric, cloudwatch.Metric):
        changes = {"period": period, "statistic": setting.statistic}
        set_ = {name: value for name, value in changes.items() if value is not None}
        return metric.with_(**set_) if set_ else metric  # type: ignore[arg-type]
    if setting.statistic is not None:
        raise ConstructError(
            f"{scope.node.path}: the metric of {spec.name} is a formula without a statistic; "
            "pass metric"
        )
    if period and isinstance(metric, cloudwatch.MathExpression):
        return metric.with_(period=period)
    return metric


def _check_periods(
    path: str, metric: cloudwatch.IMetric, periods: int, datapoints: int | None
) -> None:
    if periods < 1 or not 1 <= (datapoints or periods) <= periods:
        raise ConstructError(
            f"{path}: periods={periods}, datapoints={datapoints}: datapoints must be from 1 to "
            "periods"
        )
    period = getattr(metric, "period", None)
    seconds = int(period.to_seconds()) if period else 1
    longest = _LONGEST_S[seconds >= _HOUR_S]
    if seconds * periods > longest:
        raise ConstructError(
            f"{path}: {periods} periods of {seconds} s: an alarm evaluates at most "
            f"{longest // _HOUR_S} hours"
            + ("" if seconds >= _HOUR_S else ", or 168 with periods of an hour")
        )


def with_runbook(description: str, url: str | None) -> str:
    """Return a description that ends with a link to what to do."""
    return f"{description}. Runbook: {url}" if url else description


def service_metric(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    *,
    statistic: str = "Sum",
    period_s: int = 300,
) -> cloudwatch.Metric:
    """Return a metric that an AWS service publishes."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=Duration.seconds(period_s),
    )


def function_timeout_s(function: aws_lambda.IFunction) -> int | None:
    """Return a function's timeout, or `None` for an imported function."""
    if not hasattr(function, "timeout"):
        return None
    timeout = cast("aws_lambda.Function", function).timeout
    return int(timeout.to_seconds()) if timeout else _LAMBDA_DEFAULT_TIMEOUT_S


def function_subject(function: aws_lambda.IFunction) -> Subject:
    """Watch a function for errors, throttles and, if its timeout is known, slow runs.

    Of an alias or a version the function is watched: its metrics count all of its invocations.
    """
    function = getattr(function, "lambda_", function)
    dimensions = {"FunctionName": function.function_name}
    errors, throttles = (
        service_metric("AWS/Lambda", name, dimensions) for name in ("Errors", "Throttles")
    )
    duration = service_metric("AWS/Lambda", "Duration", dimensions, statistic="p99")
    alarms = [
        AlarmSpec(
            name="function_errors",
            id_="Errors",
            metric=errors,
            threshold=1,
            problem="invocations fail",
        ),
        AlarmSpec(
            name="function_throttles",
            id_="Throttles",
            metric=throttles,
            threshold=1,
            problem="invocations throttled",
        ),
    ]
    timeout_s = function_timeout_s(function)
    if timeout_s is not None:
        alarms.append(
            AlarmSpec(
                name="slow_runs",
                metric=duration,
                threshold=timeout_s * 1000 * _SLOW,
                problem=f"1% of invocations take more than {{threshold}} ms of {timeout_s} s",
            )
        )
    graphs = {"errors": [errors], "duration (p99)": [duration]}
    return Subject(function.node.path, alarms, graphs)


def add_function_alarms(
    scope: Construct, function: aws_lambda.IFunction, topic: AlarmTarget
) -> None:
    """Alarm on errors, throttles and, if the timeout is known, runs that nearly reach it."""
    make_alarms(scope, function_subject(function), [topic])


def queue_subject(queue: aws_sqs.IQueue, *, max_age_s: int = 3600) -> Subject:
    """Watch a queue for messages that wait too long."""
    age = queue.metric_approximate_age_of_oldest_message(statistic="Maximum")
    alarm = AlarmSpec(
        name="old_messages",
        metric=age,
        threshold=max_age_s,
        problem="the oldest message is over {threshold} s old",
    )
    return Subject(queue.node.path, [alarm], {"waiting": [_waiting(queue)]})


def dead_letter_subject(queue: aws_sqs.IQueue) -> Subject:
    """Watch a dead-letter queue for its first message."""
    metric = service_metric(
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        {"QueueName": queue.queue_name},
        statistic="Maximum",
    )
    alarm = AlarmSpec(name="dead_letters", metric=metric, threshold=1, problem="dead letters")
    return Subject(queue.node.path, [alarm], {"waiting": [_waiting(queue)]})


def _waiting(queue: aws_sqs.IQueue) -> cloudwatch.Metric:
    return queue.metric_approximate_number_of_messages_visible(statistic="Maximum")


def add_dead_letter_alarm(scope: Construct, queue: aws_sqs.IQueue, topic: AlarmTarget) -> None:
    """Alarm on the first message in a dead-letter queue."""
    make_alarms(scope, dead_letter_subject(queue), [topic])


def add_queue_alarm(
    scope: Construct, queue: aws_sqs.IQueue, topic: AlarmTarget, *, max_age_s: int
) -> None:
    """Alarm when the oldest message has waited too long."""
    make_alarms(scope, queue_subject(queue, max_age_s=max_age_s), [topic])
