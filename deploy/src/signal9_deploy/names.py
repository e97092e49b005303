"""Names of deployed resources that people and programs rely on, so they never change."""

from typing import Final, NamedTuple

from signal9_core.domain.queues import queue_prefix

from .settings import StageSettings

__all__ = [
    "NAMESPACE",
    "SECRETS",
    "SecretSpec",
    "access_log_name",
    "api_name",
    "bucket_name",
    "bus_name",
    "deployed_secrets",
    "function_name",
    "queue_name",
    "role_name",
    "runbook",
    "secret_name",
    "stack_name",
    "table_prefix",
]


NAMESPACE: Final = "Signal9"
"""The CloudWatch namespace of the metrics that the handlers write."""


class SecretSpec(NamedTuple):
    """A secret and its fields; one that `rotates` is renewed by a function.

    One that `signs_in` is in stages whose canary signs in.
    """

    name: str
    fields: tuple[str, ...]
    description: str
    rotates: bool = False
    signs_in: bool = False


SECRETS: Final = (
    SecretSpec("alphavantage", ("apiKey",), "The key for AlphaVantage"),
    SecretSpec("alpaca", ("apiKey", "secretKey"), "The keys for Alpaca"),
    SecretSpec(
        "auth0",
        ("domain", "audience", "clientId", "clientSecret"),
        "The tenant at Auth0",
        rotates=True,
    ),
    SecretSpec(
        "canary",
        ("tokenUrl", "audience", "clientId", "clientSecret"),
        "The client with which the canary signs in",
        signs_in=True,
    ),
)
"""The secrets whose values people set."""


def deployed_secrets(settings: StageSettings) -> list[SecretSpec]:
    """Return the secrets that a stage has."""
    return [spec for spec in SECRETS if settings.canary.sign_in or not spec.signs_in]


def secret_name(name: str, stage: str) -> str:
    """Return a secret's name in Secrets Manager."""
    return f"signal9/{name}/{stage}"


def stack_name(settings: StageSettings, part: str) -> str:
    """Return a stack's name in CloudFormation."""
    return f"{settings.title}-{part}"


def function_name(settings: StageSettings, name: str) -> str:
    """Return a function's name in Lambda."""
    return f"signal9-{settings.stage}-{name}"


def queue_name(settings: StageSettings, name: str) -> str:
    """Return a queue's name in SQS."""
    return f"{queue_prefix(settings.stage)}{name}"


def role_name(settings: StageSettings, purpose: str) -> str:
    """Return the name of a role that the stage's pipeline assumes."""
    return f"signal9-{settings.stage}-{purpose}"


def table_prefix(settings: StageSettings) -> str:
    """Return the prefix of the names of a stage's tables."""
    return f"signal9-{settings.stage}-"


def bucket_name(settings: StageSettings, kind: str, account: str) -> str:
    """Return a bucket's name, with the account because bucket names are global."""
    return f"signal9-{kind}-{settings.stage}-{account}"


def bus_name(settings: StageSettings) -> str:
    """Return the name of a stage's event bus."""
    return f"signal9-events-{settings.stage}"


def api_name(settings: StageSettings) -> str:
    """Return the name of a stage's API, by which CloudWatch tells the metrics of APIs apart."""
    return "Signal9 API" if settings.stage == "prod" else f"Signal9 API {settings.stage}"


def access_log_name(settings: StageSettings) -> str:
    """Return the name of the API's access log group."""
    return f"/aws/apigateway/signal9-{settings.stage}"


def runbook(settings: StageSettings, entry: str) -> str:
    """Return where it is written what to do about an alarm."""
    return f"{settings.runbooks}#{entry}"
