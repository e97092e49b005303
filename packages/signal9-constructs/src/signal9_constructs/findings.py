"""What scanners find in these constructs as they are made by default, and why it is so.

Tests compare the list with what AwsSolutions, Serverless and NIST 800-53 r5, cfn-lint and checkov
really find.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

__all__ = ["KNOWN_FINDINGS", "KnownFinding", "Tool"]

Tool: TypeAlias = Literal["cdk-nag", "cfn-lint", "checkov"]

_LINT: Final = re.compile(r"[EWI]\d{4}")


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding below `construct`; `**` stands for any text in `id` and `path`.

    A path that begins with `/` is one below the stack, where CDK keeps what constructs share.
    """

    construct: str
    path: str
    id: str
    reason: str

    @property
    def tool(self) -> Tool:
        """The scanner that finds it."""
        if self.id.startswith("CKV_"):
            return "checkov"
        return "cfn-lint" if _LINT.fullmatch(self.id) else "cdk-nag"


_NIST: Final = "NIST.800.53.R5"
_INLINE: Final = (
    "CDK's grants are inline policies: each belongs to one role and goes when the role goes"
)
_ACLS: Final = "they stand behind security groups as a second fence, not instead of them"
_END_OF_LINE: Final = "a dead-letter queue is the end of the line and has none of its own"
_LOG_KEY: Final = "CloudWatch encrypts log groups with a key of its own; give one to use yours"
_LOGS_OF_LOGS: Final = "logs of who reads the logs would never end; give a log_bucket to have them"
_NO_ACCESS_LOGS: Final = "access logs need a bucket to go to; give access_logs to have them"
_NO_CACHE: Final = "a cache costs by the hour and would answer one caller with another's data"
_NO_RESERVE: Final = (
    "reserving takes from the account's pool; give reserved_concurrency where it matters"
)
_NO_VPC: Final = (
    "a function that calls only AWS and public APIs gains nothing in a VPC; give vpc if not"
)
_OPEN: Final = "only routes that say open=True have no authorizer"
_NO_FIREWALL: Final = "a firewall is a construct of its own: associate one with the stage"
_OWN_AUTHORIZER: Final = "callers bring tokens of an issuer other than Cognito; a function judges"
_NO_ROTATION: Final = (
    "most providers have no API to renew a key; give rotation where one has, else watch the age"
)
_ORDER: Final = "CDK makes a resource wait for its role's policies, and so for its role"
_CLOSER: Final = (
    "CDK's own function runs once, at deployment, to empty the default security group; "
    "leave it out by close_default_security_group=False"
)
_QUEUE_KEY: Final = "SQS encrypts the queue with a key of its own; give encryption_key for yours"
_NO_REPLICA: Final = (
    "a replica needs a second region and doubles the cost; versions guard against accidents"
)

_COPIER: Final = (
    "CDK's own function runs once, at deployment, to put files into the bucket; "
    "put them there in another way than by deploy"
)
_KEY_OF_QUEUES: Final = (
    "CDK lets a function use the key of its dead-letter queue by these names, and no other key"
)
_PREFIX: Final = "a grant names the bucket and a prefix; what is below has no names beforehand"

_LOG_IDS: Final = (f"{_NIST}-CloudWatchLogGroupEncrypted", "CKV_AWS_158")
_LAST_IDS: Final = ("AwsSolutions-SQS3", "Serverless-SQSRedrivePolicy")

_CDKS_COPIER: Final = "/Custom::CDKBucketDeployment"
_CDKS_CLOSER: Final = "/Custom::VpcRestrictDefaultSGCustomResourceProvider"


def _each(construct: str, path: str, reason: str, *ids: str) -> Iterator[KnownFinding]:
    """Yield what several rules find in one place for one reason."""
    for id_ in ids:
        yield KnownFinding(construct, path, id_, reason)


