"""What is watched in a stage, and what of it notifies people: one alarm per incident."""

from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sqs as sqs
from constructs import Construct, IConstruct

from signal9_constructs import (
    AlarmSpec,
    EventBackbone,
    GradualDeployment,
    Observability,
    PythonFunction,
    RestService,
    WorkQueue,
)
from signal9_constructs.incidents import link_runbook
from signal9_constructs.observability import WatchedService
from signal9_core.domain.companies import DataSet

from ..functions import FunctionSpec
from ..names import NAMESPACE, runbook
from ..settings import StageSettings
from .data import DataStack

__all__ = ["DATA_SETS", "StageAlarms"]

DATA_SETS: Final[Mapping[str, Sequence[DataSet]]] = {
    "alpaca": (DataSet.PRICES, DataSet.NEWS),
    "alphavantage": tuple(DataSet),
    "sample": (),
}
"""What each provider is asked for, so that it can be missing; a sample is not asked."""

_SILENT_HOURS: Final = 26
"""A provider whose calls of the day are used up grants more within a day."""

_STALEST_HOURS: Final = 72
_HOUR: Final = Duration.hours(1)
_MISSING: Final = cloudwatch.TreatMissingData.BREACHING


class StageAlarms:
    """The alarms of a stage's service, by what they are about, and its incidents.

    Without `parts.alarms` only the API and dead letters are watched. An emulator has neither
    incidents nor alarms on formulas.
    """

    def __init__(
        self,
        scope: Construct,
        settings: StageSettings,
        *,
        data: DataStack,
        specs: Sequence[FunctionSpec],
        functions: Mapping[str, PythonFunction],
        queues: Sequence[WorkQueue],
        backbone: EventBackbone,
        rest: RestService,
        gradual: GradualDeployment | None,
    ) -> None:
        self.settings, self.data, self.rest = settings, data, rest
        self.specs, self.functions, self.queues = specs, functions, queues
        self.backbone = backbone
        self.observability = Observability(
            scope,
            "Observability",
            namespace=NAMESPACE,
            dashboard=settings.parts.dashboard,
            dashboard_name=settings.title if settings.parts.dashboard else None,
            topic=data.topic,
            runbook_url=settings.runbooks,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
            if settings.retain
            else RemovalPolicy.DESTROY,
        )
        self.incidents: dict[str, cloudwatch.CompositeAlarm] = {}
        self.services = {
            "Api": self._watch("Api", apis=[rest]),
            "DeadLetters": self._watch("DeadLetters", dead_letters=self.dead_letters),
        }
        if settings.canary.minutes and any(spec.checks for spec in specs):
            self.services["Canary"] = self._watch("Canary", custom=list(self._canary()))
        if settings.parts.alarms:
            self.services |= self._watch_functions()
            self.services["Freshness"] = self._watch("Freshness", custom=list(self._freshness()))
        if data.watched_tables is not None:
            self.services["Tables"], self.incidents["Tables"] = data.watched_tables
            self._make_incidents(gradual)

    @property
    def dead_letters(self) -> list[sqs.IQueue]:
        """The dead-letter queues that can have messages.

        Those of functions only if these are called asynchronously: others answer with their errors,
        or take messages from queues that have dead letters of their own.
        """
        called = [
            spec
            for spec in self.specs
            if spec.plans or spec.every_minutes is not None or spec.checks
        ]
        functions = [self.functions[spec.name].dead_letters for spec in called]
        return [*(queue.dead_letters for queue in self.queues), *functions]

    def metric(
        self, name: str, *, period: Duration = _HOUR, statistic: str = "Maximum", **dimensions: str
    ) -> cloudwatch.Metric:
        """Return a metric that the stage's handlers write."""
        return cloudwatch.Metric(
            namespace=NAMESPACE,
            metric_name=name,
            dimensions_map={"service": "signal9", "stage": self.settings.stage, **dimensions},
            statistic=statistic,
            period=period,
        )

    def _watch(self, service: str, **resources: object) -> WatchedService:
        """Watch a service; the dashboard shows it where it belongs."""
        return self.observability.watch(service, dashboard=False, **resources)  # type: ignore[arg-type]

    def _watch_functions(self) -> dict[str, WatchedService]:
        of_api = [spec.name for spec in self.specs if spec.endpoints]
        checks = [spec.name for spec in self.specs if spec.authorizes]
        rest = [spec.name for spec in self.specs if spec.name not in {*of_api, *checks}]
        five_minutes = Duration.minutes(5)
        unchecked, failed = (
            self.metric(name, period=five_minutes, statistic="Sum")
            for name in ("AuthorizerErrors", "FailedEvents")
        )
        return {
            "Functions": self._watch("Functions", functions=self._named(of_api)),
            "Authorizer": self._watch(
                "Authorizer",
                functions=self._named(checks),
                custom=[
                    AlarmSpec(
                        name="authorizer_errors",
                        metric=unchecked,
                        threshold=1,
                        problem="tokens could not be checked",
                    )
                ],
                # Lambda counts refused tokens as errors.
                alarms={"function_errors": None},
            ),
            "Pipeline": self._watch(
                "Pipeline",
                functions=self._named(rest),
                queues=[*(queue.queue for queue in self.queues), self.backbone.dead_letters],
                buses=[self.backbone],
                custom=[
                    # A company that fails now and then is its own problem, and not an incident.
                    AlarmSpec(
                        name="failed_events",
                        metric=failed,
                        threshold=10,
                        periods=3,
                        problem="{threshold} events or more failed in each of {periods} periods",
                    )
                ],
            ),
        }

    def _named(self, names: Sequence[str]) -> list[PythonFunction]:
        return [self.functions[name] for name in names]

    def _canary(self) -> list[AlarmSpec]:
        every = Duration.minutes(self.settings.canary.minutes)
        return [
            AlarmSpec(
                name="failed_checks",
                metric=self.metric("FailedChecks", period=every, statistic="Minimum"),
                threshold=1,
                periods=2,
                problem="the canary has found the stage broken {periods} times in a row",
            ),
            AlarmSpec(
                name="silent_canary",
                metric=self.metric("FailedChecks", period=every, statistic="SampleCount"),
                threshold=1,
                periods=3,
                problem="the canary has not checked the stage {periods} times in a row",
                comparison=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                missing_data=_MISSING,
            ),
        ]

    def _freshness(self) -> list[AlarmSpec]:
        problems = self.metric("Problems", period=Duration.minutes(15))
        old = AlarmSpec(
            name="old_data",
            metric=problems,
            threshold=1,
            periods=4,
            problem="for an hour, the health check has reported old data, or nothing was planned",
            missing_data=_MISSING,
        )
        data_sets = () if self.settings.emulated else DATA_SETS[self.settings.provider]
        return [old, *(spec for name in data_sets for spec in self._freshness_of(name))]

    def _freshness_of(self, data_set: DataSet) -> list[AlarmSpec]:
        return [
            AlarmSpec(
                name="stale_company",
                id_=f"{data_set.capitalize()}Stale",
                metric=self.metric("HoursLate", dataSet=data_set),
                threshold=_STALEST_HOURS,
                problem=f"{data_set} of a company are overdue for {{threshold}} hours",
            ),
            AlarmSpec(
                name="no_success",
                id_=f"{data_set.capitalize()}Silent",
                metric=self._silence(data_set),
                threshold=1,
                periods=_SILENT_HOURS,
                problem=f"{data_set} are overdue, and no request succeeded in {{periods}} hours",
                missing_data=_MISSING,
            ),
        ]

    def _silence(self, data_set: DataSet) -> cloudwatch.MathExpression:
        """Return 1 for an hour in which something was overdue, and no request succeeded."""
        counts = {
            name: self.metric(f"{name.capitalize()}Companies", dataSet=data_set)
            for name in ("late", "failing", "missing")
        }
        successes = self.metric("SucceededIngests", statistic="Sum", dataSet=data_set)
        return cloudwatch.MathExpression(
            expression="IF(late + failing + missing > 0 AND successes < 1, 1, 0)",
            using_metrics={**counts, "successes": successes},
            period=_HOUR,
            label=f"{data_set}: hours without success",
        )

    def _make_incidents(self, gradual: GradualDeployment | None) -> None:
        """Let each service notify once, and what follows from a cause only if it outlasts it.

        Client errors notify by themselves: they may last, and must not hide the API's own errors.
        """
        services = self.services
        api = [alarm for alarm in services["Api"].alarms if alarm.node.id != "ClientErrors"]
        self._incident(
            "Api", *api, services["Functions"], services["Authorizer"], caused_by="Tables"
        )
        self._incident("Pipeline", services["Pipeline"], caused_by="Tables")
        self._incident("DeadLetters", services["DeadLetters"], caused_by="Pipeline")
        self._incident("Freshness", services["Freshness"], caused_by="Pipeline")
        if "Canary" in services:
            self._incident("Canary", services["Canary"], caused_by="Api")
        if gradual is not None and gradual.alarms:
            link_runbook(runbook(self.settings, "deployment"), gradual)
            self._incident("Deployment", gradual)

    def _incident(self, name: str, *parts: IConstruct, caused_by: str | None = None) -> None:
        self.incidents[name] = self.observability.incident(
            name,
            *parts,
            description=f"{self.settings.title}: {_DESCRIPTIONS[name]}",
            suppressed_by=self.incidents[caused_by] if caused_by else None,
        )


_DESCRIPTIONS: Final = {
    "Api": "callers get errors or slow answers",
    "Pipeline": "jobs fail, wait or lose events",
    "DeadLetters": "messages have failed for good and wait to be redriven",
    "Freshness": "data is older than promised",
    "Canary": "what callers do does not work, or nobody tries it",
    "Deployment": "new versions of functions fail and are rolled back",
}
