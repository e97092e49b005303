"""What scanners find in these constructs as they are made by default, and why it is so.

Nothing here is acknowledged for anybody: `known_findings` hands the list to whoever decides. Tests
compare it with what AwsSolutions, Serverless and NIST 800-53 r5, cfn-lint and checkov really find.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from aws_cdk import Stack
from constructs import IConstruct

from .kinds import kind_of
from .rules import Acknowledgment

__all__ = ["KNOWN_FINDINGS", "KnownFinding", "Tool", "known_findings"]

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

_CDKS_CLOSER: Final = "/Custom::VpcRestrictDefaultSGCustomResourceProvider"

KNOWN_FINDINGS: Final[tuple[KnownFinding, ...]] = (
    KnownFinding("AccessTrail", "Default/LogsRole/**", f"{_NIST}-IAMNoInlinePolicy", _INLINE),
    KnownFinding("ApiSecret", "Default/**", "AwsSolutions-SMG4", _NO_ROTATION),
    KnownFinding("ApiSecret", "Default/**", f"{_NIST}-SecretsManagerRotationEnabled", _NO_ROTATION),
    KnownFinding(
        "ApiSecret",
        "Default/**",
        f"{_NIST}-SecretsManagerUsingKMSKey",
        "Secrets Manager encrypts with a key of its own; give encryption_key for one of yours",
    ),
    KnownFinding(
        "ContentDelivery",
        "Default/**",
        "AwsSolutions-CFR1",
        "who may see a site is its owner's choice; give allowed_countries or denied_countries",
    ),
    KnownFinding(
        "ContentDelivery",
        "Default/**",
        "AwsSolutions-CFR2",
        "a firewall is a construct of its own and lives in us-east-1; give firewall",
    ),
    KnownFinding(
        "ContentDelivery",
        "Default/**",
        "AwsSolutions-CFR4",
        "CloudFront's own name speaks what CloudFront decides; give domain_names and a certificate",
    ),
    KnownFinding("ContentDelivery", "Logs/**", "AwsSolutions-S1", _LOGS_OF_LOGS),
    KnownFinding("ContentDelivery", "Logs/**", f"{_NIST}-S3BucketLoggingEnabled", _LOGS_OF_LOGS),
    KnownFinding("ContentDelivery", "Logs/**", f"{_NIST}-S3BucketReplicationEnabled", _NO_REPLICA),
    KnownFinding(
        "ContentDelivery",
        "Logs/**",
        f"{_NIST}-S3DefaultEncryptionKMS",
        "CloudFront's standard logs cannot be written to a bucket whose key it may not use",
    ),
    KnownFinding("DnsZone", "QueryLog/**", f"{_NIST}-CloudWatchLogGroupEncrypted", _LOG_KEY),
    KnownFinding("EventBackbone", "DeadLetters/**", "AwsSolutions-SQS3", _END_OF_LINE),
    KnownFinding("EventBackbone", "DeadLetters/**", "Serverless-SQSRedrivePolicy", _END_OF_LINE),
    KnownFinding(
        "EventBackbone",
        "Scheduler/DefaultPolicy/**",
        "AwsSolutions-IAM5[Resource::<**.Arn>:*]",
        "a schedule may invoke any version of the function that it was given, and nothing else",
    ),
    KnownFinding("EventBackbone", "Scheduler/**", f"{_NIST}-IAMNoInlinePolicy", _INLINE),
    KnownFinding("Firewall", "Logs/**", f"{_NIST}-CloudWatchLogGroupEncrypted", _LOG_KEY),
    KnownFinding("Network", "PublicAcl/**", "AwsSolutions-VPC3", _ACLS),
    KnownFinding("Network", "PrivateAcl/**", "AwsSolutions-VPC3", _ACLS),
    KnownFinding("Network", "FlowLogs/**", f"{_NIST}-CloudWatchLogGroupEncrypted", _LOG_KEY),
    KnownFinding(
        "Network",
        "Default/PublicSubnet**/DefaultRoute",
        f"{_NIST}-VPCNoUnrestrictedRouteToIGW",
        "a route to the internet is what makes a subnet public; NAT gateways live there",
    ),
    KnownFinding("Network", "Default/Traffic/IAMRole/**", f"{_NIST}-IAMNoInlinePolicy", _INLINE),
    KnownFinding("Observability", "**", f"{_NIST}-CloudWatchLogGroupEncrypted", _LOG_KEY),
    KnownFinding("Observability", "Undelivered/**", "AwsSolutions-SQS3", _END_OF_LINE),
    KnownFinding("Observability", "Undelivered/**", "Serverless-SQSRedrivePolicy", _END_OF_LINE),
    KnownFinding(
        "PythonFunction",
        "Role/DefaultPolicy/**",
        "AwsSolutions-IAM5[Resource::*]",
        "X-Ray, and network interfaces in a VPC, know no resources to name",
    ),
    KnownFinding("PythonFunction", "Role/DefaultPolicy/**", f"{_NIST}-IAMNoInlinePolicy", _INLINE),
    KnownFinding("PythonFunction", "DeadLetters/**", "Serverless-SQSRedrivePolicy", _END_OF_LINE),
    KnownFinding("PythonFunction", "Failures/**", "Serverless-SQSRedrivePolicy", _END_OF_LINE),
    KnownFinding("PythonFunction", "Failures/**", "AwsSolutions-SQS3", _END_OF_LINE),
    KnownFinding("PythonFunction", "Logs/**", f"{_NIST}-CloudWatchLogGroupEncrypted", _LOG_KEY),
    KnownFinding(
        "PythonFunction",
        "Default/**",
        f"{_NIST}-LambdaConcurrency",
        _NO_RESERVE,
    ),
    KnownFinding(
        "PythonFunction",
        "Default/**",
        f"{_NIST}-LambdaInsideVPC",
        _NO_VPC,
    ),
    KnownFinding("RestService", "Default/Default/**", "AwsSolutions-COG4", _OWN_AUTHORIZER),
    KnownFinding(
        "RestService",
        "Default/Default/**",
        "AwsSolutions-APIG4",
        _OPEN,
    ),
    KnownFinding("RestService", "Default/DeploymentStage**", "AwsSolutions-APIG3", _NO_FIREWALL),
    KnownFinding(
        "RestService", "Default/DeploymentStage**", f"{_NIST}-APIGWAssociatedWithWAF", _NO_FIREWALL
    ),
    KnownFinding(
        "RestService",
        "Default/DeploymentStage**",
        f"{_NIST}-APIGWCacheEnabledAndEncrypted",
        _NO_CACHE,
    ),
    KnownFinding(
        "RestService",
        "Default/DeploymentStage**",
        f"{_NIST}-APIGWSSLEnabled",
        "a client certificate is for HTTP backends; functions are invoked through IAM",
    ),
    KnownFinding(
        "RestService",
        "Default/CloudWatchRole/**",
        "AwsSolutions-IAM4[Policy::arn:**AmazonAPIGatewayPushToCloudWatchLogs]",
        "API Gateway documents this policy for the role that an account has for its logs",
    ),
    KnownFinding("RestService", "AccessLog/**", f"{_NIST}-CloudWatchLogGroupEncrypted", _LOG_KEY),
    KnownFinding(
        "RestService", "ExecutionLog/**", f"{_NIST}-CloudWatchLogGroupEncrypted", _LOG_KEY
    ),
    KnownFinding("SecureBucket", "Default/**", "AwsSolutions-S1", _NO_ACCESS_LOGS),
    KnownFinding("SecureBucket", "Default/**", f"{_NIST}-S3BucketLoggingEnabled", _NO_ACCESS_LOGS),
    KnownFinding("SecureBucket", "Default/**", f"{_NIST}-S3BucketReplicationEnabled", _NO_REPLICA),
    KnownFinding(
        "SecureBucket",
        "Default/**",
        f"{_NIST}-S3DefaultEncryptionKMS",
        "S3's own encryption costs nothing; give encryption_key for a key of your own",
    ),
    KnownFinding("WorkQueue", "DeadLetters/**", "Serverless-SQSRedrivePolicy", _END_OF_LINE),
    KnownFinding("AccessTrail", "Default/Resource", "W3005", _ORDER),
    KnownFinding("Network", f"{_CDKS_CLOSER}/Handler", "W3005", _ORDER),
    KnownFinding("PythonFunction", "Default/Resource", "W3005", _ORDER),
    KnownFinding(
        "AccessTrail",
        "Default/**",
        "CKV_AWS_67",
        "a bucket is in one region, and so is what happens in it; management_events are in all",
    ),
    KnownFinding(
        "ApiSecret",
        "Default/**",
        "CKV_AWS_149",
        "Secrets Manager encrypts with a key of its own; give encryption_key for one of yours",
    ),
    KnownFinding("ContentDelivery", "Logs/**", "CKV_AWS_18", _LOGS_OF_LOGS),
    KnownFinding(
        "ContentDelivery",
        "Default/**",
        "CKV_AWS_68",
        "a firewall is a construct of its own and lives in us-east-1; give firewall",
    ),
    KnownFinding(
        "ContentDelivery",
        "Default/**",
        "CKV_AWS_174",
        "CloudFront's own name speaks what CloudFront decides; give domain_names and a certificate",
    ),
    KnownFinding("DnsZone", "QueryLog/**", "CKV_AWS_158", _LOG_KEY),
    KnownFinding("EventBackbone", "DeadLetters/**", "CKV_AWS_27", _QUEUE_KEY),
    KnownFinding("Firewall", "Logs/**", "CKV_AWS_158", _LOG_KEY),
    KnownFinding("Network", "FlowLogs/**", "CKV_AWS_158", _LOG_KEY),
    *(
        KnownFinding("Network", f"{_CDKS_CLOSER}/Handler", id_, _CLOSER)
        for id_ in ("CKV_AWS_115", "CKV_AWS_116", "CKV_AWS_117")
    ),
    KnownFinding("Observability", "**", "CKV_AWS_158", _LOG_KEY),
    KnownFinding("Observability", "Undelivered/**", "CKV_AWS_27", _QUEUE_KEY),
    KnownFinding(
        "PythonFunction",
        "Role/DefaultPolicy/**",
        "CKV_AWS_111",
        "network interfaces in a VPC know no resources to name",
    ),
    KnownFinding("PythonFunction", "Default/**", "CKV_AWS_115", _NO_RESERVE),
    KnownFinding("PythonFunction", "Default/**", "CKV_AWS_117", _NO_VPC),
    KnownFinding("PythonFunction", "Logs/**", "CKV_AWS_158", _LOG_KEY),
    KnownFinding(
        "PythonFunction",
        "Default/**",
        "CKV_AWS_173",
        "Lambda encrypts the environment with a key of its own; give encryption_key for yours",
    ),
    KnownFinding("PythonFunction", "DeadLetters/**", "CKV_AWS_27", _QUEUE_KEY),
    KnownFinding("PythonFunction", "Failures/**", "CKV_AWS_27", _QUEUE_KEY),
    KnownFinding("RestService", "Default/Default/**", "CKV_AWS_59", _OPEN),
    KnownFinding("RestService", "Default/DeploymentStage**", "CKV_AWS_120", _NO_CACHE),
    KnownFinding("RestService", "**Log/**", "CKV_AWS_158", _LOG_KEY),
    KnownFinding("SecureBucket", "Default/**", "CKV_AWS_18", _NO_ACCESS_LOGS),
    KnownFinding("WorkQueue", "**", "CKV_AWS_27", _QUEUE_KEY),
)


def known_findings(scope: IConstruct, *, tool: Tool = "cdk-nag") -> tuple[Acknowledgment, ...]:
    """Return what is known about `scope` and all below it, for `GuardedStage.acknowledge`.

    What other scanners find is returned by their name, for whoever runs them.
    """
    return tuple(
        Acknowledgment(known.id, known.reason, _whole_path(construct, known.path))
        for construct in scope.node.find_all()
        if (kind := kind_of(construct))
        for known in KNOWN_FINDINGS
        if known.construct == kind and known.tool == tool
    )


def _whole_path(construct: IConstruct, path: str) -> str:
    if path.startswith("/"):
        return Stack.of(construct).node.path + path
    return f"{construct.node.path}/{path}"
