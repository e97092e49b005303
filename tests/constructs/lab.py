"""Synthesises several small stacks at once, because synthesis is what takes the time."""

import json
from collections.abc import Callable, Mapping
from typing import cast

from aws_cdk import App, Environment, Stack, aws_sns
from aws_cdk.assertions import Template
from constructs import Construct

Build = Callable[[Stack], object]
ENV = Environment(account="123456789012", region="us-east-1")


def app(context: Mapping[str, object] | None = None) -> App:
    """Return an app that packages no assets."""
    return App(
        analytics_reporting=False,
        tree_metadata=False,
        context={"aws:cdk:bundling-stacks": [], **(context or {})},
    )


def synthesise(**builds: Build) -> dict[str, Template]:
    """Return a template for each build; all stacks share an app and a synthesis."""
    root = app()
    stacks = {name: Stack(root, name.replace("_", "-"), env=ENV) for name in builds}
    for name, build in builds.items():
        build(stacks[name])
    return {name: Template.from_stack(stack) for name, stack in stacks.items()}


def properties(template: Template, type_: str) -> list[dict[str, object]]:
    """Return the properties of every resource of one type."""
    found = cast("dict[str, dict[str, dict[str, object]]]", template.find_resources(type_))
    return [resource.get("Properties", {}) for resource in found.values()]


def only(template: Template, type_: str) -> dict[str, object]:
    """Return the properties of the one resource of its type."""
    (found,) = properties(template, type_)
    return found


def text(template: Template) -> str:
    """Return the template as text, to search for what must not be in it."""
    return json.dumps(template.to_json(), sort_keys=True)


def topic(scope: Construct) -> aws_sns.ITopic:
    """Return a topic that exists elsewhere."""
    return aws_sns.Topic.from_topic_arn(scope, "Topic", "arn:aws:sns:us-east-1:123456789012:alarms")


def actions(template: Template) -> set[str]:
    """Return every action that a policy of the template allows."""
    found: set[str] = set()
    for policy in properties(template, "AWS::IAM::Policy"):
        document = cast("dict[str, list[dict[str, str | list[str]]]]", policy["PolicyDocument"])
        for statement in document["Statement"]:
            named = statement["Action"]
            found.update([named] if isinstance(named, str) else named)
    return found
