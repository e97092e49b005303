"""The edge to boto3: what deployment asks of an account, and its errors in one line each."""

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
_LONGEST_RUN_S: Final = 900


class Account:
    """An account in one region, be it AWS's or an emulator's."""

    def __init__(self, region: str, variables: Mapping[str, str] | None = None) -> None:
        given = dict(variables or {})
        self._region = region
        self._endpoint = given.get("AWS_ENDPOINT_URL")
        with _aws_errors("credentials"):
            self._session = boto3.Session(
                aws_access_key_id=given.get("AWS_ACCESS_KEY_ID"),
                aws_secret_access_key=given.get("AWS_SECRET_ACCESS_KEY"),
                aws_session_token=given.get("AWS_SESSION_TOKEN"),
                region_name=region,
            )

    def number(self) -> str:
        """Return whose account the credentials belong to."""
        with _aws_errors("credentials"):
            return str(self._client("sts").get_caller_identity()["Account"])

    def bootstrapped(self, region: str | None = None) -> bool:
        """Say whether the CDK was told of this account and region."""
        with _aws_errors("bootstrap"):
            try:
                self._client("ssm", region).get_parameter(Name=_BOOTSTRAP)
            except ClientError as error:
                if error.response["Error"]["Code"] == "ParameterNotFound":
                    return False
                raise
        return True

    def zone_name(self, zone_id: str) -> str:
        """Return the name of a DNS zone; there must be one."""
        with _aws_errors(f"hosted zone {zone_id}"):
            found = self._client("route53").get_hosted_zone(Id=zone_id)
        return str(found["HostedZone"]["Name"]).rstrip(".")

    def quota(self, service: str, code: str) -> float:
        """Return how much of something this account may have."""
        with _aws_errors("quotas"):
            found = self._client("service-quotas").get_service_quota(
                ServiceCode=service, QuotaCode=code
            )
        return float(found["Quota"]["Value"])

    def outputs(self, stack: str) -> dict[str, str]:
        """Return the outputs of a stack that is deployed."""
        with _aws_errors(f"stack {stack}"):
            (found,) = self._client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", ())}

    def unprotect(self, stack: str) -> None:
        """Let a stack be deleted, if there is one."""
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
        """Say whether a table holds nothing."""
        with _aws_errors(f"table {table}"):
            found = self._client("dynamodb").scan(TableName=table, Limit=1, Select="COUNT")
        return not found["Count"]

    def invoke(self, function: str) -> None:
        """Run a function to its end; `DeployError` with what it failed of."""
        with _aws_errors(f"function {function}"):
            answer = self._client("lambda").invoke(FunctionName=function, Payload=b"{}")
        if answer.get("FunctionError"):
            told = json.loads(answer["Payload"].read())
            raise DeployError(f"function {function}: {told.get('errorMessage', told)}")

    def put_secret(self, name: str, fields: Mapping[str, str]) -> None:
        """Give a secret its value."""
        with _aws_errors(f"secret {name}"):
            self._client("secretsmanager").put_secret_value(
                SecretId=name, SecretString=json.dumps(dict(fields))
            )

    def _client(self, service: str, region: str | None = None) -> Any:
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=_LONGEST_RUN_S if service == "lambda" else 30,
        )
        return self._session.client(  # type: ignore[call-overload]  # by name, whichever
            service, region_name=region or self._region, endpoint_url=self._endpoint, config=config
        )


@contextmanager
def _aws_errors(what: str) -> Iterator[None]:
    """Turn whatever boto3 raises inside into one line with a remedy."""
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise DeployError(f"{what}: {error}; `aws sso login`, or set AWS_PROFILE") from error
    except (CredentialRetrievalError, TokenRetrievalError) as error:
        raise DeployError(f"{what}: {error}; `aws sso login` renews them") from error
    except ClientError as error:
        raise DeployError(f"{what}: {_told(error)}") from error
    except BotoCoreError as error:
        raise DeployError(f"{what}: {error}") from error


def _told(error: ClientError) -> str:
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    if code in _EXPIRED:
        return "the credentials have expired: `aws sso login` renews them"
    if code in _WRONG:
        return "AWS does not know these credentials: check AWS_PROFILE"
    return f"{message} ({code})"
