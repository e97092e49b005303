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
    from .budget import CostBudget
    from .bundling import PythonBundle
    from .content_delivery import ContentDelivery
    from .data_lake import DataLake, LakeTable, Partition
    from .dns import DnsZone
    from .errors import ConstructError
    from .fargate_service import FargateService
    from .firewall import ExistingFirewall, Firewall, FirewallRule, ManagedRules, RateLimit
    from .function import DependencyLayer, PythonFunction
    from .gradual import GradualDeployment
    from .limits import LimitChecks
    from .network import Network, SubnetPlan, plan_subnets
    from .observability import Observability
    from .queue import WorkQueue
    from .rest import RestService, Route, UsagePlan
    from .secret import ApiSecret
    from .stage import GuardedStage
    from .state_machine import StateMachineJob
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
    from .user_pool import UserPool

__all__ = [
    "KNOWN_FINDINGS",
    "AccessTrail",
    "Acknowledgment",
    "AlarmSetting",
    "AlarmSpec",
    "ApiSecret",
    "ConstructError",
    "ContentDelivery",
    "CostBudget",
    "DataLake",
    "DataTable",
    "DependencyLayer",
    "DnsZone",
    "EventBackbone",
    "ExistingFirewall",
    "FargateService",
    "Finding",
    "Firewall",
    "FirewallRule",
    "GradualDeployment",
    "GuardedStage",
    "IndexShape",
    "KnownFinding",
    "LakeTable",
    "LimitChecks",
    "ManagedRules",
    "Network",
    "Observability",
    "Partition",
    "PythonBundle",
    "PythonFunction",
    "RateLimit",
    "RestService",
    "Route",
    "RulePack",
    "SecureBucket",
    "StateMachineJob",
    "SubnetPlan",
    "TableIndex",
    "TableShape",
    "UsagePlan",
    "UserPool",
    "Verdict",
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
    "budget": "CostBudget",
    "bundling": "PythonBundle",
    "content_delivery": "ContentDelivery",
    "data_lake": "DataLake LakeTable Partition",
    "dns": "DnsZone",
    "errors": "ConstructError",
    "fargate_service": "FargateService",
    "firewall": "ExistingFirewall Firewall FirewallRule ManagedRules RateLimit",
    "function": "DependencyLayer PythonFunction",
    "gradual": "GradualDeployment",
    "limits": "LimitChecks",
    "network": "Network SubnetPlan plan_subnets",
    "observability": "Observability",
    "queue": "WorkQueue",
    "rest": "RestService Route UsagePlan",
    "secret": "ApiSecret",
    "stage": "GuardedStage",
    "state_machine": "StateMachineJob",
    "suppressions": (
        "KNOWN_FINDINGS Acknowledgment Finding KnownFinding RulePack Verdict"
        " acknowledge_known_findings known_findings"
    ),
    "table": "DataTable IndexShape TableIndex TableShape",
    "user_pool": "UserPool",
}

if not TYPE_CHECKING:  # otherwise a type checker would accept any misspelled name

    def __getattr__(name: str) -> object:
        for module, names in _MODULES.items():
            if name in names.split():
                return getattr(import_module(f".{module}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
