"""The AWS calls of deployment, through boto3, with errors as one line."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, cast

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

from ..errors import DeployError
from ..settings import EDGE_REGION

__all__ = ["Account", "StackResource", "aws_errors"]

_QUALIFIER: Final = "hnb659fds"
_BOOTSTRAP: Final = f"/cdk-bootstrap/{_QUALIFIER}/version"
_POLL_S: Final = 5
_MOST_POLLS: Final = 720
_EXPIRED: Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_WRONG: Final = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
_FAILED_CREATION: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
_MAX_INVOCATION_S: Final = 900
_TABLE: Final = "AWS::DynamoDB::GlobalTable"


class StackResource(NamedTuple):
    """A resource of a deployed stack, and whether it stays when the stack is deleted."""

    type: str
    name: str
    exists: bool
    retained: bool


class Account:
    """An account in one region, on AWS or on an emulator."""

    def __init__(self, region: str, variables: Mapping[str, str] | None = None) -> None:
        variables = variables or {}
        self._variables = variables
        self._region = region
        self.endpoint = variables.get("AWS_ENDPOINT_URL")
        with aws_errors("credentials"):
            self._session = boto3.Session(
                aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=variables.get("AWS_SESSION_TOKEN"),
                region_name=region,
            )

    def in_region(self, region: str) -> "Account":
        """Return the same account in another region."""
        return Account(region, self._variables)

    def number(self) -> str:
        """Return the account number of the credentials."""
        with aws_errors("credentials"):
            return str(self.client("sts").get_caller_identity()["Account"])

    def bootstrapped(self, region: str | None = None) -> bool:
        """Return whether the CDK is bootstrapped in this account and region."""
        with aws_errors("bootstrap"):
            try:
                self.client("ssm", region).get_parameter(Name=_BOOTSTRAP)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ParameterNotFound":
                    return False
                raise
        return True

    def zone_name(self, zone_id: str) -> str:
        """Return the name of a hosted zone."""
        with aws_errors(f"hosted zone {zone_id}"):
            response = self.client("route53").get_hosted_zone(Id=zone_id)
        return str(response["HostedZone"]["Name"]).rstrip(".")

    def prefix_lists(self) -> dict[str, str]:
        """Return the ids of the region's prefix lists of DynamoDB and S3."""
        prefix = f"com.amazonaws.{self._region}."
        names = [f"{prefix}{service}" for service in ("dynamodb", "s3")]
        with aws_errors("prefix lists"):
            response = self.client("ec2").describe_managed_prefix_lists(
                Filters=[{"Name": "prefix-list-name", "Values": names}]
            )
        return {
            found["PrefixListName"].removeprefix(prefix): found["PrefixListId"]
            for found in response["PrefixLists"]
        }

    def log_role(self) -> str | None:
        """Return the role with which the region's APIs write logs, if the account has one."""
        with aws_errors("API Gateway"):
            return self.client("apigateway").get_account().get("cloudwatchRoleArn") or None

    def trusts(self, host: str) -> bool:
        """Return whether the account has an OIDC provider for the tokens of a host."""
        with aws_errors("OIDC providers"):
            response = self.client("iam").list_open_id_connect_providers()
        providers = (provider["Arn"] for provider in response["OpenIDConnectProviderList"])
        return any(arn.endswith(f":oidc-provider/{host}") for arn in providers)

    def quota(self, service: str, code: str) -> float:
        """Return a service quota of this account."""
        with aws_errors("quotas"):
            response = self.client("service-quotas").get_service_quota(
                ServiceCode=service, QuotaCode=code
            )
        return float(response["Quota"]["Value"])

    def is_cost_tag(self, key: str) -> bool:
        """Return whether the account's costs are told apart by a tag."""
        with aws_errors(f"cost allocation tag {key}"):
            response = self.client("ce", EDGE_REGION).list_cost_allocation_tags(
                TagKeys=[key], Status="Active"
            )
        return bool(response["CostAllocationTags"])

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of a stack, none if it is not deployed."""
        outputs = (self._stack(stack) or {}).get("Outputs", ())
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def unprotect(self, stack: str) -> None:
        """Turn off a stack's termination protection, if the stack exists."""
        if self._stack(stack):
            with aws_errors(f"stack {stack}"):
                self.client("cloudformation").update_termination_protection(
                    StackName=stack, EnableTerminationProtection=False
                )

    def release_failed(self, stack: str) -> None:
        """Let the CDK delete a stack whose creation failed, with what its rollback left."""
        if (self._stack(stack) or {}).get("StackStatus") not in _FAILED_CREATION:
            return
        self.unprotect(stack)
        for resource in self.resources(stack):
            if resource.type == _TABLE and resource.exists:
                with aws_errors(f"table {resource.name}"):
                    self.client("dynamodb").update_table(
                        TableName=resource.name, DeletionProtectionEnabled=False
                    )

    def resources(self, stack: str) -> list[StackResource]:
        """Return the resources of a stack, none if it is not deployed."""
        if self._stack(stack) is None:
            return []
        policies = {
            logical: resource.get("DeletionPolicy", "Delete")
            for logical, resource in self.template(stack).get("Resources", {}).items()
        }
        with aws_errors(f"stack {stack}"):
            pages = self.client("cloudformation").get_paginator("list_stack_resources")
            return [
                StackResource(
                    found["ResourceType"],
                    found.get("PhysicalResourceId", ""),
                    exists=found["ResourceStatus"] != "DELETE_COMPLETE",
                    retained=policies.get(found["LogicalResourceId"], "").startswith("Retain"),
                )
                for page in pages.paginate(StackName=stack)
                for found in page["StackResourceSummaries"]
            ]

    def template(self, stack: str) -> Mapping[str, Any]:
        """Return the template of a stack, an empty one if it is not deployed."""
        if self._stack(stack) is None:
            return {}
        with aws_errors(f"stack {stack}"):
            body = self.client("cloudformation").get_template(StackName=stack)["TemplateBody"]
        return body if isinstance(body, dict) else cast("dict[str, Any]", json.loads(body))

    def update_stack(self, stack: str, template: Mapping[str, Any]) -> None:
        """Deploy a template with the stack's own parameters, tags and role, and wait for it."""
        bucket = f"cdk-{_QUALIFIER}-assets-{self.number()}-{self._region}"
        key = f"rollback/{stack}.json"
        known = {
            found["ParameterKey"] for found in (self._stack(stack) or {}).get("Parameters", ())
        }
        client = self.client("cloudformation")
        with aws_errors(f"stack {stack}"):
            self.client("s3").put_object(Bucket=bucket, Key=key, Body=json.dumps(template).encode())
            client.update_stack(
                StackName=stack,
                TemplateURL=f"{self.endpoint or f'https://s3.{self._region}.amazonaws.com'}/{bucket}/{key}",
                Capabilities=["CAPABILITY_NAMED_IAM"],
                Parameters=[
                    {"ParameterKey": name, "UsePreviousValue": True}
                    for name in sorted(known & template.get("Parameters", {}).keys())
                ],
            )
            client.get_waiter("stack_update_complete").wait(
                StackName=stack, WaiterConfig={"Delay": _POLL_S, "MaxAttempts": _MOST_POLLS}
            )

    def empty_bucket(self, name: str) -> None:
        """Delete all versions of all objects of a bucket."""
        client = self.client("s3")
        with aws_errors(f"bucket {name}"):
            for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
                versions = [
                    {"Key": version["Key"], "VersionId": version["VersionId"]}
                    for kind in ("Versions", "DeleteMarkers")
                    for version in page.get(kind, ())
                ]
                if versions:
                    wanted = {"Objects": versions, "Quiet": True}
                    refused = client.delete_objects(Bucket=name, Delete=wanted).get("Errors")
                    if refused:
                        raise DeployError(f"bucket {name}: {refused[0]['Message']}")

    def confirmed(self, topic: str) -> dict[str, bool]:
        """Return the addresses that a topic sends mail to, and which have confirmed."""
        with aws_errors(f"topic {topic}"):
            pages = self.client("sns").get_paginator("list_subscriptions_by_topic")
            return {
                found["Endpoint"]: found["SubscriptionArn"].startswith("arn:")
                for page in pages.paginate(TopicArn=topic)
                for found in page["Subscriptions"]
                if found["Protocol"] == "email"
            }

    def _stack(self, name: str) -> Mapping[str, Any] | None:
        with aws_errors(f"stack {name}"):
            try:
                response = self.client("cloudformation").describe_stacks(StackName=name)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ValidationError":
                    return None
                raise
        return cast("Mapping[str, Any]", response["Stacks"][0])

    def is_empty(self, table: str) -> bool:
        """Return whether a table has no items."""
        with aws_errors(f"table {table}"):
            response = self.client("dynamodb").scan(TableName=table, Limit=1, Select="COUNT")
        return not response["Count"]

    def invoke(
        self,
        function: str,
        event: Mapping[str, object] | None = None,
        *,
        alias: str | None = None,
    ) -> Any:
        """Run a function and return its answer; its error, if any, is a `DeployError`."""
        qualifier = {} if alias is None else {"Qualifier": alias}
        with aws_errors(f"function {function}"):
            response = self.client("lambda").invoke(
                FunctionName=function, Payload=json.dumps(event or {}).encode(), **qualifier
            )
            payload = json.loads(response["Payload"].read() or b"null")
        if response.get("FunctionError"):
            raise DeployError(f"function {function}: {payload.get('errorMessage', payload)}")
        return payload

    def put_secret(self, name: str, fields: Mapping[str, str]) -> None:
        """Set a secret's value."""
        with aws_errors(f"secret {name}"):
            self.client("secretsmanager").put_secret_value(
                SecretId=name, SecretString=json.dumps(dict(fields))
            )

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of a service in the account."""
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=_MAX_INVOCATION_S if service == "lambda" else 30,
        )
        return self._session.client(  # type: ignore[call-overload]  # any service
            service, region_name=region or self._region, endpoint_url=self.endpoint, config=config
        )


@contextmanager
def aws_errors(subject: str) -> Iterator[None]:
    """Turn boto3's errors into a `DeployError` with a remedy."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise DeployError(f"{subject}: {error}; `aws sso login`, or set AWS_PROFILE") from error
    except (CredentialRetrievalError, TokenRetrievalError) as error:
        raise DeployError(f"{subject}: {error}; `aws sso login` renews them") from error
    except ClientError as error:
        raise DeployError(f"{subject}: {_describe(error)}") from error
    except BotoCoreError as error:
        raise DeployError(f"{subject}: {error}") from error


def _describe(error: ClientError) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in _EXPIRED:
        return "the credentials have expired: `aws sso login` renews them"
    if code in _WRONG:
        return "AWS rejects these credentials: check AWS_PROFILE"
    return f"{message} ({code})"
