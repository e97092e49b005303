"""Writes the templates of constructs, stages and examples, for scanners to read.

`python -m tests.constructs.scan FOLDER`. Everything that is accepted says so in its template, so
a scanner that prints anything has found something new. checkov runs in an environment of its own,
because it needs older dependencies than the tests.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

os.environ.setdefault("CDK_VALIDATION", "false")

from aws_cdk.assertions import Template

from signal9_constructs import acknowledge_known_findings, known_findings
from tests.constructs.alone import ALONE, ASKED
from tests.constructs.lab import synthesise_each, text
from tests.constructs.shop import PACKS, Shop
from tests.deploy.lab import parts, template

__all__ = ["STAGES", "construct_templates"]

STAGES: Final = ("dev", "test", "prod")
_EXAMPLES: Final = Path(__file__).parents[2] / "examples"


def construct_templates() -> dict[str, Template]:
    """Return the constructs, alone and in one system, with their known findings accepted."""
    stacks = synthesise_each(ALONE | ASKED)
    for stack in stacks.values():
        acknowledge_known_findings(stack, rule_packs=PACKS)
    shop = Shop()
    shop.stage.acknowledge(*known_findings(shop.stage))
    system = {"Data": shop.data, "Programs": shop.programs, "Edge": shop.edge}
    return {name: Template.from_stack(stack) for name, stack in (stacks | system).items()}


def main(folder: Path) -> None:
    """Write all templates into a folder, without those of an earlier run."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    templates = construct_templates()
    for name in STAGES:
        templates |= {f"{name}-{part}": template(name, part) for part in parts(name)}
    for name, written in templates.items():
        (folder / f"{name}.json").write_text(text(written), "utf-8")
    for example in ("foreign_app", "platform_app"):
        with TemporaryDirectory() as assembly:
            subprocess.run(
                [sys.executable, "app.py"],
                check=True,
                cwd=_EXAMPLES / example,
                env={**os.environ, "CDK_OUTDIR": assembly},
            )
            for path in Path(assembly).rglob("*.template.json"):
                (folder / f"{example}-{path.name}").write_bytes(path.read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
