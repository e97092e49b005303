"""Arguments: wrong kinds are refused before anything is made, in words of Python."""

import inspect
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final, get_type_hints

import pytest
from aws_cdk import App, Duration, Fn, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Annotations, Match, Template
from constructs import Construct

import signal9_constructs
from signal9_constructs import (
    AccessTrail,
    ApiSecret,
    ConstructError,
    EventBackbone,
    Observability,
    PythonFunction,
    Route,
    UsagePlan,
    WorkQueue,
)
from signal9_constructs.policies import POLICY_WARNING
from tests.constructs.lab import ENV, only

ARN: Final = "arn:aws:{}:us-east-1:123456789012:{}"
CODE: Final = lambda_.Code.from_inline("def handler(event, context): pass")


class Foreign:
    """What no construct knows."""


def _public() -> dict[str, type]:
    exported = {name: getattr(signal9_constructs, name) for name in signal9_constructs.__all__}
    constructs = {
        name: each
        for name, each in exported.items()
        if isinstance(each, type) and issubclass(each, Construct)
    }
    return constructs | {"Route": Route, "UsagePlan": UsagePlan}


PUBLIC: Final = _public()


@pytest.fixture(scope="module")
def bucket() -> s3.IBucket:
    return s3.Bucket.from_bucket_name(Stack(App(), "Elsewhere"), "Photos", "photos")


def _wrong(bucket: s3.IBucket, kind: object) -> Iterator[object]:
    """Yield values that an argument of a kind must refuse."""
    said = str(kind)
    yield from (Foreign(), -1, Fn.get_att("Elsewhere", "Arn"))
    if not any(name in said for name in ("'str'", "Literal", "str")):
        yield "text"
    if not any(name in said for name in ("IBucket", "Construct")):
        yield bucket


def _parameters(call: Callable[..., object]) -> Iterator[tuple[inspect.Parameter, object]]:
    function = call.__init__ if isinstance(call, type) else call  # type: ignore[misc]
    kinds = get_type_hints(inspect.unwrap(function))
    for name, parameter in inspect.signature(call).parameters.items():
        kind = kinds.get(name, object)
        if kind not in (object, Any) and parameter.kind is not parameter.VAR_KEYWORD:
            yield parameter, kind


def _refused(call: Callable[..., object], parameter: inspect.Parameter, value: object) -> bool:
    """Whether a call names the argument that it refuses, whatever else is wrong."""
    signature = inspect.signature(call)
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    arguments: dict[str, Any] = {
        name: Foreign()
        for name, each in signature.parameters.items()
        if each.default is each.empty and each.kind not in variadic
    }
    arguments[parameter.name] = (value,) if parameter.kind in variadic else value
    ordered = {name: arguments[name] for name in signature.parameters if name in arguments}
    bound = inspect.BoundArguments(signature, OrderedDict(ordered))
    try:
        call(*bound.args, **bound.kwargs)
    except ConstructError as refusal:
        return re.search(rf"\b{parameter.name}(\[.*\])? is ", str(refusal)) is not None
    except Exception:  # noqa: BLE001  # any other error means that the argument was not refused
        return False
    return False


@pytest.mark.parametrize("name", PUBLIC)
def test_every_argument_refuses_other_kinds(name: str, bucket: s3.IBucket) -> None:
    class_: Any = PUBLIC[name]
    blank = object.__new__(class_)  # nothing of it is needed before the arguments are right
    methods: list[Callable[..., object]] = [
        member.__get__(blank)
        for name, member in vars(class_).items()
        if inspect.isfunction(member) and not name.startswith("_")
    ]

    accepted = [
        f"{call.__name__}({parameter.name}={type(value).__name__})"
        for call in (class_, *methods)
        for parameter, kind in _parameters(call)
        for value in _wrong(bucket, kind)
        if not _refused(call, parameter, value)
    ]

    assert accepted == []


def _function(stack: Stack, id_: str = "Work") -> PythonFunction:
    return PythonFunction(stack, id_, code=CODE, handler="index.handler")


def test_all_wrong_arguments_are_named_at_once_with_their_place_and_the_construct() -> None:
    stack = Stack(App(), "Shop")
    backbone = EventBackbone(stack, "Events")

    with pytest.raises(ConstructError) as refused:
        backbone.rule("Bill", source="shop", targets=[_function(stack), 7], enabled="yes")  # type: ignore[list-item,arg-type]

    message = str(refused.value)
    assert message.startswith("Shop/Events: targets[1] is 7: must be an IRuleTarget, an IFunction")
    assert message.endswith("; enabled is a str: must be a bool")


def test_nothing_is_made_before_arguments_are_right() -> None:
    stack = Stack()

    with pytest.raises(ConstructError, match="work_s is -1"):
        WorkQueue(stack, "Work", work_s=-1)

    assert stack.node.children == []


