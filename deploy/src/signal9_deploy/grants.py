"""What a function may do with a table: exactly what the store calls, on exactly what it uses."""

from typing import Final

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam

from .functions import Use

__all__ = ["grant_use"]

_READ: Final = ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query")
_WRITE: Final = ("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PutItem")


def grant_use(grantee: aws_iam.IGrantable, use: Use, table: dynamodb.ITable) -> None:
    """Let `grantee` use `table` as it says; indexes can only be queried."""
    aws_iam.Grant.add_to_principal(
        grantee=grantee,
        actions=[*_READ, *(_WRITE if use.writes else ())],
        resource_arns=[table.table_arn],
    )
    if use.indexes:
        aws_iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["dynamodb:Query"],
            resource_arns=[f"{table.table_arn}/index/{index.name}" for index in use.indexes],
        )
