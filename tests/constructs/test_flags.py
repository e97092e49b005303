"""A consumer's feature flags change nothing in what the constructs make.

`@aws-cdk/aws-iam:minimizePolicies` is left out: CDK asks the stack for it, and it merges and sorts
statements without changing what they allow.
"""

from collections.abc import Mapping
from typing import Final

import pytest
from aws_cdk import Stack
from aws_cdk.assertions import Template

from tests.constructs.alone import ALONE
from tests.constructs.lab import ENV, app

FLAGS: Final = (
    "@aws-cdk/aws-apigateway:authorizerChangeDeploymentLogicalId",
    "@aws-cdk/aws-apigateway:disableCloudWatchRole",
    "@aws-cdk/aws-apigateway:logGroupDestinationArnWithoutWildcard",
    "@aws-cdk/aws-apigateway:requestValidatorUniqueId",
    "@aws-cdk/aws-cloudfront:defaultFunctionRuntimeV2_0",
    "@aws-cdk/aws-cloudfront:defaultViewerProtocolPolicyRedirectToHttps",
    "@aws-cdk/aws-cloudwatch-actions:changeLambdaPermissionLogicalIdForLambdaAction",
    "@aws-cdk/aws-dynamodb:resourcePolicyPerReplica",
    "@aws-cdk/aws-dynamodb:retainTableReplica",
    "@aws-cdk/aws-ec2:requirePrivateSubnetsForEgressOnlyInternetGateway",
    "@aws-cdk/aws-ec2:restrictDefaultSecurityGroup",
    "@aws-cdk/aws-events:eventsTargetQueueSameAccount",
    "@aws-cdk/aws-events:requireEventBusPolicySid",
    "@aws-cdk/aws-iam:importedRoleStackSafeDefaultPolicyName",
    "@aws-cdk/aws-kms:aliasNameRef",
    "@aws-cdk/aws-kms:applyImportedAliasPermissionsToPrincipal",
    "@aws-cdk/aws-kms:reduceCrossAccountRegionPolicyScope",
    "@aws-cdk/aws-lambda:createNewPoliciesWithAddToRolePolicy",
    "@aws-cdk/aws-lambda:recognizeLayerVersion",
    "@aws-cdk/aws-lambda:useCdkManagedLogGroup",
    "@aws-cdk/aws-route53-patters:useCertificate",
    "@aws-cdk/aws-s3:createDefaultLoggingPolicy",
    "@aws-cdk/aws-s3:keepNotificationInImportedBucket",
    "@aws-cdk/aws-s3:publicAccessBlockedByDefault",
    "@aws-cdk/aws-s3:serverAccessLogsUseBucketPolicy",
    "@aws-cdk/aws-secretsmanager:useAttachedSecretResourcePolicyForSecretTargetAttachments",
    "@aws-cdk/aws-sns-subscriptions:restrictSqsDescryption",
    "@aws-cdk/core:checkSecretUsage",
    "@aws-cdk/core:includePrefixInUniqueNameGeneration",
    "@aws-cdk/customresources:installLatestAwsSdkDefault",
    "@aws-cdk/custom-resources:logApiResponseDataPropertyTrueDefault",
    "@aws-cdk/s3-notifications:addS3TrustKeyPolicyForSnsSubscriptions",
)


def _templates(context: Mapping[str, object]) -> Mapping[str, object]:
    root = app(context)
    stacks = {name: Stack(root, name, env=ENV) for name in ALONE}
    for name, build in ALONE.items():
        build(stacks[name])
    return {name: Template.from_stack(stack).to_json() for name, stack in stacks.items()}


@pytest.fixture(scope="module")
def without() -> Mapping[str, object]:
    return _templates({})


@pytest.fixture(scope="module")
def with_flags() -> Mapping[str, object]:
    return _templates(dict.fromkeys(FLAGS, True))


@pytest.mark.parametrize("name", ALONE)
def test_a_template_is_the_same_with_and_without_flags(
    without: Mapping[str, object], with_flags: Mapping[str, object], name: str
) -> None:
    assert with_flags[name] == without[name]
