"""The stack of what an account has once in a region, whatever stages there are."""

from aws_cdk import RemovalPolicy, Stack, aws_iam
from aws_cdk import aws_apigateway as apigateway
from constructs import Construct

__all__ = ["AccountStack"]


class AccountStack(Stack):
    """The role with which API Gateway writes the logs of all stages; it stays."""

    def __init__(self, scope: Construct) -> None:
        super().__init__(
            scope, "Account", stack_name="Signal9-Account", description="Signal9: account"
        )
        policy = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
        role = aws_iam.Role(
            self,
            "LogRole",
            assumed_by=aws_iam.ServicePrincipal("apigateway.amazonaws.com"),
            managed_policies=[aws_iam.ManagedPolicy.from_aws_managed_policy_name(policy)],
        )
        account = apigateway.CfnAccount(self, "Apis", cloud_watch_role_arn=role.role_arn)
        for resource in (role, account):
            resource.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
