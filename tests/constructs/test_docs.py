"""Every example in the documentation of the constructs runs and synthesises."""

import re
from pathlib import Path

import pytest
from aws_cdk import Stack

import signal9_constructs
from tests.constructs.lab import ENV, app

DOCS = Path(__file__).parents[2] / "docs" / "constructs"
PAGES = sorted(DOCS.glob("[a-z]*.md"))


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
def test_every_page_has_a_picture_defaults_a_way_out_and_acknowledgments(page: Path) -> None:
    written = page.read_text("utf-8")

    for part in ("```mermaid", "## Defaults", "## Escape hatch", "## Acknowledgments"):
        assert part in written, f"{page.name} lacks {part}"


def test_every_construct_has_a_page() -> None:
    written = "\n".join(page.read_text("utf-8") for page in PAGES)
    made = [
        name
        for name in signal9_constructs.__all__
        if hasattr(getattr(signal9_constructs, name), "__jsii_type__")
    ]

    assert [name for name in made if f"`{name}`" not in written] == []
