"""The error that constructs raise for arguments that cannot be deployed, and a shared check."""

from typing import Final

from aws_cdk import Stack, Token
from constructs import Construct

__all__ = ["US_EAST_1", "ConstructError", "require_us_east_1"]

US_EAST_1: Final = "us-east-1"


class ConstructError(ValueError):
    """An invalid argument, found at synthesis; the message names the construct and the value."""


def require_us_east_1(scope: Construct, subject: str) -> None:
    """Refuse a stack in any other region, for what AWS offers in us-east-1 only."""
    region = Stack.of(scope).region
    if not Token.is_unresolved(region) and region != US_EAST_1:
        raise ConstructError(f"{scope.node.path}: {subject} must be in {US_EAST_1}, not {region}")
