"""The dashboard of a stage: first what a person on call looks at, then the details."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from signal9_constructs.alarms import service_metric

from .alarms import DATA_SETS, StageAlarms

__all__ = ["PRICES", "show_stage"]

PRICES: Final = {
    "AWS::ApiGateway::RestApi": 3.5e-6,
    "AWS::DynamoDB::GlobalTable reads": 0.125e-6,
    "AWS::DynamoDB::GlobalTable writes": 0.625e-6,
    "AWS::Lambda::Function GB-seconds": 1.33334e-5,
}
"""US dollars a unit, as in `prices.toml`."""

_DAY: Final = Duration.days(1)
_WIDTH: Final = 24
_MIB_A_GB: Final = 1024
_MS_A_S: Final = 1000

Metrics = Sequence[cloudwatch.IMetric]


def show_stage(alarms: StageAlarms) -> None:
    """Fill the dashboard, if the stage has one."""
    if not alarms.settings.parts.dashboard:
        return
    rows: list[list[cloudwatch.IWidget]] = []
    if alarms.incidents:
        rows.append([_status(alarms)])
    if alarms.settings.parts.alarms and DATA_SETS[alarms.settings.provider]:
        rows.append(list(_row(_freshness(alarms))))
    rows += [list(_row(graphs)) for graphs in (_failures(alarms), _latency(alarms), _use(alarms))]
    for name in ("Functions", "Pipeline", "Tables"):
        if name in alarms.services:
            rows.append(alarms.services[name].widgets)
    for row in rows:
        alarms.observability.add_row(*row)


def _row(graphs: Mapping[str, Metrics]) -> Iterator[cloudwatch.IWidget]:
    for title, metrics in graphs.items():
        yield cloudwatch.GraphWidget(
            title=title,
            left=list(metrics),
            width=_WIDTH // len(graphs),
            left_y_axis=cloudwatch.YAxisProps(min=0),
        )


def _status(alarms: StageAlarms) -> cloudwatch.IWidget:
    client_errors = (
        alarm for alarm in alarms.services["Api"].alarms if alarm.node.id == "ClientErrors"
    )
    return cloudwatch.AlarmStatusWidget(
        title="Incidents", alarms=[*alarms.incidents.values(), *client_errors], width=_WIDTH
    )


def _freshness(alarms: StageAlarms) -> dict[str, Metrics]:
    data_sets = DATA_SETS[alarms.settings.provider]

    def metrics(name: str, statistic: str = "Maximum") -> Metrics:
        return [
            alarms.metric(name, statistic=statistic, dataSet=data_set).with_(label=data_set)
            for data_set in data_sets
        ]

    late = [
        cloudwatch.MathExpression(
            expression=f"late{number} + failing{number}",
            using_metrics={
                f"late{number}": alarms.metric("LateCompanies", dataSet=data_set),
                f"failing{number}": alarms.metric("FailingCompanies", dataSet=data_set),
            },
            label=data_set,
            period=Duration.hours(1),
        )
        for number, data_set in enumerate(data_sets)
    ]
    return {
        "Freshness: companies that are late or failing": late,
        "Freshness: hours that the stalest company is late": metrics("HoursLate"),
        "Freshness: companies as fresh as promised": metrics("FreshCompanies"),
        "Freshness: requests that succeeded": metrics("SucceededIngests", "Sum"),
    }


def _failures(alarms: StageAlarms) -> dict[str, Metrics]:
    five_minutes = Duration.minutes(5)
    failed = alarms.metric("FailedEvents", period=five_minutes, statistic="Sum")
    tokens = alarms.metric("AuthorizerErrors", period=five_minutes, statistic="Sum")
    ingests = [
        alarms.metric("FailedIngests", statistic="Sum", dataSet=data_set).with_(
            label=f"ingests of {data_set}"
        )
        for data_set in DATA_SETS[alarms.settings.provider]
    ]
    dead = [
        queue.metric_approximate_number_of_messages_visible(statistic="Maximum")
        for queue in alarms.dead_letters
    ]
    ages = [
        queue.queue.metric_approximate_age_of_oldest_message(statistic="Maximum")
        for queue in alarms.queues
    ]
    events = [failed.with_(label="events"), tokens.with_(label="tokens not checked")]
    if "Canary" in alarms.services:
        events.append(alarms.metric("FailedChecks", statistic="Sum").with_(label="checks"))
    return {
        "Failures": [*events, *ingests],
        "Dead letters": dead,
        "Seconds that the oldest message waits": ages,
    }


def _latency(alarms: StageAlarms) -> dict[str, Metrics]:
    stage = alarms.rest.stage
    return {
        "Api: requests": [stage.metric_count(statistic="Sum")],
        "Api: errors": [
            stage.metric_server_error(statistic="Sum"),
            stage.metric_client_error(statistic="Sum"),
        ],
        "Api: latency (ms)": [
            stage.metric_latency(statistic=statistic) for statistic in ("p50", "p99")
        ],
    }


def _use(alarms: StageAlarms) -> dict[str, Metrics]:
    """Return what is left of the provider's quota, and what the use costs, estimated."""
    quota = alarms.metric("QuotaLeft", statistic="Minimum", provider=alarms.settings.provider)
    requests = alarms.rest.stage.metric_count(statistic="Sum", period=_DAY)
    tables = [table.table.table_name for table in alarms.data.tables.values()]
    reads, writes = (
        [
            service_metric("AWS/DynamoDB", name, {"TableName": table}, period_s=_seconds(_DAY))
            for table in tables
        ]
        for name in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
    )
    durations = {
        service_metric(
            "AWS/Lambda",
            "Duration",
            {"FunctionName": alarms.functions[spec.name].function.function_name},
            period_s=_seconds(_DAY),
        ): spec.memory_mib
        for spec in alarms.specs
    }
    price = PRICES["AWS::Lambda::Function GB-seconds"] / _MS_A_S / _MIB_A_GB
    costs = [
        _cost("API", {requests: PRICES["AWS::ApiGateway::RestApi"]}),
        _cost("reads", dict.fromkeys(reads, PRICES["AWS::DynamoDB::GlobalTable reads"])),
        _cost("writes", dict.fromkeys(writes, PRICES["AWS::DynamoDB::GlobalTable writes"])),
        _cost("functions", {metric: price * memory for metric, memory in durations.items()}),
    ]
    return {
        "Quota: requests left": [quota],
        "Cost of use: US dollars a day, estimated": costs,
        "Units written to tables": writes,
    }


def _cost(label: str, prices: Mapping[cloudwatch.Metric, float]) -> cloudwatch.IMetric:
    prefix = label.lower()
    terms = {f"{prefix}{number}": price for number, price in enumerate(prices.values())}
    return cloudwatch.MathExpression(
        expression=" + ".join(f"FILL({id_}, 0) * {price:.10f}" for id_, price in terms.items()),
        using_metrics=dict(zip(terms, prices, strict=True)),
        label=label,
        period=_DAY,
    )


def _seconds(duration: Duration) -> int:
    return int(duration.to_seconds())
