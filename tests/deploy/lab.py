"""Every stage synthesised once for all tests, because synthesis is what takes the time."""

import os
from collections.abc import Sequence
from functools import cache
from typing import Any, Final, cast
from unittest.mock import patch

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from signal9_deploy.functions import FUNCTIONS, FunctionSpec
from signal9_deploy.settings import LOCAL, StageSettings
from signal9_deploy.stage import Signal9Stage
from signal9_deploy.stage_files import load_stage

ACCOUNT: Final = "123456789012"
ISSUER: Final = "https://issuer.example/"
RECIPIENTS: Final = '["operations@example.com"]'
PARTS: Final = ("Costs", "Network", "Data", "Service", "Edge")

Resource = dict[str, Any]


def settings_of(name: str) -> StageSettings:
    """Return a stage's settings, in an account of the tests and with their issuer."""
    variables = {"SIGNAL9_DEPLOY__ACCOUNT": ACCOUNT, "SIGNAL9_DEPLOY__RECIPIENTS": RECIPIENTS}
    if name != LOCAL:
        variables["SIGNAL9_DEPLOY__ISSUER"] = ISSUER
    with patch.dict(os.environ, variables):
        return load_stage(name)


def build(settings: StageSettings, specs: Sequence[FunctionSpec] = FUNCTIONS) -> Signal9Stage:
    """Return a stage whose functions are not bundled."""
    app = App(
        analytics_reporting=False, tree_metadata=False, context={"aws:cdk:bundling-stacks": []}
    )
    return Signal9Stage(app, settings, specs=specs)


@cache
def stage(name: str) -> Signal9Stage:
    """Return a stage as its file describes it."""
    return build(settings_of(name))


@cache
def template(name: str, part: str) -> Template:
    """Return the template of one stack of a stage."""
    return Template.from_stack(stack(name, part))


def stack(name: str, part: str) -> Stack:
    """Return one stack of a stage, which must have it."""
    return cast("Stack", stage(name).node.find_child(part))


def parts(name: str) -> list[str]:
    """Return the stacks that a stage has."""
    return [part for part in PARTS if stage(name).node.try_find_child(part)]


def resources(found: Template, type_: str) -> dict[str, Resource]:
    """Return the resources of one type by their logical ids."""
    return cast("dict[str, Resource]", found.find_resources(type_))


def properties(found: Template, type_: str) -> list[Resource]:
    """Return the properties of every resource of one type."""
    return [each.get("Properties", {}) for each in resources(found, type_).values()]


def everything(name: str, type_: str) -> list[Resource]:
    """Return the properties of every resource of one type in all stacks of a stage."""
    return [each for part in parts(name) for each in properties(template(name, part), type_)]


def statements(found: Template, function: str) -> list[Resource]:
    """Return what the role of a function may do, beyond its logs."""
    (own,) = (
        each["Properties"]
        for each in resources(found, "AWS::Lambda::Function").values()
        if each["Properties"].get("FunctionName", "").endswith(f"-{function}")
    )
    role = own["Role"]["Fn::GetAtt"][0]
    return [
        statement
        for policy in properties(found, "AWS::IAM::Policy")
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def listed(value: object) -> list[Any]:
    """Return what CloudFormation writes as one value or a list of them."""
    return value if isinstance(value, list) else [value]
