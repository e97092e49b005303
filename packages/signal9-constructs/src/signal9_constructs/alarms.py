"""Alarms as every construct here makes them: missing data is fine, recovery is told too."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, aws_sns
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from constructs import Construct, IConstruct

__all__ = ["make_alarm", "metric", "total"]


def metric(
    namespace: str,
    name: str,
    dimensions: Mapping[str, str],
    *,
    statistic: str = "Sum",
    period_s: int = 300,
) -> cloudwatch.Metric:
    """Return a metric of another service, which needs no resource of ours to be named."""
    return cloudwatch.Metric(
        namespace=namespace,
        metric_name=name,
        dimensions_map=dict(dimensions),
        statistic=statistic,
        period=Duration.seconds(period_s),
    )


def total(
    metrics: Sequence[cloudwatch.IMetric], *, label: str, of: IConstruct
) -> cloudwatch.IMetric:
    """Return the sum of `metrics` about `of`, where one that has no data counts as nought."""
    # A graph of several sums takes an id for one metric only, so that `of` is in each.
    names = [f"m{position}_{of.node.addr}" for position in range(len(metrics))]
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({name}, 0)" for name in names),
        using_metrics=dict(zip(names, metrics, strict=True)),
        label=label,
        period=Duration.seconds(300),
    )


def make_alarm(
    scope: Construct,
    id_: str,
    *,
    measured: cloudwatch.IMetric,
    threshold: float,
    description: str,
    topic: aws_sns.ITopic,
    evaluation_periods: int = 1,
    comparison: cloudwatch.ComparisonOperator = (
        cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
    ),
    missing_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
) -> cloudwatch.Alarm:
    """Make an alarm that notifies `topic` when it begins and when it is over."""
    alarm = cloudwatch.Alarm(
        scope,
        id_,
        metric=measured,
        threshold=threshold,
        alarm_description=description,
        evaluation_periods=evaluation_periods,
        comparison_operator=comparison,
        treat_missing_data=missing_data,
        actions_enabled=True,
    )
    action = actions.SnsAction(topic)
    alarm.add_alarm_action(action)
    alarm.add_ok_action(action)
    return alarm
