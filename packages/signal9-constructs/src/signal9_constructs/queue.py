"""Work queues and dead-letter queues."""

from typing import Final

from aws_cdk import Duration, RemovalPolicy, aws_iam, aws_kms, aws_sns
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .alarms import add_dead_letter_alarm, add_queue_alarm, function_timeout_s
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError
from .feature_flags import prepare

__all__ = ["WorkQueue", "make_dead_letters"]

_MAX_RETENTION_DAYS: Final = 14
_SEND: Final = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")


@checked
class WorkQueue(Construct):
    """A queue whose messages move to `dead_letters` after `attempts` failed attempts.

    `work_s` is the timeout of the function that processes the messages; a message that is being
    processed stays invisible for `visibility_factor` times as long: six, as Lambda recommends, or
    one, so that what a killed function had is soon tried again. A consumer that sends
    dead letters itself, to say why, needs `max_message_bytes` below the limit of SQS, so that the
    reason has room. With a topic there are alarms on old messages and dead letters.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        work_s: int = 30,
        visibility_factor: int = 6,
        attempts: int = 3,
        queue_name: str | None = None,
        dead_letters_name: str | None = None,
        max_message_bytes: int | None = None,
        retention_days: int = 4,
        max_age_s: int = 3600,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: aws_sns.ITopic | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: sqs.QueueProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._work_s = work_s
        self.encryption_key = encryption_key
        self.dead_letters = make_dead_letters(
            self,
            "DeadLetters",
            queue_name=dead_letters_name,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
        )
        own = sqs.QueueProps(
            queue_name=queue_name,
            visibility_timeout=Duration.seconds(visibility_factor * work_s),
            retention_period=Duration.days(retention_days),
            max_message_size_bytes=max_message_bytes,
            encryption_master_key=encryption_key,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=attempts
            ),
            removal_policy=removal_policy,
        )
        defaults = sqs.QueueProps(encryption=_encryption(encryption_key), enforce_ssl=True)
        self.queue = sqs.Queue(self, "Default", **merge(self, props, own, defaults))
        if alarm_topic:
            alarms = Construct(self, "Alarms")
            add_queue_alarm(alarms, self.queue, alarm_topic, max_age_s=max_age_s)
            add_dead_letter_alarm(alarms, self.dead_letters, alarm_topic)

    def feed(
        self,
        function: lambda_.IFunction | Wrapper[lambda_.IFunction],
        *,
        batch_size: int = 1,
        batching_window_s: int = 0,
        max_concurrency: int | None = None,
    ) -> None:
        """Let `function` process the messages; it reports which messages of a batch failed."""
        function = unwrap(function)
        # An alias has the timeout of its function.
        timeout_s = function_timeout_s(getattr(function, "lambda_", function))
        if timeout_s is not None and timeout_s > self._work_s:
            raise ConstructError(
                f"{self.node.path}: the timeout of {function.node.path} is {timeout_s} s, "
                f"longer than work_s={self._work_s}"
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

    @property
    def resource(self) -> sqs.IQueue:
        """The queue, so that the construct can stand for it."""
        return self.queue

    def grant_send(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` send messages."""
        return self._grant_send(grantee, self.queue)

    def grant_send_dead_letters(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` send dead letters, with attributes that say why."""
        return self._grant_send(grantee, self.dead_letters)

    def _grant_send(self, grantee: aws_iam.IGrantable, queue: sqs.Queue) -> aws_iam.Grant:
        if self.encryption_key:
            self.encryption_key.grant(grantee, "kms:Decrypt", "kms:GenerateDataKey")
        # The L2's grant on the key has wildcards, which rule packs reject.
        return aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(_SEND),
            resource_arns=[queue.queue_arn],
            resource=queue,
        )


def make_dead_letters(
    scope: Construct,
    id_: str,
    *,
    removal_policy: RemovalPolicy,
    queue_name: str | None = None,
    encryption_key: aws_kms.IKey | None = None,
) -> sqs.Queue:
    """Make a dead-letter queue that keeps messages as long as SQS allows."""
    return sqs.Queue(
        scope,
        id_,
        queue_name=queue_name,
        retention_period=Duration.days(_MAX_RETENTION_DAYS),
        enforce_ssl=True,
        encryption=_encryption(encryption_key),
        encryption_master_key=encryption_key,
        removal_policy=removal_policy,
    )


def _encryption(key: aws_kms.IKey | None) -> sqs.QueueEncryption:
    return sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED
