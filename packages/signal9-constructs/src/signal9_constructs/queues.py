"""Queues for what failed: encrypted, over TLS, kept as long as SQS can."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy, aws_kms
from aws_cdk import aws_sqs as sqs
from constructs import Construct

__all__ = ["encryption_of", "make_dead_letters"]

_DAYS: Final = 14


def encryption_of(key: aws_kms.IKey | None) -> sqs.QueueEncryption:
    """Return how a queue is encrypted: with `key`, else by SQS itself."""
    return sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED


def make_dead_letters(
    scope: Construct,
    id_: str,
    *,
    removal_policy: RemovalPolicy,
    encryption_key: aws_kms.IKey | None = None,
) -> sqs.Queue:
    """Make a dead-letter queue; SQS encrypts it itself unless there is a key."""
    return sqs.Queue(
        scope,
        id_,
        retention_period=Duration.days(_DAYS),
        enforce_ssl=True,
        encryption=encryption_of(encryption_key),
        encryption_master_key=encryption_key,
        removal_policy=removal_policy,
    )
