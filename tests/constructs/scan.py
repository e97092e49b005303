"""Compares the findings of scanners with the known ones, in constructs and stages.

`python -m tests.constructs.scan write FOLDER` writes all templates; `judge REPORT` reads checkov's
report about them and fails on unknown findings and on known ones that are not found. checkov runs
in an environment of its own, because it needs older dependencies than the tests.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, cast

os.environ.setdefault("CDK_VALIDATION", "false")

from aws_cdk import CfnElement, Stack
from aws_cdk.assertions import Template

from signal9_constructs import Acknowledgment, Finding, known_findings
from signal9_constructs.suppressions import Tool
from signal9_deploy.stage import CHECKOV_ACKNOWLEDGMENTS
from tests.constructs.alone import ALONE, ASKED
from tests.constructs.lab import synthesise_each, text
from tests.constructs.shop import Shop
from tests.deploy.lab import parts, stack, template

__all__ = ["Scanned", "open_findings", "scan_constructs", "unused_acknowledgments"]

STAGES: Final = ("dev", "test", "prod")


@dataclass(frozen=True)
class Scanned:
    """A template, the construct paths of its resources, and its known findings."""

    template: str
    paths: dict[str, str]
    known: tuple[Acknowledgment, ...]

    def finding(self, id_: str, logical_id: str, description: str) -> Finding:
        """Return a scanner's finding, by construct path instead of logical id."""
        return Finding(id_, self.paths[logical_id], "error", description)


class _FailedCheck(TypedDict):
    check_id: str
    check_name: str
    file_path: str
    resource: str


def scan_constructs(tool: Tool) -> dict[str, Scanned]:
    """Return the constructs, alone and in one system, with the findings known for `tool`."""
    shop = Shop()
    stacks = {
        **synthesise_each(ALONE | ASKED),
        "Data": shop.data,
        "Programs": shop.programs,
        "Edge": shop.edge,
    }
    return {
        name: _scanned(stack, Template.from_stack(stack), known_findings(stack, tool=tool))
        for name, stack in stacks.items()
    }


def open_findings(scanned: Scanned, findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that are not known."""
    return [
        finding for finding in findings if not any(known.covers(finding) for known in scanned.known)
    ]


def unused_acknowledgments(
    scans: Iterable[Scanned], findings: Sequence[Finding]
) -> set[tuple[str, str]]:
    """Return the ids and reasons of known findings that are found nowhere."""
    known = {acknowledgment for scanned in scans for acknowledgment in scanned.known}
    used = {entry for entry in known if any(entry.covers(finding) for finding in findings)}
    return {(entry.id, entry.reason) for entry in known} - {
        (entry.id, entry.reason) for entry in used
    }


def _scanned(stack: Stack, template: Template, known: Iterable[Acknowledgment]) -> Scanned:
    elements = [child for child in stack.node.find_all() if isinstance(child, CfnElement)]
    paths = {str(stack.resolve(element.logical_id)): element.node.path for element in elements}
    return Scanned(text(template), paths, tuple(known))


def _scan_everything() -> dict[str, Scanned]:
    scans = scan_constructs("checkov")
    for name in STAGES:
        for part in parts(name):
            known = (*known_findings(stack(name, part), tool="checkov"), *CHECKOV_ACKNOWLEDGMENTS)
            scans[f"{name}-{part}"] = _scanned(stack(name, part), template(name, part), known)
    return scans


def _write(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, scanned in _scan_everything().items():
        (folder / f"{name}.json").write_text(scanned.template, "utf-8")
    return 0


def _judge(report: Mapping[str, object]) -> int:
    scans = _scan_everything()
    failed = cast("Mapping[str, Sequence[_FailedCheck]]", report["results"])["failed_checks"]
    passed = cast("Mapping[str, int]", report["summary"])["passed"]
    findings, unknown = [], []
    for check in failed:
        scanned = scans[Path(check["file_path"]).stem]
        logical_id = check["resource"].rpartition(".")[2]
        finding = scanned.finding(check["check_id"], logical_id, check["check_name"])
        findings.append(finding)
        unknown += open_findings(scanned, [finding])
    unused = unused_acknowledgments(scans.values(), findings)
    lines = [
        *(f"unknown: {finding.id} {finding.path}: {finding.description}" for finding in unknown),
        *(f"not found: {id_}: {reason}" for id_, reason in sorted(unused)),
        f"{passed} checks passed, {len(findings) - len(unknown)} known findings",
    ]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if unknown or unused or not passed else 0


def main(arguments: Sequence[str]) -> int:
    """Run the command line."""
    match arguments:
        case ["write", folder]:
            return _write(Path(folder))
        case ["judge", report]:
            return _judge(json.loads(Path(report).read_text("utf-8")))
    sys.stderr.write("scan write FOLDER | scan judge REPORT\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
