"""What becomes of a resource when it leaves its stack."""

from aws_cdk import RemovalPolicy

from ..settings import StageSettings

__all__ = ["removal_policy"]


def removal_policy(settings: StageSettings) -> RemovalPolicy:
    """Return that it stays in a stage that retains, and goes in the others."""
    return RemovalPolicy.RETAIN if settings.retain else RemovalPolicy.DESTROY