KNOWN_FINDINGS: Final[tuple[KnownFinding, ...]] = (
    *_each("AccessTrail", "Default/LogsRole/**", _INLINE, f"{_NIST}-IAMNoInlinePolicy"),
    *_each(
        "ApiSecret",
        "Default/**",
        _NO_ROTATION,
        "AwsSolutions-SMG4",
        f"{_NIST}-SecretsManagerRotationEnabled",
    ),
    *_each(
        "ApiSecret",
        "Default/**",
        "Secrets Manager encrypts with a key of its own; give encryption_key for one of yours",
        f"{_NIST}-SecretsManagerUsingKMSKey",
        "CKV_AWS_149",
    ),
    *_each(
        "ContentDelivery",
        "Default/**",
        "who may see a site is its owner's choice; give allowed_countries or denied_countries",
        "AwsSolutions-CFR1",
    ),
    *_each(
        "ContentDelivery",
        "Default/**",
        "a firewall is a construct of its own and lives in us-east-1; give firewall",
        "AwsSolutions-CFR2",
        "CKV_AWS_68",
    ),
    *_each(
        "ContentDelivery",
        "Default/**",
        "CloudFront's own name speaks what CloudFront decides; give domain_names and a certificate",
        "AwsSolutions-CFR4",
        "CKV_AWS_174",
    ),
    *_each(
        "ContentDelivery",
        "Logs/**",
        _LOGS_OF_LOGS,
        "AwsSolutions-S1",
        f"{_NIST}-S3BucketLoggingEnabled",
        "CKV_AWS_18",
    ),
    *_each("ContentDelivery", "Logs/**", _NO_REPLICA, f"{_NIST}-S3BucketReplicationEnabled"),
    *_each(
        "ContentDelivery",
        "Logs/**",
        "CloudFront's standard logs cannot be written to a bucket whose key it may not use",
        f"{_NIST}-S3DefaultEncryptionKMS",
    ),
    *_each(
        "ContentDelivery",
        f"{_CDKS_COPIER}**",
        _COPIER,
        "AwsSolutions-IAM4[**]",
        "AwsSolutions-IAM5[**]",
        "AwsSolutions-L1",
        f"{_NIST}-IAMNoInlinePolicy",
        f"{_NIST}-LambdaConcurrency",
        f"{_NIST}-LambdaDLQ",
        f"{_NIST}-LambdaInsideVPC",
        "Serverless-LambdaDLQ",
        "Serverless-LambdaLatestVersion",
        "Serverless-LambdaTracing",
        *("CKV_AWS_111", "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117", "CKV_AWS_173"),
    ),
    *_each("DnsZone", "QueryLog/**", _LOG_KEY, *_LOG_IDS),
    *_each("EventBackbone", "DeadLetters/**", _END_OF_LINE, *_LAST_IDS),
    *_each(
        "EventBackbone",
        "Scheduler/DefaultPolicy/**",
        "a schedule may invoke any version of the function that it was given, and nothing else",
        "AwsSolutions-IAM5[Resource::**Arn**:*]",
    ),
    *_each("EventBackbone", "Scheduler/**", _INLINE, f"{_NIST}-IAMNoInlinePolicy"),
    *_each("Firewall", "Logs/**", _LOG_KEY, *_LOG_IDS),
    *_each("Network", "PublicAcl/**", _ACLS, "AwsSolutions-VPC3"),
    *_each("Network", "PrivateAcl/**", _ACLS, "AwsSolutions-VPC3"),
    *_each("Network", "FlowLogs/**", _LOG_KEY, *_LOG_IDS),
    *_each(
        "Network",
        "Default/PublicSubnet**/DefaultRoute",
        "a route to the internet is what makes a subnet public; NAT gateways live there",
        f"{_NIST}-VPCNoUnrestrictedRouteToIGW",
    ),
    *_each("Network", "Default/Traffic/IAMRole/**", _INLINE, f"{_NIST}-IAMNoInlinePolicy"),
    *_each("Observability", "**", _LOG_KEY, *_LOG_IDS),
    *_each("Observability", "Undelivered/**", _END_OF_LINE, *_LAST_IDS),
    *_each(
        "PythonFunction",
        "Role/DefaultPolicy/**",
        "X-Ray, and network interfaces in a VPC, know no resources to name",
        "AwsSolutions-IAM5[Resource::*]",
    ),
    *_each(
        "PythonFunction",
        "Role/DefaultPolicy/**",
        _KEY_OF_QUEUES,
        "AwsSolutions-IAM5[Action::kms:GenerateDataKey*]",
        "AwsSolutions-IAM5[Action::kms:ReEncrypt*]",
    ),
    *_each(
        "PythonFunction",
        "Role/DefaultPolicy/**",
        _PREFIX,
        "AwsSolutions-IAM5[Resource::**Arn**/**]",
    ),
    *_each(
        "PythonFunction",
        "Default/SqsEventSource:**",
        "of a queue, the queue itself keeps what failed; destinations are for streams",
        "Serverless-LambdaEventSourceMappingDestination",
    ),
    *_each("PythonFunction", "Role/DefaultPolicy/**", _INLINE, f"{_NIST}-IAMNoInlinePolicy"),
    *_each("PythonFunction", "DeadLetters/**", _END_OF_LINE, "Serverless-SQSRedrivePolicy"),
    *_each("PythonFunction", "Failures/**", _END_OF_LINE, *_LAST_IDS),
    *_each("PythonFunction", "Logs/**", _LOG_KEY, *_LOG_IDS),
    *_each(
        "PythonFunction", "Default/**", _NO_RESERVE, f"{_NIST}-LambdaConcurrency", "CKV_AWS_115"
    ),
    *_each("PythonFunction", "Default/**", _NO_VPC, f"{_NIST}-LambdaInsideVPC", "CKV_AWS_117"),
    *_each("RestService", "Default/Default/**", _OWN_AUTHORIZER, "AwsSolutions-COG4"),
    *_each("RestService", "Default/Default/**", _OPEN, "AwsSolutions-APIG4", "CKV_AWS_59"),
    *_each(
        "RestService",
        "Default/DeploymentStage**",
        _NO_FIREWALL,
        "AwsSolutions-APIG3",
        f"{_NIST}-APIGWAssociatedWithWAF",
    ),
    *_each(
        "RestService",
        "Default/DeploymentStage**",
        _NO_CACHE,
        f"{_NIST}-APIGWCacheEnabledAndEncrypted",
        "CKV_AWS_120",
    ),
    *_each(
        "RestService",
        "Default/DeploymentStage**",
        "a client certificate is for HTTP backends; functions are invoked through IAM",
        f"{_NIST}-APIGWSSLEnabled",
    ),
    *_each(
        "RestService",
        "Default/CloudWatchRole/**",
        "API Gateway documents this policy for the role that an account has for its logs",
        "AwsSolutions-IAM4[Policy::arn:**AmazonAPIGatewayPushToCloudWatchLogs]",
    ),
    *_each(
        "SecureBucket",
        "Default/**",
        _NO_ACCESS_LOGS,
        "AwsSolutions-S1",
        f"{_NIST}-S3BucketLoggingEnabled",
        "CKV_AWS_18",
    ),
    *_each("SecureBucket", "Default/**", _NO_REPLICA, f"{_NIST}-S3BucketReplicationEnabled"),
    *_each(
        "SecureBucket",
        "Default/**",
        "S3's own encryption costs nothing; give encryption_key for a key of your own",
        f"{_NIST}-S3DefaultEncryptionKMS",
    ),
    *_each("WorkQueue", "DeadLetters/**", _END_OF_LINE, "Serverless-SQSRedrivePolicy"),
    *_each("AccessTrail", "Default/Resource", _ORDER, "W3005"),
    *_each("Network", f"{_CDKS_CLOSER}/Handler", _ORDER, "W3005"),
    *_each("PythonFunction", "Default/Resource", _ORDER, "W3005"),
    *_each("ContentDelivery", f"{_CDKS_COPIER}**/Resource", _ORDER, "W3005"),
    *_each(
        "AccessTrail",
        "Default/**",
        "a bucket is in one region, and so is what happens in it; management_events are in all",
        "CKV_AWS_67",
    ),
    *_each("EventBackbone", "DeadLetters/**", _QUEUE_KEY, "CKV_AWS_27"),
    *_each(
        "Network", f"{_CDKS_CLOSER}/Handler", _CLOSER, "CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117"
    ),
    *_each("Observability", "Undelivered/**", _QUEUE_KEY, "CKV_AWS_27"),
    *_each(
        "PythonFunction",
        "Role/DefaultPolicy/**",
        "network interfaces in a VPC know no resources to name",
        "CKV_AWS_111",
    ),
    *_each(
        "PythonFunction",
        "Default/**",
        "Lambda encrypts the environment with a key of its own; give encryption_key for yours",
        "CKV_AWS_173",
    ),
    *_each("PythonFunction", "DeadLetters/**", _QUEUE_KEY, "CKV_AWS_27"),
    *_each("PythonFunction", "Failures/**", _QUEUE_KEY, "CKV_AWS_27"),
    *_each("RestService", "**Log/**", _LOG_KEY, *_LOG_IDS),
    *_each("WorkQueue", "**", _QUEUE_KEY, "CKV_AWS_27"),
)
