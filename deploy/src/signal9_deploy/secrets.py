"""The secrets by the name that a stage's functions know them by."""

from typing import Final, NamedTuple

__all__ = ["SECRETS", "SecretSpec", "secret_name"]


class SecretSpec(NamedTuple):
    """Whose keys a secret holds, and its fields."""

    name: str
    fields: tuple[str, ...]
    description: str


SECRETS: Final = (
    SecretSpec("alphavantage", ("apiKey",), "The key for AlphaVantage"),
    SecretSpec("alpaca", ("apiKey", "secretKey"), "The keys for Alpaca"),
    SecretSpec("auth0", ("domain", "audience", "clientId", "clientSecret"), "The tenant at Auth0"),
)


def secret_name(name: str, stage: str) -> str:
    """Return what a secret is called in Secrets Manager."""
    return f"signal9/{name}/{stage}"
