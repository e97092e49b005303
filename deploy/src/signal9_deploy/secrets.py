"""The secrets by the name that a stage's functions know them by."""

from typing import Final, NamedTuple

__all__ = ["CURSORS", "SECRETS", "SecretSpec", "secret_name"]


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
"""What people put in, and is kept."""

CURSORS: Final = SecretSpec("cursors", ("key",), "The key that signs the API's cursors")
"""What nobody needs to know: it is random from the start, and renewed every month."""


def secret_name(name: str, stage: str) -> str:
    """Return what a secret is called in Secrets Manager."""
    return f"signal9/{name}/{stage}"
