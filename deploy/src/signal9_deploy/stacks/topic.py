"""Who is told of trouble: a topic below all stacks, so that each may tell it."""

from aws_cdk import Duration, Stack, aws_iam, aws_kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from ..settings import StageSettings
from .removal import removal_policy

__all__ = ["AlarmTopic"]


class AlarmTopic(Construct):
    """An encrypted topic that CloudWatch may use, and the people who listen to it."""

    def __init__(self, scope: Construct, id_: str, *, settings: StageSettings) -> None:
        super().__init__(scope, id_)
        policy = removal_policy(settings)
        key = aws_kms.Key(self, "Key", enable_key_rotation=True, removal_policy=policy)
        # The key that AWS manages for SNS does not let CloudWatch in: alarms would say nothing.
        for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com"):
            key.grant_encrypt_decrypt(aws_iam.ServicePrincipal(service))
        self.topic = sns.Topic(self, "Default", master_key=key, enforce_ssl=True)
        self._let_alarms_in()
        if settings.recipients:
            undelivered = sqs.Queue(
                self,
                "Undelivered",
                retention_period=Duration.days(14),
                enforce_ssl=True,
                encryption=sqs.QueueEncryption.SQS_MANAGED,
                removal_policy=policy,
            )
            for address in settings.recipients:
                self.topic.add_subscription(
                    subscriptions.EmailSubscription(address, dead_letter_queue=undelivered)
                )

    def _let_alarms_in(self) -> None:
        """Let CloudWatch publish: a policy about TLS takes the place of the one that would."""
        self.topic.add_to_resource_policy(
            aws_iam.PolicyStatement(
                sid="Alarms",
                principals=[aws_iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
            )
        )
