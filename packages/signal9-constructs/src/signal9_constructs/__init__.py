"""AWS CDK constructs with safe defaults and an escape hatch.

A construct's module is imported when it is first used: importing all of the CDK takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .alarms import AlarmSetting, AlarmSpec
    from .audit_trail import AccessTrail
    from .backbone import EventBackbone
    from .bucket import SecureBucket
    from .bundling import PythonBundle
    from .content_delivery import ContentDelivery
    from .dns import DnsZone
    from .errors import ConstructError
    from .firewall import ExistingFirewall, Firewall, FirewallRule, ManagedRules, RateLimit
    from .function import DependencyLayer, PythonFunction
    from .limits import LimitChecks
    from .network import Network, SubnetPlan, plan_subnets
    from .observability import Observability, WatchedService
    from .queue import WorkQueue
    from .rest import RestService, Route, UsagePlan
    from .secret import ApiSecret
    from .stage import GuardedStage
    from .suppressions import (
        KNOWN_FINDINGS,
        Acknowledgment,
        Finding,
        KnownFinding,
        RulePack,
        Verdict,
        acknowledge_known_findings,
        known_findings,
    )
    from .table import DataTable, IndexShape, TableIndex, TableShape

__all__ = [
    "KNOWN_FINDINGS",
    "AccessTrail",
    "Acknowledgment",
    "AlarmSetting",
    "AlarmSpec",
    "ApiSecret",
    "ConstructError",
    "ContentDelivery",
    "DataTable",
    "DependencyLayer",
    "DnsZone",
    "EventBackbone",
    "ExistingFirewall",
    "Finding",
    "Firewall",
    "FirewallRule",
    "GuardedStage",
    "IndexShape",
    "KnownFinding",
    "LimitChecks",
    "ManagedRules",
    "Network",
    "Observability",
    "PythonBundle",
    "PythonFunction",
    "RateLimit",
    "RestService",
    "Route",
    "RulePack",
    "SecureBucket",
    "SubnetPlan",
    "TableIndex",
    "TableShape",
    "UsagePlan",
    "Verdict",
    "WatchedService",
    "WorkQueue",
    "__version__",
    "acknowledge_known_findings",
    "known_findings",
    "plan_subnets",
]

__version__ = "0.1.0"

_MODULES: Final = {
    "alarms": "AlarmSetting AlarmSpec",
    "audit_trail": "AccessTrail",
    "backbone": "EventBackbone",
    "bucket": "SecureBucket",
    "bundling": "PythonBundle",
    "content_delivery": "ContentDelivery",
    "dns": "DnsZone",
    "errors": "ConstructError",
    "firewall": "ExistingFirewall Firewall FirewallRule ManagedRules RateLimit",
    "function": "DependencyLayer PythonFunction",
    "limits": "LimitChecks",
    "network": "Network SubnetPlan plan_subnets",
    "observability": "Observability WatchedService",
    "queue": "WorkQueue",
    "rest": "RestService Route UsagePlan",
    "secret": "ApiSecret",
    "stage": "GuardedStage",
    "suppressions": (
        "KNOWN_FINDINGS Acknowledgment Finding KnownFinding RulePack Verdict"
        " acknowledge_known_findings known_findings"
    ),
    "table": "DataTable IndexShape TableIndex TableShape",
}

if not TYPE_CHECKING:  # otherwise a type checker would accept any misspelled name

    def __getattr__(name: str) -> object:
        for module, names in _MODULES.items():
            if name in names.split():
                return getattr(import_module(f".{module}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
