"""What the rule packs find in our own stacks, and why it is accepted."""

from typing import Final

from signal9_constructs import Acknowledgment

__all__ = ["ACKNOWLEDGMENTS", "SCANNED"]

_END_OF_LINE: Final = "a dead-letter queue is the end of the line and has none of its own"

_QUEUE_KEY: Final = "SQS encrypts the queue with a key of its own"

ACKNOWLEDGMENTS: Final[tuple[Acknowledgment, ...]] = (
    Acknowledgment("AwsSolutions-SQS3", _END_OF_LINE, "**/Data/Exports/Failed/**"),
    Acknowledgment("Serverless-SQSRedrivePolicy", _END_OF_LINE, "**/Data/Exports/Failed/**"),
    Acknowledgment("AwsSolutions-SQS3", _END_OF_LINE, "**/Data/Alarms/Undelivered/**"),
    Acknowledgment("Serverless-SQSRedrivePolicy", _END_OF_LINE, "**/Data/Alarms/Undelivered/**"),
    Acknowledgment(
        "AwsSolutions-IAM5[Resource::<Backup**.Arn>/*]",
        "DynamoDB chooses the names of the files that it exports",
        "**/Data/Exports/Role/**",
    ),
)
"""For cdk-nag, at synthesis."""

SCANNED: Final[tuple[Acknowledgment, ...]] = (
    Acknowledgment("CKV_AWS_27", _QUEUE_KEY, "**/Data/Exports/Failed/**"),
    Acknowledgment("CKV_AWS_27", _QUEUE_KEY, "**/Data/Alarms/Undelivered/**"),
)
"""For checkov, by `hatch run scan:all`; what constructs are known for comes from themselves."""
