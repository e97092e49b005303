# ruff: noqa: INP001 - deployed as a file, never imported
"""A Lambda function that writes the age in days of a secret's value as a metric.

It is deployed inline, so it imports only what the Lambda runtime has.
"""

import json
import os
import sys
import time

import boto3


def handler(_event: object, _context: object) -> None:
    """Write the age in CloudWatch's embedded metric format, which needs no permission."""
    name = os.environ["SECRET_NAME"]
    secret = boto3.client("secretsmanager").describe_secret(SecretId=os.environ["SECRET_ARN"])
    changed = secret.get("LastChangedDate") or secret["CreatedDate"]
    now = time.time()
    metrics = {
        "Namespace": os.environ["NAMESPACE"],
        "Dimensions": [["SecretName"]],
        "Metrics": [{"Name": "SecretAge", "Unit": "Count"}],
    }
    record = {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [metrics]},
        "SecretName": name,
        "SecretAge": (now - changed.timestamp()) / 86400,
    }
    sys.stdout.write(json.dumps(record) + "\n")
