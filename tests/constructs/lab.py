"""Synthesizes several small stacks at once, because synthesis is what takes the time."""

import json
from collections.abc import Callable, Mapping
from typing import cast

from aws_cdk import App, Environment, Stack, aws_sns
from aws_cdk.assertions import Match, Matcher, Template
from constructs import Construct

Build = Callable[[Stack], object]
Made = Mapping[str, Template]
ENV = Environment(account="123456789012", region="us-east-1")


def app(context: Mapping[str, object] | None = None) -> App:
    """Return an app that packages no assets."""
    return App(
        analytics_reporting=False,
        tree_metadata=False,
        context={"aws:cdk:bundling-stacks": [], **(context or {})},
    )


def synthesise_each(
    builds: Mapping[str, Build], context: Mapping[str, object] | None = None
) -> dict[str, Stack]:
    """Return a stack for each build, all in one app."""
    root = app(context)
    stacks = {name: Stack(root, name.replace("_", "-"), env=ENV) for name in builds}
    for name, build in builds.items():
        build(stacks[name])
    return stacks


def synthesise(**builds: Build) -> dict[str, Template]:
    """Return a template for each build."""
    stacks = synthesise_each(builds)
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


def properties(template: Template, type_: str) -> list[dict[str, object]]:
    """Return the properties of every resource of one type."""
    resources = cast("dict[str, dict[str, dict[str, object]]]", template.find_resources(type_))
    return [resource.get("Properties", {}) for resource in resources.values()]


def only(template: Template, type_: str) -> dict[str, object]:
    """Return the properties of the one resource of its type."""
    (resource,) = properties(template, type_)
    return resource


def text(template: Template) -> str:
    """Return the template as text, to search for what must not be in it."""
    return json.dumps(template.to_json(), sort_keys=True)


def topic(scope: Construct) -> aws_sns.ITopic:
    """Return a topic that exists elsewhere."""
    return aws_sns.Topic.from_topic_arn(scope, "Topic", "arn:aws:sns:us-east-1:123456789012:alarms")


def statement(**members: object) -> dict[str, Matcher]:
    """Return a matcher of a policy with a statement that has these members."""
    return {"Statement": Match.array_with([Match.object_like(members)])}


def actions(template: Template) -> set[str]:
    """Return every action that an IAM policy of the template allows."""
    allowed: set[str] = set()
    for policy in properties(template, "AWS::IAM::Policy"):
        document = cast("dict[str, list[dict[str, str | list[str]]]]", policy["PolicyDocument"])
        for entry in document["Statement"]:
            action = entry["Action"]
            allowed.update([action] if isinstance(action, str) else action)
    return allowed
