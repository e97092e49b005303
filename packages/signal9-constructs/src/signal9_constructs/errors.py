"""What the library refuses, before CloudFormation could."""

__all__ = ["ConstructError"]


class ConstructError(ValueError):
    """An argument that could never deploy; the message says what, where and which value."""
