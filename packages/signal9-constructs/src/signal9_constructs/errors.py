"""The error that constructs raise for arguments that cannot be deployed, and shared checks."""

from collections.abc import Mapping
from typing import Final, TypeVar

from aws_cdk import Stack, Token
from constructs import Construct

__all__ = ["US_EAST_1", "ConstructError", "choose", "require_us_east_1"]

_T = TypeVar("_T")

US_EAST_1: Final = "us-east-1"


class ConstructError(ValueError):
    """An invalid argument, found at synthesis; the message names the construct and the value."""


def choose(options: Mapping[str, _T], argument: str, value: str) -> _T:
    """Return the option that the value of an argument names."""
    if value not in options:
        raise ConstructError(f"{argument} {value!r}: must be one of {sorted(options)}")
    return options[value]


def require_us_east_1(scope: Construct, subject: str) -> None:
    """Refuse a stack in any other region, for what AWS offers in us-east-1 only."""
    region = Stack.of(scope).region
    if not Token.is_unresolved(region) and region != US_EAST_1:
        raise ConstructError(f"{scope.node.path}: {subject} must be in {US_EAST_1}, not {region}")
