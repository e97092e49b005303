"""Pins the CDK's feature flags, so that the consumer's cdk.json does not change a template."""

from typing import Final

from constructs import Construct, IConstruct

__all__ = ["class_name", "prepare"]

_CLASS: Final = "signal9-constructs:kind"

_PINNED: Final = {
    "@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId": True,
    "@aws-cdk/aws-apigateway:disableCloudWatchRole": True,
    "@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard": True,
    "@aws-cdk/aws-apigateway:requestValidatorUniqueId": True,
    "@aws-cdk/aws-cloudfront:defaultFunctionRuntimeV2_0": True,
    "@aws-cdk/aws-ec2:restrictDefaultSecurityGroup": False,
    "@aws-cdk/aws-ecs:disableExplicitDeploymentControllerForCircuitBreaker": True,
    "@aws-cdk/aws-ecs:removeDefaultDeploymentAlarm": True,
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
    """Pin every flag for `construct` and its children, and record its class.

    Call this before adding children: the CDK does not allow changing context later.
    """
    # Python classes are lost in the CDK's tree, where each node is a JavaScript object.
    construct.node.set_context(_CLASS, [type(construct).__name__, construct.node.path])
    for flag, value in _PINNED.items():
        construct.node.set_context(flag, value)


def class_name(construct: IConstruct) -> str | None:
    """Return the name of this library's class that created `construct`, if one did."""
    name, path = construct.node.try_get_context(_CLASS) or (None, None)
    return name if path == construct.node.path else None