def test_missing_and_unknown_arguments_are_errors_of_python() -> None:
    with pytest.raises(TypeError, match="speed"):
        WorkQueue(Stack(), "Work", speed=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="code"):
        PythonFunction(Stack(), "Work", handler="index.handler")  # type: ignore[call-arg]


def test_what_the_cdk_refuses_names_the_construct_and_shows_no_javascript() -> None:
    stack = Stack(App(), "Shop")

    with pytest.raises(ConstructError) as refused:
        WorkQueue(stack, "Work", retention_days=99)

    assert str(refused.value).startswith("Shop/Work: ")
    assert "retention period" in str(refused.value)
    assert refused.value.__suppress_context__


def test_props_add_to_arguments_replace_other_defaults_and_contradict_nothing() -> None:
    stack = Stack()
    wait = sqs.QueueProps(receive_message_wait_time=Duration.seconds(20), enforce_ssl=False)
    WorkQueue(stack, "Work", props=wait)
    template = Template.from_stack(stack)
    with pytest.raises(ConstructError, match="props must not set queue_name, visibility_timeout"):
        WorkQueue(
            stack,
            "Twice",
            queue_name="work",
            props=sqs.QueueProps(queue_name="work", visibility_timeout=Duration.seconds(1)),
        )

    template.has_resource_properties("AWS::SQS::Queue", {"ReceiveMessageWaitTimeSeconds": 20})
    assert "WorkDeadLetters" in str(only(template, "AWS::SQS::QueuePolicy")["Queues"])


def test_a_construct_stands_for_its_resource() -> None:
    stack = Stack()
    function, queue, backbone = _function(stack), WorkQueue(stack, "Q"), EventBackbone(stack, "E")

    queue.feed(function)
    backbone.rule("Bill", source="shop", detail_types=["Paid"], targets=[function, queue])
    secret = ApiSecret(stack, "Key", rotation=function)

    assert secret.resource is secret.secret
    targets = only(Template.from_stack(stack), "AWS::Events::Rule")["Targets"]
    assert isinstance(targets, list)
    assert len(targets) == 2


def _warnings(stack: Stack) -> list[str]:
    found = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    return [str(each.entry.data) for each in found if POLICY_WARNING in str(each.entry.data)]


def test_the_owner_of_an_imported_key_is_told_each_statement() -> None:
    stack = Stack(App(), "Shop", env=ENV)
    key = kms.Key.from_key_arn(stack, "Key", ARN.format("kms", "key/1"))

    AccessTrail(
        stack,
        "Trail",
        buckets=[s3.Bucket.from_bucket_name(stack, "Photos", "photos")],
        encryption_key=key,
    )
    EventBackbone(stack, "Events", encryption_key=key)
    Observability(stack, "Seen", namespace="Shop", encryption_key=key, emails=["a@shop.example"])

    services = [
        f"{name}.amazonaws.com"
        for name in ("cloudtrail", "cloudwatch", "events", "logs.us-east-1", "sns")
    ]
    text = "\n".join(_warnings(stack))
    assert "Shop/Key is imported" in text
    assert [service for service in services if f'{{"Service": "{service}"}}' not in text] == []


def test_the_owners_of_imported_targets_are_told_what_a_rule_needs() -> None:
    stack = Stack(App(), "Shop", env=ENV)
    topic = sns.Topic.from_topic_arn(stack, "News", ARN.format("sns", "news"))
    queue = sqs.Queue.from_queue_arn(stack, "Jobs", ARN.format("sqs", "jobs"))

    EventBackbone(stack, "Events").rule(
        "Bill", source="shop", detail_types=["Paid"], targets=[topic, queue, _function(stack)]
    )

    news, jobs = sorted(_warnings(stack), reverse=True)
    assert "sns:Publish" in news
    assert "sqs:SendMessage" in jobs
    assert "aws:SourceArn" in jobs


def test_a_key_of_the_app_gets_its_statements_without_a_warning() -> None:
    stack = Stack(App(), "Shop", env=ENV)
    EventBackbone(stack, "Events", encryption_key=kms.Key(stack, "Key"))

    assert _warnings(stack) == []


def test_other_accounts_may_be_let_in_to_a_secret_with_its_key() -> None:
    stack = Stack(App(), "Shop", env=ENV)
    reader = iam.Role.from_role_arn(stack, "Reader", "arn:aws:iam::210987654321:role/reader")
    secret = ApiSecret(stack, "Key", encryption_key=kms.Key(stack, "Master"))

    secret.grant_read(reader)
    secret.allow_account("345678901234")

    policy = str(only(Template.from_stack(stack), "AWS::SecretsManager::ResourcePolicy"))
    assert "role/reader" in policy
    assert ":iam::345678901234:root" in policy
