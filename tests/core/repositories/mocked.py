"""DynamoDB, as moto plays it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from moto import mock_aws

from signal9_core.aws import aws_client
from signal9_core.stores.dynamodb import DynamoStore
from tests.core.stores.dynamodb_tables import TablesOnDemand
from tests.fakes import SetClock

__all__ = ["on_dynamodb"]


@contextmanager
def on_dynamodb() -> Iterator[DynamoStore]:
    """Open an empty store."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        client = aws_client("dynamodb", region="us-east-1")
        yield DynamoStore(client, TablesOnDemand(client, uuid4().hex), clock=SetClock())
