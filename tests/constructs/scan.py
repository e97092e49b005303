"""Has checkov look at every template, and compares what it finds with what is listed.

`write FOLDER` puts the templates there; `judge FOLDER REPORT` reads checkov's report about them and
fails on what is not listed, and on what is listed in vain. checkov lives in an environment of its
own, since it needs older versions of what the tests need.
"""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

os.environ.setdefault("CDK_VALIDATION", "false")

from signal9_constructs import Finding
from tests.constructs.scanned import Scanned, open_findings, synthesised, unused_acknowledgments
from tests.deploy.scanned import stages


class _Failed(TypedDict):
    check_id: str
    check_name: str
    file_path: str
    resource: str


def main(arguments: Sequence[str]) -> int:
    """Do what the first argument says."""
    match arguments:
        case ["write", folder]:
            return _write(Path(folder))
        case ["judge", report]:
            return _judge(json.loads(Path(report).read_text("utf-8")))
    sys.stderr.write("scan write FOLDER | scan judge REPORT\n")
    return 2


def _everything() -> dict[str, Scanned]:
    """Return the constructs, alone and together, and the stages that are made of them."""
    return synthesised("checkov") | stages("checkov")


def _write(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, scanned in _everything().items():
        (folder / f"{name}.json").write_text(scanned.template, "utf-8")
    return 0


def _judge(report: Mapping[str, object]) -> int:
    scanned = _everything()
    failed = cast("Mapping[str, Sequence[_Failed]]", report["results"])["failed_checks"]
    passed = cast("Mapping[str, int]", report["summary"])["passed"]
    found = list(_findings(scanned, failed))
    left = [each for name, finding in found for each in open_findings(scanned[name], [finding])]
    unused = unused_acknowledgments(scanned.values(), [finding for _, finding in found])
    _say(f"not listed: {each.id} {each.path}: {each.description}" for each in left)
    _say(f"listed in vain: {id_}: {reason}" for id_, reason in sorted(unused))
    known = len(found) - len(left)
    _say([f"{len(scanned)} templates: {passed} checks passed, {known} findings are known"])
    return 1 if left or unused or not passed else 0


def _say(lines: Iterable[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)


def _findings(
    scanned: Mapping[str, Scanned], failed: Sequence[_Failed]
) -> Iterator[tuple[str, Finding]]:
    for each in failed:
        name = Path(each["file_path"]).stem
        logical_id = each["resource"].rpartition(".")[2]
        yield name, scanned[name].finding(each["check_id"], logical_id, each["check_name"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
