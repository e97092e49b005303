"""The stages' stacks as scanners of templates look at them."""

from typing import Final

from signal9_constructs import known_findings
from signal9_constructs.findings import Tool
from signal9_deploy.acknowledgments import SCANNED
from tests.constructs.scanned import Scanned, scanned
from tests.deploy.lab import parts, stack, template

__all__ = ["REAL", "stages"]

REAL: Final = ("dev", "test", "prod")
"""The stages that live in an account."""


def stages(tool: Tool) -> dict[str, Scanned]:
    """Return every stack of every real stage, with what is known of it."""
    found = {}
    for name in REAL:
        for part in parts(name):
            here = stack(name, part)
            known = (*known_findings(here, tool=tool), *SCANNED)
            found[f"{name}-{part}"] = scanned(here, template(name, part), known)
    return found
