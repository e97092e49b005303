# ruff: noqa: INP001 - deployed as it is, never imported here
"""Runs in Lambda, once a day: says how many days old a secret's value is, as a metric.

It is deployed as text, so it imports only what Lambda's own Python has.
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
