"""Metrics of a stage: freshness, ingests, quotas, and what its canary found.

Each has the dimensions `service` and `stage`, and some a third.
"""

from typing import TYPE_CHECKING, Final

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from signal9_core.domain.companies import DataSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from signal9_core.bootstrap import App
    from signal9_core.schemas.operations import SmokeAnswer

__all__ = [
    "FAILED_CHECKS",
    "PROBLEMS",
    "put_authorizer_error",
    "put_checks",
    "put_freshness",
    "put_ingests",
    "put_quotas",
]

FAILED_CHECKS: Final = "FailedChecks"
"""The name of the metric that counts what the canary finds broken."""

PROBLEMS: Final = "Problems"
"""The name of the metric that counts what the health check reports."""

_NAMESPACE: Final = "Signal9"
_HOUR_S: Final = 3600


def put_freshness(app: "App") -> None:
    """Write how many companies are fresh, late, failing and missing, and since how many hours."""
    summary, now = app.freshness, app.clock()
    for data_set, state in (summary.data_sets if summary else {}).items():
        counts = {
            "FreshCompanies": state.fresh,
            "LateCompanies": state.late,
            "FailingCompanies": state.failing,
            "MissingCompanies": state.missing,
            "HoursLate": 0 if state.late_since is None else _hours(now - state.late_since),
            # So that there is a number for every hour.
            "SucceededIngests": 0,
            "FailedIngests": 0,
        }
        _put(counts, stage=app.settings.stage, dataSet=data_set)
    _put({PROBLEMS: len(app.problems())}, stage=app.settings.stage)


def put_ingests(app: "App", stored: "Mapping[str, int]", failed: "Sequence[str]") -> None:
    """Write whether requests for each data set have succeeded, and how many have failed."""
    for data_set in DataSet:
        # What was refused is counted as well, with nothing stored.
        succeeded = data_set in stored and (stored[data_set] > 0 or data_set not in failed)
        counts = {"SucceededIngests": int(succeeded), "FailedIngests": failed.count(data_set)}
        if any(counts.values()):
            _put(counts, stage=app.settings.stage, dataSet=data_set)


def put_quotas(app: "App") -> None:
    """Write how many requests to each provider are left."""
    for name, quota in app.quotas.items():
        _put({"QuotaLeft": quota.status().left}, stage=app.settings.stage, provider=name)


def put_authorizer_error(stage: str) -> None:
    """Count a token that could not be checked; Lambda's own metric counts refused ones, too."""
    _put({"AuthorizerErrors": 1}, stage=stage)


def _hours(age: "timedelta") -> int:
    return max(0, int(age.total_seconds() // _HOUR_S))


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
