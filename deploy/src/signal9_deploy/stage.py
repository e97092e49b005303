"""One stage: its stacks, composed, tagged, protected and checked alike."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Environment
from constructs import Construct

from signal9_constructs import GuardedStage, RulePack, known_findings

from .acknowledgments import ACKNOWLEDGMENTS
from .functions import FUNCTIONS, FunctionSpec
from .names import stack_name
from .settings import StageSettings
from .stacks.data import DataStack
from .stacks.edge import EdgeStack
from .stacks.network import NetworkStack
from .stacks.service import ServiceStack

__all__ = ["Signal9Stage"]

_PACKS: Final = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS)


class Signal9Stage(GuardedStage):
    """Network, data, service and edge of one stage; what it goes without is `None`."""

    def __init__(
        self,
        scope: Construct,
        settings: StageSettings,
        *,
        specs: Sequence[FunctionSpec] = FUNCTIONS,
    ) -> None:
        super().__init__(
            scope,
            settings.title,
            env=Environment(account=settings.account, region=settings.region),
            tags={"Product": "signal9", "Stage": settings.stage},
            termination_protection=settings.retain,
            rule_packs=() if settings.emulated else _PACKS,
        )
        self.settings = settings
        self.network = self._make_network() if settings.network.enabled else None
        self.data = DataStack(self, "Data", settings=settings, stack_name=self._name("Data"))
        self.service = self._make_service(specs)
        self.edge = self._make_edge() if settings.parts.edge else None
        self.acknowledge(*known_findings(self), *ACKNOWLEDGMENTS)

    def _name(self, part: str) -> str:
        return stack_name(self.settings, part)

    def _make_network(self) -> NetworkStack:
        name = self._name("Network")
        return NetworkStack(self, "Network", settings=self.settings, stack_name=name)

    def _make_service(self, specs: Sequence[FunctionSpec]) -> ServiceStack:
        return ServiceStack(
            self,
            "Service",
            settings=self.settings,
            stack_name=self._name("Service"),
            data=self.data,
            network=self.network,
            specs=specs,
        )

    def _make_edge(self) -> EdgeStack:
        return EdgeStack(
            self,
            "Edge",
            settings=self.settings,
            stack_name=self._name("Edge"),
            data=self.data,
            service=self.service,
        )
