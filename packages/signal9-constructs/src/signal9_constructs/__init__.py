"""AWS CDK constructs with safe defaults and an escape hatch."""

from .acknowledgments import KNOWN_FINDINGS, KnownFinding, known_findings
from .backbone import EventBackbone
from .bucket import SecureBucket
from .bundling import PythonBundle
from .cidr import SubnetPlan, plan_subnets
from .delivery import ContentDelivery
from .dns import DnsZone
from .errors import ConstructError
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
