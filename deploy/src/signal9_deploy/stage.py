"""The CDK stage: its stacks, and the findings that are accepted in them."""

import sys
from collections.abc import Sequence
from typing import Final

from aws_cdk import App, Environment, ReferenceStrength
from constructs import Construct

from signal9_constructs import (
    Acknowledgment,
    ConstructError,
    GuardedStage,
    RulePack,
    known_findings,
)

from .errors import DeployError, StageError
from .functions import FUNCTIONS, FunctionSpec
from .repository import CONTEXT, Repository, parse_repository
from .settings import COST_TAG, EDGE_REGION, StageSettings
from .stacks.account import AccountStack
from .stacks.costs import CostsStack
from .stacks.data import DataStack
from .stacks.delivery import DeliveryStack, ProviderStack
from .stacks.edge import EdgeStack
from .stacks.network import NetworkStack
from .stacks.service import ServiceStack
from .stage_files import load_stage

__all__ = [
    "ACKNOWLEDGMENTS",
    "Signal9Stage",
    "make_account",
    "make_delivery",
    "synthesize",
]

_QUEUES: Final = (
    "**/Data/Exports/Completed/**",
    "**/Data/Exports/Failed/**",
    "**/Alarms/Undelivered/**",
)
_PACKS: Final = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS)

ACKNOWLEDGMENTS: Final = (
    *(
        Acknowledgment(id_, "what nobody processes cannot fail", path)
        for id_ in ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy")
        for path in _QUEUES
    ),
    Acknowledgment(
        "AwsSolutions-IAM5[Resource::<Backup**.Arn>/*]",
        "DynamoDB chooses the names of the files that it exports",
        "**/Data/Exports/Role/**",
    ),
    Acknowledgment(
        "AwsSolutions-SMG4",
        "distribution and firewall take the value when they are deployed, so both must be at once",
        "**/Data/OriginSecret/**",
    ),
    *(
        Acknowledgment("CKV_AWS_27", "SQS encrypts queues with its own key", path)
        for path in _QUEUES
    ),
    Acknowledgment(
        "CKV_AWS_149",
        "Secrets Manager encrypts with the AWS managed key",
        "**/Data/OriginSecret/**",
    ),
)
"""Accepted findings of cdk-nag and checkov."""


_OF_DELIVERY: Final = (
    Acknowledgment(
        "AwsSolutions-IAM4[**ReadOnlyAccess]",
        "drift of every resource type is detected by reading it; a statement denies data",
        "**/Delivery/Drift/**",
    ),
    Acknowledgment(
        "AwsSolutions-IAM5[Resource::*]",
        "DescribeManagedPrefixLists takes no resource; its region is a condition",
        "**/Delivery/**",
    ),
    Acknowledgment(
        "AwsSolutions-IAM5[**stack/Signal9-**]",
        "CloudFormation adds an id to the name of a stack",
        "**/Delivery/**",
    ),
    Acknowledgment(
        "AwsSolutions-IAM5[Resource::arn:**/*]",
        "the keys of files and the ids of distributions are not known beforehand",
        "**/Delivery/Deploy/**",
    ),
)


class Signal9Stage(GuardedStage):
    """The stacks of one stage; an optional stack that is left out is `None`."""

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
            tags={"Product": "signal9", COST_TAG: settings.stage},
            termination_protection=settings.retain,
            rule_packs=() if settings.emulated else _PACKS,
            # Nothing would tell a consumer of a weak one that its producer was replaced.
            cross_stack_references=(
                ReferenceStrength.WEAK if settings.emulated else ReferenceStrength.STRONG
            ),
        )
        self.costs = None
        if settings.monthly_budget_usd and not settings.emulated:
            self.costs = CostsStack(self, settings, settings.monthly_budget_usd)
        self.network = NetworkStack(self, settings) if settings.network.enabled else None
        self.data = DataStack(self, settings)
        self.service = ServiceStack(
            self, settings, data=self.data, network=self.network, specs=specs
        )
        self.edge = None
        if settings.parts.edge:
            self.edge = EdgeStack(self, settings, data=self.data, service=self.service)
        self.acknowledge(*known_findings(self), *ACKNOWLEDGMENTS)


def make_account(scope: Construct, settings: StageSettings) -> GuardedStage:
    """Make the stack that all stages in an account and region share."""
    shared = GuardedStage(
        scope,
        "Signal9",
        env=Environment(account=settings.account, region=settings.region),
        tags={"Product": "signal9"},
        termination_protection=True,
        rule_packs=_PACKS,
    )
    AccountStack(shared)
    shared.acknowledge(
        Acknowledgment(
            "AwsSolutions-IAM4[**]",
            "API Gateway documents this policy for the role",
            "**/LogRole/**",
        )
    )
    return shared


def make_delivery(
    scope: Construct, settings: StageSettings, repository: Repository
) -> GuardedStage:
    """Make the stacks that let a repository's pipelines deliver the stage."""
    delivery = GuardedStage(
        scope,
        f"{settings.title}-Delivery",
        # Roles are global, so they are always made in the same region.
        env=Environment(account=settings.account, region=EDGE_REGION),
        tags={"Product": "signal9", "Stage": settings.stage},
        termination_protection=settings.retain,
        rule_packs=_PACKS,
    )
    ProviderStack(delivery, repository)
    DeliveryStack(delivery, settings, repository)
    delivery.acknowledge(*_OF_DELIVERY)
    return delivery


def synthesize() -> None:
    """Synthesize the stage in the context `stage`; an invalid stage is one line on stderr."""
    app = App(analytics_reporting=False, stack_traces=False)
    name = app.node.try_get_context("stage")
    try:
        if not isinstance(name, str):
            raise StageError("a stage is required: --context stage=dev")
        settings = load_stage(name)
        Signal9Stage(app, settings)
        if not settings.emulated:
            make_account(app, settings)
            if repository := app.node.try_get_context(CONTEXT):
                make_delivery(app, settings, parse_repository(str(repository)))
        app.synth()
    except (ConstructError, DeployError) as error:
        sys.exit(str(error))
