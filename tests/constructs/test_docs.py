"""Every example in the documentation of the constructs runs and synthesises."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from aws_cdk import Stack

import signal9_constructs
from tests.constructs.costs import PRICES, items_at_rest
from tests.constructs.lab import ENV, app
from tests.constructs.pages import PAGES, blocks, meanings, parameters, rendered


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

    assert len(examples) >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_a_picture_defaults_a_way_out_costs_and_acknowledgments(page: Path) -> None:
    written = page.read_text("utf-8")

    for part in ("```mermaid", "## Defaults", "## Escape hatch", "## Cost", "## Acknowledgments"):
        assert part in written, f"{page.name} lacks {part}"


def test_every_construct_has_a_page() -> None:
    written = "\n".join(page.read_text("utf-8") for page in PAGES)
    made = [
        name
        for name in signal9_constructs.__all__
        if hasattr(getattr(signal9_constructs, name), "__jsii_type__")
    ]

    assert [name for name in made if f"`{name}`" not in written] == []
    assert [name for name in made if f"<!-- defaults {name} -->" not in written] == []


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
    rules = [{"Name": "rate"}, {"Name": "common"}]
    template = {
        "Resources": {
            "Wall": {"Type": "AWS::WAFv2::WebACL", "Properties": {"Rules": rules}},
            "Table": {"Type": "AWS::DynamoDB::GlobalTable", "Properties": {}},
            "Gateway": {"Type": "AWS::EC2::VPCEndpoint", "Properties": {}},
            "Sum": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {"Metrics": [{"Expression": "a+b"}, *({"MetricStat": {}},) * 2]},
            },
        }
    }

    found = {price.what: (count, price.usd * count) for price, count in items_at_rest(template)}

    assert found == {
        "firewall": (1, 5),
        "firewall rule or group": (2, 2),
        "metric under alarm": (2, Decimal("0.20")),
    }


def test_every_price_names_its_source() -> None:
    assert all(price.source.startswith("aws.amazon.com/") for price in PRICES.values())
    assert all(price.usd > 0 for price in PRICES.values())
