"""The roles that pipelines assume with tokens of their own, so that no key is stored."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack, aws_iam
from constructs import Construct

from ..functions import FUNCTIONS
from ..names import bucket_name, function_name, role_name, stack_name
from ..repository import Repository
from ..settings import EDGE_REGION, StageSettings

__all__ = ["DeliveryStack", "ProviderStack"]

_AUDIENCE: Final = "sts.amazonaws.com"
_CDK_ROLES: Final = ("deploy-role", "file-publishing-role", "lookup-role")
_READ_STACKS: Final = (
    "cloudformation:DescribeStacks",
    "cloudformation:GetTemplate",
    "cloudformation:ListStackResources",
)
_DATA: Final = (
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:PartiQLSelect",
    "dynamodb:Query",
    "dynamodb:Scan",
    "kms:Decrypt",
    "logs:FilterLogEvents",
    "logs:GetLogEvents",
    "logs:StartQuery",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "sqs:ReceiveMessage",
)
"""What ReadOnlyAccess allows, and the detection of drift does not need."""


class ProviderStack(Stack):
    """The identity provider of a forge: one per account, shared by all stages and retained."""

    def __init__(self, scope: Construct, repository: Repository) -> None:
        forge = repository.forge
        super().__init__(
            scope,
            "Provider",
            stack_name=f"Signal9-Delivery-{forge}",
            description=f"Signal9: tokens of {repository.host}",
        )
        provider = aws_iam.CfnOIDCProvider(
            self, "Tokens", url=f"https://{repository.host}", client_id_list=[_AUDIENCE]
        )
        provider.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


class DeliveryStack(Stack):
    """Three roles for a stage: to compare proposed changes, to detect drift, to deploy."""

    def __init__(self, scope: Construct, settings: StageSettings, repository: Repository) -> None:
        super().__init__(
            scope,
            "Delivery",
            stack_name=stack_name(settings, "Delivery"),
            description=f"Signal9 {settings.stage}: roles of {repository.url}",
        )
        self._settings, self._repository = settings, repository
        self._make_role("diff", repository.of_changes(), self._reads())
        drift = self._make_role("drift", repository.of_main(), [])
        read_only = aws_iam.ManagedPolicy.from_aws_managed_policy_name("ReadOnlyAccess")
        drift.add_managed_policy(read_only)
        # Every resource type is read in its own way, but no data are.
        drift.add_to_policy(
            aws_iam.PolicyStatement(
                sid="NoData", effect=aws_iam.Effect.DENY, actions=[*_DATA], resources=["*"]
            )
        )
        deploy = [
            *self._reads(),
            self._assume_cdk_roles(),
            self._read_log_role(),
            self._call_canary(),
            *self._roll_back(),
            *(self._upload_page() if settings.parts.edge else ()),
        ]
        self._make_role("deploy", repository.of_deployments(settings.stage), deploy)

    def _make_role(
        self, purpose: str, subject: str, statements: Sequence[aws_iam.PolicyStatement]
    ) -> aws_iam.Role:
        host = self._repository.host
        provider = f"arn:{self.partition}:iam::{self.account}:oidc-provider/{host}"
        match = "StringLike" if "*" in subject else "StringEquals"
        conditions: dict[str, dict[str, str]] = {"StringEquals": {f"{host}:aud": _AUDIENCE}}
        conditions.setdefault(match, {})[f"{host}:sub"] = subject
        role = aws_iam.Role(
            self,
            purpose.capitalize(),
            role_name=role_name(self._settings, purpose),
            description=f"Assumed by pipelines of {self._repository.url}",
            assumed_by=aws_iam.WebIdentityPrincipal(provider, conditions),
            max_session_duration=Duration.hours(1),
        )
        for statement in statements:
            role.add_to_policy(statement)
        return role

    def _reads(self) -> list[aws_iam.PolicyStatement]:
        """Return what the commands themselves read: templates, and whether the CDK is there."""
        stacks = [
            self._arn("cloudformation", region, f"stack/{self._settings.title}-*/*")
            for region in self._regions()
        ]
        versions = [
            self._arn("ssm", region, "parameter/cdk-bootstrap/hnb659fds/version")
            for region in self._regions()
        ]
        statements = [
            aws_iam.PolicyStatement(sid="Stacks", actions=[*_READ_STACKS], resources=stacks),
            aws_iam.PolicyStatement(sid="Cdk", actions=["ssm:GetParameter"], resources=versions),
        ]
        if self._settings.region != EDGE_REGION:
            statements.append(
                aws_iam.PolicyStatement(
                    sid="PrefixLists",
                    actions=["ec2:DescribeManagedPrefixLists"],
                    resources=["*"],  # this action knows no others
                    conditions={"StringEquals": {"aws:RequestedRegion": self._settings.region}},
                )
            )
        return statements

    def _assume_cdk_roles(self) -> aws_iam.PolicyStatement:
        prefix = f"arn:{self.partition}:iam::{self.account}:role/cdk-hnb659fds"
        roles = [
            f"{prefix}-{role}-{self.account}-{region}"
            for region in self._regions()
            for role in _CDK_ROLES
        ]
        return aws_iam.PolicyStatement(
            sid="CdkRoles", actions=["sts:AssumeRole", "sts:TagSession"], resources=roles
        )

    def _read_log_role(self) -> aws_iam.PolicyStatement:
        account = f"arn:{self.partition}:apigateway:{self._settings.region}::/account"
        actions, resources = ["apigateway:GET"], [account]
        if self._settings.zone_id:
            actions.append("route53:GetHostedZone")
            resources.append(f"arn:{self.partition}:route53:::hostedzone/{self._settings.zone_id}")
        return aws_iam.PolicyStatement(sid="Checks", actions=actions, resources=resources)

    def _call_canary(self) -> aws_iam.PolicyStatement:
        names = [function_name(self._settings, spec.name) for spec in FUNCTIONS if spec.checks]
        functions = [
            self._arn("lambda", self._settings.region, f"function:{name}{alias}")
            for name in names
            for alias in ("", ":live")
        ]
        return aws_iam.PolicyStatement(
            sid="Canary", actions=["lambda:InvokeFunction"], resources=functions
        )

    def _roll_back(self) -> list[aws_iam.PolicyStatement]:
        """Let the smoke test deploy the earlier templates of the stacks without state."""
        parts = (("Service", self._settings.region), ("Edge", EDGE_REGION))
        stacks = [
            self._arn("cloudformation", region, f"stack/{stack_name(self._settings, part)}/*")
            for part, region in parts
        ]
        files = [
            f"arn:{self.partition}:s3:::cdk-hnb659fds-assets-{self.account}-{region}/rollback/*"
            for region in self._regions()
        ]
        return [
            aws_iam.PolicyStatement(
                sid="RollBack", actions=["cloudformation:UpdateStack"], resources=stacks
            ),
            aws_iam.PolicyStatement(
                sid="Templates", actions=["s3:GetObject", "s3:PutObject"], resources=files
            ),
        ]

    def _upload_page(self) -> list[aws_iam.PolicyStatement]:
        name = bucket_name(self._settings, "static", self.account)
        bucket = f"arn:{self.partition}:s3:::{name}"
        distributions = f"arn:{self.partition}:cloudfront::{self.account}:distribution/*"
        return [
            aws_iam.PolicyStatement(
                sid="PageFiles",
                actions=["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
                resources=[f"{bucket}/*"],
            ),
            aws_iam.PolicyStatement(sid="PageList", actions=["s3:ListBucket"], resources=[bucket]),
            aws_iam.PolicyStatement(
                sid="PageCache",
                actions=["cloudfront:CreateInvalidation"],
                resources=[distributions],  # their ids are chosen by CloudFront
                conditions={"StringEquals": {"aws:ResourceTag/Stage": self._settings.stage}},
            ),
        ]

    def _regions(self) -> list[str]:
        return sorted({self._settings.region, EDGE_REGION})

    def _arn(self, service: str, region: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{region}:{self.account}:{resource}"
