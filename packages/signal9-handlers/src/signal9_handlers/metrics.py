"""Metrics of how fresh the data is, and of the checks of the stage."""

from typing import TYPE_CHECKING, Final

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

if TYPE_CHECKING:
    from signal9_core.bootstrap import App
    from signal9_core.schemas.operations import SmokeAnswer

__all__ = ["FAILED_CHECKS", "PROBLEMS", "put_checks", "put_freshness"]

FAILED_CHECKS: Final = "FailedChecks"
"""The name of the metric that counts what the canary finds broken."""

PROBLEMS: Final = "Problems"
"""The name of the metric that counts what the health check reports."""

_NAMESPACE: Final = "Signal9"


def put_freshness(app: "App") -> None:
    """Write how many companies are fresh, late, failing and missing by data set of this stage."""
    summary = app.freshness
    if summary is None:
        return
    for data_set, state in summary.data_sets.items():
        counts = {
            "FreshCompanies": state.fresh,
            "LateCompanies": state.late,
            "FailingCompanies": state.failing,
            "MissingCompanies": state.missing,
        }
        _put(counts, stage=app.settings.stage, dataSet=data_set)
    _put({PROBLEMS: len(app.problems())}, stage=app.settings.stage)


def put_checks(answer: "SmokeAnswer") -> None:
    """Write how many checks of the stage failed; zero says that the canary lives."""
    _put({FAILED_CHECKS: len(answer.failed)}, stage=answer.stage)


def _put(counts: dict[str, int], **dimensions: str) -> None:
    metrics = EphemeralMetrics(namespace=_NAMESPACE, service="signal9")
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.flush_metrics()
