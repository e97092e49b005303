"""AWS CDK constructs with safe defaults and an escape hatch.

Each is loaded when it is first used, with the parts of CDK that it needs: the whole of CDK takes
seconds, and no app uses all of it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .acknowledgments import known_findings
    from .backbone import EventBackbone
    from .bucket import SecureBucket
    from .bundling import PythonBundle
    from .cidr import SubnetPlan, plan_subnets
    from .delivery import ContentDelivery
    from .dns import DnsZone
    from .errors import ConstructError
    from .findings import KNOWN_FINDINGS, KnownFinding
    from .firewall import Firewall
    from .firewall_rules import FirewallRule
    from .function import DependencyLayer, PythonFunction
    from .network import Network
    from .observability import Observability
    from .rest import RestService
    from .routes import Route
    from .rules import Acknowledgment, Finding, RulePack, Verdict
    from .secret import ApiSecret
    from .stage import GuardedStage
    from .table import DataTable, IndexShape, TableIndex, TableShape
    from .trail import AccessTrail
    from .work import WorkQueue

__all__ = [
    "KNOWN_FINDINGS",
    "AccessTrail",
    "Acknowledgment",
    "ApiSecret",
    "ConstructError",
    "ContentDelivery",
    "DataTable",
    "DependencyLayer",
    "DnsZone",
    "EventBackbone",
    "Finding",
    "Firewall",
    "FirewallRule",
    "GuardedStage",
    "IndexShape",
    "KnownFinding",
    "Network",
    "Observability",
    "PythonBundle",
    "PythonFunction",
    "RestService",
    "Route",
    "RulePack",
    "SecureBucket",
    "SubnetPlan",
    "TableIndex",
    "TableShape",
    "Verdict",
    "WorkQueue",
    "__version__",
    "known_findings",
    "plan_subnets",
]

__version__ = "0.1.0"

_HOMES: Final = {
    "acknowledgments": ("known_findings",),
    "backbone": ("EventBackbone",),
    "bucket": ("SecureBucket",),
    "bundling": ("PythonBundle",),
    "cidr": ("SubnetPlan", "plan_subnets"),
    "delivery": ("ContentDelivery",),
    "dns": ("DnsZone",),
    "errors": ("ConstructError",),
    "findings": ("KNOWN_FINDINGS", "KnownFinding"),
    "firewall": ("Firewall",),
    "firewall_rules": ("FirewallRule",),
    "function": ("DependencyLayer", "PythonFunction"),
    "network": ("Network",),
    "observability": ("Observability",),
    "rest": ("RestService",),
    "routes": ("Route",),
    "rules": ("Acknowledgment", "Finding", "RulePack", "Verdict"),
    "secret": ("ApiSecret",),
    "stage": ("GuardedStage",),
    "table": ("DataTable", "IndexShape", "TableIndex", "TableShape"),
    "trail": ("AccessTrail",),
    "work": ("WorkQueue",),
}

if not TYPE_CHECKING:  # or every misspelt name would have a type

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f".{home}", __name__), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
