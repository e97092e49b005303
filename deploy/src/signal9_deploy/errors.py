"""What deployment refuses, in one line that says what to do."""

__all__ = ["DeployError", "StageError"]


class DeployError(Exception):
    """A deployment cannot go on; the message names the cause and its remedy."""


class StageError(DeployError):
    """A stage file, or a variable that overrides it, is wrong."""
