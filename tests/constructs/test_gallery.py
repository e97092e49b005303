"""Every system of the gallery synthesises, and rule packs find nothing new in it."""

import ast
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
from aws_cdk import Stack

import signal9_constructs
from signal9_constructs import Acknowledgment, RulePack, known_findings
from signal9_constructs.suppressions import evaluate
from tests.constructs.lab import synthesise_each
from tests.constructs.scan import SYSTEMS

GALLERY: Final = Path(__file__).parents[2] / "examples" / "gallery"
OWN: Final = (
    Acknowledgment("AwsSolutions-EVB1", "reads a property that tests refuse", "**/Account**"),
    Acknowledgment("NIST.800.53.R5-IAMNoInlinePolicy", "the CDK's grants", "**/Analyst/**"),
    Acknowledgment(
        "AwsSolutions-IAM5[Resource::<Lake**>/**]", "objects by prefix", "**/Analyst/**"
    ),
)


@pytest.fixture(scope="module")
def stacks() -> Mapping[str, Stack]:
    return synthesise_each(
        {name: import_module(f"examples.gallery.{name}").build for name in SYSTEMS}
    )


@pytest.mark.parametrize("name", SYSTEMS)
def test_nothing_is_found_that_is_not_known(stacks: Mapping[str, Stack], name: str) -> None:
    stack = stacks[name]
    known = (*known_findings(stack), *OWN)

    verdict = evaluate(stack, (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS), known)

    assert verdict.open == ()


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_system_is_a_short_file_that_says_what_it_is(name: str) -> None:
    text = (GALLERY / f"{name}.py").read_text("utf-8")

    assert 30 <= len(text.splitlines()) <= 80
    assert ast.get_docstring(ast.parse(text))
    assert f"[{name}.py]({name}.py)" in (GALLERY / "README.md").read_text("utf-8")


def test_the_gallery_names_only_constructs_that_exist() -> None:
    named = re.findall(r"`([A-Z]\w+)`", (GALLERY / "README.md").read_text("utf-8"))

    assert len(SYSTEMS) == 8
    assert set(named) <= set(signal9_constructs.__all__)
