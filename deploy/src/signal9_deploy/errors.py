"""Errors of deployment, whose messages are one line with a remedy."""

__all__ = ["DeployError", "FunctionError", "StageError"]


class DeployError(Exception):
    """A deployment cannot continue; the message names the cause and a remedy."""


class StageError(DeployError):
    """A stage file, or a variable that overrides it, is invalid."""


class FunctionError(DeployError):
    """A function that was invoked has failed."""
