"""Every example in the documentation of the constructs runs and synthesises."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from aws_cdk import Stack

import signal9_constructs
from signal9_constructs import GuardedStage
from signal9_deploy.commands.cost import load_prices
from tests.constructs.lab import ENV, app
from tests.constructs.pages import (
    PAGES,
    blocks,
    items_at_rest,
    meanings,
    parameters,
    rendered,
    source_of,
)

README = Path(__file__).parents[2] / "packages" / "signal9-constructs" / "README.md"
SECTIONS = (
    "Defaults",
    "Permissions",
    "Examples",
    "Escape hatch",
    "Compared with plain CDK",
    "Cost",
    "Acknowledgments",
)


def _constructs() -> list[str]:
    exported = {name: getattr(signal9_constructs, name) for name in signal9_constructs.__all__}
    return [name for name, each in exported.items() if hasattr(each, "__jsii_type__")]


def _examples(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_synthesises(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = _examples(page)
    root = app()
    for position, example in enumerate(examples):
        stack = Stack(root, f"Example{position}", env=ENV)
        exec(compile(example, f"{page.name}[{position}]", "exec"), {"app": root, "stack": stack})

    root.synth()

    assert len(examples) >= 5


def test_the_readmes_example_synthesises_with_nothing_left_open() -> None:
    (example,) = _examples(README)
    said: dict[str, object] = {}

    exec(compile(example, README.name, "exec"), said)

    stage = said["stage"]
    assert isinstance(stage, GuardedStage)
    assert stage.verdict().open == ()


def test_the_readme_names_every_construct() -> None:
    assert [name for name in _constructs() if f"`{name}`" not in README.read_text("utf-8")] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_says_its_purpose_shows_it_and_has_every_section(page: Path) -> None:
    written = page.read_text("utf-8")

    purpose = written.partition("```mermaid")[0].partition("\n\n")[2]
    assert purpose.strip(), f"{page.name} does not say what it is for"
    headings = re.findall("^## (.*)$", written, re.MULTILINE)
    assert [section for section in SECTIONS if headings.count(section) != 1] == []
    assert "```mermaid" in written


def test_the_comparison_names_every_construct_that_has_a_page() -> None:
    compared = (PAGES[0].parent / "comparison.md").read_text("utf-8")
    titles = [page.read_text("utf-8").splitlines()[0] for page in PAGES]
    named = [name for title in titles for name in re.findall("`(\\w+)`", title)]

    assert [name for name in named if f"`{name}`" not in compared] == []


def test_every_construct_has_a_page() -> None:
    written = "\n".join(page.read_text("utf-8") for page in PAGES)

    assert [name for name in _constructs() if f"`{name}`" not in written] == []
    assert [name for name in _constructs() if f"<!-- defaults {name} -->" not in written] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_the_code_would_make_it_say(page: Path) -> None:
    written = page.read_text("utf-8")

    assert rendered(written) == written, "run `python -m tests.constructs.pages`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_argument_has_a_default_and_a_meaning(page: Path) -> None:
    for name, block in blocks(page.read_text("utf-8"), "defaults").items():
        known = meanings(block)

        assert list(known) == [each.name for each in parameters(name)]
        assert [argument for argument, meaning in known.items() if not meaning] == [], name


def test_what_is_used_up_or_shared_costs_nothing_at_rest() -> None:
    resources = {
        "Table": {"Type": "AWS::DynamoDB::GlobalTable"},
        "Gateway": {"Type": "AWS::EC2::VPCEndpoint"},
        "Key": {"Type": "AWS::KMS::Key"},
    }

    (item,) = items_at_rest({"Resources": resources})

    assert item == ("key", 1, Decimal(1), "aws.amazon.com/kms/pricing")


def test_every_price_at_rest_has_a_source_among_those_that_are_named() -> None:
    prices = load_prices()

    wanted = {f"https://{source_of(kind)}/" for kind in prices.at_rest}

    assert wanted - set(prices.sources) == set()
