"""The error that constructs raise for arguments that cannot be deployed."""

__all__ = ["ConstructError"]


class ConstructError(ValueError):
    """An invalid argument, found at synthesis; the message names the construct and the value."""
