"""Work queues and dead-letter queues."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from aws_cdk import Duration, RemovalPolicy, Stack, Token, aws_iam, aws_kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from .alarms import AlarmTarget, add_dead_letter_alarm, add_queue_alarm, function_timeout_s
from .arguments import Wrapper, checked, merge, unwrap
from .errors import ConstructError
from .feature_flags import prepare

__all__ = ["WorkQueue", "make_dead_letters"]

_MAX_RETENTION_DAYS: Final = 14
_SEND: Final = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage")
_CONSUME: Final = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)
_HIGH_THROUGHPUT: Final = {
    "content_based_deduplication": True,
    "deduplication_scope": sqs.DeduplicationScope.MESSAGE_GROUP,
    "fifo_throughput_limit": sqs.FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
}


@checked
class WorkQueue(Construct):
    """A queue whose messages move to `dead_letters` after `attempts` failed attempts.

    `work_s` is the timeout of the function that processes the messages; a message that is being
    processed stays invisible for `visibility_factor` times as long: six, as Lambda recommends, or
    one, so that what a killed function had is soon tried again. A consumer that sends
    dead letters itself, to say why, needs `max_message_bytes` below the limit of SQS, so that the
    reason has room. A `fifo` queue keeps the order of each message group, at high throughput, and
    drops equal messages of five minutes. With a topic there are alarms on old messages and dead
    letters.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        work_s: int = 30,
        visibility_factor: int = 6,
        attempts: int = 3,
        fifo: bool = False,
        queue_name: str | None = None,
        dead_letters_name: str | None = None,
        dead_letters: sqs.IQueue | Wrapper[sqs.IQueue] | None = None,
        max_message_bytes: int | None = None,
        retention_days: int = 4,
        max_age_s: int = 3600,
        encryption_key: aws_kms.IKey | None = None,
        alarm_topic: AlarmTarget | None = None,
        removal_policy: RemovalPolicy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        props: sqs.QueueProps | None = None,
    ) -> None:
        super().__init__(scope, id_)
        prepare(self)
        self._work_s = work_s
        self.encryption_key = encryption_key
        for name in (queue_name, dead_letters_name):
            if name and not Token.is_unresolved(name) and name.endswith(".fifo") is not fifo:
                ending = "must end in .fifo" if fifo else "ends in .fifo, which requires fifo=True"
                raise ConstructError(f"{self.node.path}: queue name {name!r} {ending}")
        if dead_letters and dead_letters_name:
            raise ConstructError(f"{self.node.path}: dead_letters have a name already")
        self.dead_letters = unwrap(dead_letters) or make_dead_letters(
            self,
            "DeadLetters",
            fifo=fifo,
            queue_name=dead_letters_name,
            source_name=queue_name,
            encryption_key=encryption_key,
            removal_policy=removal_policy,
        )
        own = sqs.QueueProps(
            queue_name=queue_name,
            visibility_timeout=Duration.seconds(visibility_factor * work_s),
            retention_period=Duration.days(retention_days),
            max_message_size_bytes=max_message_bytes,
            encryption_master_key=encryption_key,
            fifo=True if fifo else None,
            dead_letter_queue=sqs.DeadLetterQueue(
                queue=self.dead_letters, max_receive_count=attempts
            ),
            removal_policy=removal_policy,
        )
        defaults = {"encryption": _encryption(encryption_key), "enforce_ssl": True}
        self.queue = sqs.Queue(
            self,
            "Default",
            **merge(self, props, own, defaults | (_HIGH_THROUGHPUT if fifo else {})),
        )
        if alarm_topic:
            alarms = Construct(self, "Alarms")
            add_queue_alarm(alarms, self.queue, alarm_topic, max_age_s=max_age_s)
            add_dead_letter_alarm(alarms, self.dead_letters, alarm_topic)

    @property
    def resource(self) -> sqs.IQueue:
        """The queue, so that the construct can stand for it."""
        return self.queue

    def feed(
        self,
        function: lambda_.IFunction | Wrapper[lambda_.IFunction],
        *,
        batch_size: int = 1,
        batching_window_s: int = 0,
        max_concurrency: int | None = None,
        filters: Sequence[Mapping[str, object]] = (),
        props: sources.SqsEventSourceProps | None = None,
    ) -> None:
        """Let `function` process the messages; it reports which messages of a batch failed.

        Each of `filters` is a filter pattern; SQS deletes messages that match none of them.
        """
        function = unwrap(function)
        # An alias has the timeout of its function.
        timeout_s = function_timeout_s(getattr(function, "lambda_", function))
        if timeout_s is not None and timeout_s > self._work_s:
            raise ConstructError(
                f"{self.node.path}: the timeout of {function.node.path} is {timeout_s} s, "
                f"longer than work_s={self._work_s}"
            )
        if self.queue.fifo and batching_window_s:
            raise ConstructError(f"{self.node.path}: a fifo queue has no batching_window_s")
        own = sources.SqsEventSourceProps(
            batch_size=batch_size,
            max_batching_window=Duration.seconds(batching_window_s) if batching_window_s else None,
            max_concurrency=max_concurrency,
            filters=[{"pattern": json.dumps(filter_)} for filter_ in filters] or None,
        )
        defaults = sources.SqsEventSourceProps(report_batch_item_failures=True)
        source = sources.SqsEventSource(self.queue, **merge(self, props, own, defaults))
        function.add_event_source(source)

    def grant_send(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` send messages."""
        return self._grant(grantee, self.queue, _SEND, "kms:Decrypt", "kms:GenerateDataKey")

    def grant_send_dead_letters(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee` send dead letters, with attributes that say why."""
        return self._grant(grantee, self.dead_letters, _SEND, "kms:Decrypt", "kms:GenerateDataKey")

    def grant_consume(self, grantee: aws_iam.IGrantable) -> aws_iam.Grant:
        """Let `grantee`, such as an ECS service, receive, extend and delete messages."""
        return self._grant(grantee, self.queue, _CONSUME, "kms:Decrypt")

    def _grant(
        self,
        grantee: aws_iam.IGrantable,
        queue: sqs.IQueue,
        actions: Sequence[str],
        *key_actions: str,
    ) -> aws_iam.Grant:
        if self.encryption_key:
            self.encryption_key.grant(grantee, *key_actions)
        # The L2's grant on the key has wildcards, which rule packs reject.
        return aws_iam.Grant.add_to_principal_or_resource(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[queue.queue_arn],
            resource=queue,
        )


def make_dead_letters(
    scope: Construct,
    id_: str,
    *,
    removal_policy: RemovalPolicy,
    fifo: bool = False,
    queue_name: str | None = None,
    source_name: str | None = None,
    encryption_key: aws_kms.IKey | None = None,
) -> sqs.Queue:
    """Make a dead-letter queue that keeps messages as long as SQS allows.

    With the name of its source queue, no other queue may use it.
    """
    return sqs.Queue(
        scope,
        id_,
        fifo=True if fifo else None,
        queue_name=queue_name,
        retention_period=Duration.days(_MAX_RETENTION_DAYS),
        enforce_ssl=True,
        encryption=_encryption(encryption_key),
        encryption_master_key=encryption_key,
        redrive_allow_policy=_allow_only(scope, source_name) if source_name else None,
        removal_policy=removal_policy,
    )


def _allow_only(scope: Construct, source_name: str) -> sqs.RedriveAllowPolicy:
    # A reference to the source queue itself would be a cycle.
    arn = Stack.of(scope).format_arn(service="sqs", resource=source_name)
    source = sqs.Queue.from_queue_arn(scope, "Source", arn)
    return sqs.RedriveAllowPolicy(source_queues=[source])


def _encryption(key: aws_kms.IKey | None) -> sqs.QueueEncryption:
    return sqs.QueueEncryption.KMS if key else sqs.QueueEncryption.SQS_MANAGED
