"""What the rule packs find in our own stacks, and why it is accepted."""

from typing import Final

from signal9_constructs import Acknowledgment

__all__ = ["ACKNOWLEDGMENTS"]

_END_OF_LINE: Final = "a dead-letter queue is the end of the line and has none of its own"

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
