"""Names that people and programs outside know, and that therefore do not change."""

from .settings import StageSettings

__all__ = [
    "access_log_name",
    "bucket_name",
    "bus_name",
    "firewall_name",
    "stack_name",
    "table_prefix",
]


def stack_name(settings: StageSettings, part: str) -> str:
    """Return what a stack is called in CloudFormation."""
    return f"{settings.title}-{part}"


def table_prefix(settings: StageSettings) -> str:
    """Return what the names of a stage's tables begin with."""
    return f"signal9-{settings.stage}-"


def bucket_name(settings: StageSettings, kind: str, account: str) -> str:
    """Return a bucket's name, with the account, since all the world shares these names."""
    return f"signal9-{kind}-{settings.stage}-{account}"


def bus_name(settings: StageSettings) -> str:
    """Return the name of the bus that all events of a stage go over."""
    return f"signal9-events-{settings.stage}"


def access_log_name(settings: StageSettings) -> str:
    """Return the log group of who asked the API for what."""
    return f"/aws/apigateway/signal9-{settings.stage}"


def firewall_name(settings: StageSettings, place: str) -> str:
    """Return what a firewall is called."""
    return f"signal9-{settings.stage}-{place}"
