"""What every construct here does first: say what it is, and pin CDK's feature flags."""

from typing import Final

from constructs import Construct, IConstruct

__all__ = ["kind_of", "prepare"]

_KIND: Final = "signal9-constructs:kind"

_PINNED: Final = {
    "@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId": True,
    "@aws-cdk/aws-apigateway:disableCloudWatchRole": True,
    "@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard": True,
    "@aws-cdk/aws-apigateway:requestValidatorUniqueId": True,
    "@aws-cdk/aws-cloudfront:defaultFunctionRuntimeV2_0": True,
    "@aws-cdk/aws-ec2:restrictDefaultSecurityGroup": False,
    "@aws-cdk/aws-events:eventsTargetQueueSameAccount": True,
    "@aws-cdk/aws-kms:aliasNameRef": True,
    "@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy": False,
    "@aws-cdk/aws-lambda:recognizeLayerVersion": True,
    "@aws-cdk/aws-lambda:useCdkManagedLogGroup": False,
    "@aws-cdk/aws-s3:createDefaultLoggingPolicy": True,
    "@aws-cdk/aws-s3:publicAccessBlockedByDefault": True,
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy": True,
    "@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption": True,
}


def prepare(construct: Construct) -> None:
    """Set every flag for `construct` and all below it; call before it has children.

    A flag in the consumer's cdk.json would otherwise decide what is made.
    """
    # Python classes do not survive in CDK's tree, where each node is a JavaScript object.
    construct.node.set_context(_KIND, [type(construct).__name__, construct.node.path])
    for flag, value in _PINNED.items():
        construct.node.set_context(flag, value)


def kind_of(construct: IConstruct) -> str | None:
    """Return the class of this library that made `construct`, if one did."""
    kind, path = construct.node.try_get_context(_KIND) or (None, None)
    return kind if path == construct.node.path else None
