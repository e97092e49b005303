"""A queue of work for a function, where what fails too often waits apart."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy, aws_iam, aws_kms, aws_sns
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .errors import ConstructError
from .kinds import prepare
from .queues import encryption_of, make_dead_letters
from .watches import timeout_of, watch_dead_letters, watch_queue

__all__ = ["WorkQueue"]

_SEND: Final = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")
_VISIBILITY: Final = 6


class WorkQueue(Construct):
    """A queue whose messages are tried `attempts` times and then wait in `dead_letters`.

    A message is hidden for six times `work_s`, the timeout of the function that works on it, as
    Lambda wants it. With a topic there are alarms on messages that wait too long or failed.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        work_s: int = 30,
        attempts: int = 3,
        queue_name: str | None = None,
        retention_days: int = 4,
        max_age_s: int = 3600,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: aws_sns.ITopic | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._work_s = work_s
        self.encryption_key = encryption_key
        self.dead_letters = make_dead_letters(
            self, "DeadLetters", encryption_key=encryption_key, removal_policy=removal_policy
        )
        self.queue = sqs.Queue(
            self,
            "Default",
            queue_name=queue_name,
            visibility_timeout=Duration.seconds(_VISIBILITY * work_s),
            retention_period=Duration.days(retention_days),
            encryption=encryption_of(encryption_key),
            encryption_master_key=encryption_key,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=attempts
            ),
            removal_policy=removal_policy,
        )
        if alarm_topic:
            alarms = Construct(self, "Alarms")
            watch_queue(alarms, self.queue, topic=alarm_topic, max_age_s=max_age_s)
            watch_dead_letters(alarms, self.dead_letters, topic=alarm_topic)

    def feed(
        self,
        function: lambda_.IFunction,
        *,
        batch_size: int = 1,
        batching_window_s: int = 0,
        max_concurrency: int | None = None,
    ) -> None:
        """Let `function` work; of a batch it names those that failed, and only they come again."""
        timeout_s = timeout_of(function)
        if timeout_s is not None and timeout_s > self._work_s:
            raise ConstructError(
                f"{self.node.path}: {function.node.path} may take longer than {self._work_s} s"
            )
        function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=batch_size,
                max_batching_window=(
                    Duration.seconds(batching_window_s) if batching_window_s else None
                ),
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )

    def grant_send(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` put work into the queue."""
        if self.encryption_key:
            self.encryption_key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")
        # By name: the L2's grant on a key holds wildcards, which rule packs rightly question.
        return aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(_SEND),
            resource_arns=[self.queue.queue_arn],
            resource=self.queue,
        )
