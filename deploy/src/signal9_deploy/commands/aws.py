"""The AWS calls of deployment, through boto3, with errors as one line."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

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

__all__ = ["Account"]

_BOOTSTRAP: Final = "/cdk-bootstrap/hnb659fds/version"
_EXPIRED: Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_WRONG: Final = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
_MAX_INVOCATION_S: Final = 900


class Account:
    """An account in one region, on AWS or on an emulator."""

    def __init__(self, region: str, variables: Mapping[str, str] | None = None) -> None:
        variables = variables or {}
        self._region = region
        self._endpoint = variables.get("AWS_ENDPOINT_URL")
        with _aws_errors("credentials"):
            self._session = boto3.Session(
                aws_access_key_id=variables.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=variables.get("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=variables.get("AWS_SESSION_TOKEN"),
                region_name=region,
            )

    def number(self) -> str:
        """Return the account number of the credentials."""
        with _aws_errors("credentials"):
            return str(self._client("sts").get_caller_identity()["Account"])

    def bootstrapped(self, region: str | None = None) -> bool:
        """Return whether the CDK is bootstrapped in this account and region."""
        with _aws_errors("bootstrap"):
            try:
                self._client("ssm", region).get_parameter(Name=_BOOTSTRAP)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ParameterNotFound":
                    return False
                raise
        return True

    def zone_name(self, zone_id: str) -> str:
        """Return the name of a hosted zone."""
        with _aws_errors(f"hosted zone {zone_id}"):
            response = self._client("route53").get_hosted_zone(Id=zone_id)
        return str(response["HostedZone"]["Name"]).rstrip(".")

    def quota(self, service: str, code: str) -> float:
        """Return a service quota of this account."""
        with _aws_errors("quotas"):
            response = self._client("service-quotas").get_service_quota(
                ServiceCode=service, QuotaCode=code
            )
        return float(response["Quota"]["Value"])

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of a deployed stack."""
        with _aws_errors(f"stack {stack}"):
            response = self._client("cloudformation").describe_stacks(StackName=stack)
        outputs = response["Stacks"][0].get("Outputs", ())
        return {output["OutputKey"]: output["OutputValue"] for output in outputs}

    def unprotect(self, stack: str) -> None:
        """Turn off a stack's termination protection, if the stack exists."""
        client = self._client("cloudformation")
        with _aws_errors(f"stack {stack}"):
            try:
                client.update_termination_protection(
                    StackName=stack, EnableTerminationProtection=False
                )
            except ClientError as error:
                if error.response["Error"]["Code"] != "ValidationError":
                    raise

    def is_empty(self, table: str) -> bool:
        """Return whether a table has no items."""
        with _aws_errors(f"table {table}"):
            response = self._client("dynamodb").scan(TableName=table, Limit=1, Select="COUNT")
        return not response["Count"]

    def invoke(self, function: str) -> None:
        """Run a function and raise its error, if any, as a `DeployError`."""
        with _aws_errors(f"function {function}"):
            response = self._client("lambda").invoke(FunctionName=function, Payload=b"{}")
        if response.get("FunctionError"):
            payload = json.loads(response["Payload"].read())
            raise DeployError(f"function {function}: {payload.get('errorMessage', payload)}")

    def put_secret(self, name: str, fields: Mapping[str, str]) -> None:
        """Set a secret's value."""
        with _aws_errors(f"secret {name}"):
            self._client("secretsmanager").put_secret_value(
                SecretId=name, SecretString=json.dumps(dict(fields))
            )

    def _client(self, service: str, region: str | None = None) -> Any:
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=_MAX_INVOCATION_S if service == "lambda" else 30,
        )
        return self._session.client(  # type: ignore[call-overload]  # any service
            service, region_name=region or self._region, endpoint_url=self._endpoint, config=config
        )


@contextmanager
def _aws_errors(subject: str) -> Iterator[None]:
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
