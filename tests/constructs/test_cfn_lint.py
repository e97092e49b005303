"""cfn-lint finds nothing in the templates but what the library says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import pytest

from signal9_constructs import Finding
from tests.constructs.scanned import Scanned, open_findings, synthesised, unused_acknowledgments

config = pytest.importorskip("cfnlint.config", reason="cfn-lint is not installed")
decode = pytest.importorskip("cfnlint.decode.decode")
runner = pytest.importorskip("cfnlint.runner")


class _Rule(Protocol):
    id: str


class _Match(Protocol):
    rule: _Rule
    path: Sequence[str | int]
    message: str


Scans = Mapping[str, tuple[Scanned, list[Finding]]]


@pytest.fixture(scope="module")
def scans() -> Scans:
    linter = runner.Runner(config.ConfigMixIn(regions=["us-east-1"]))
    scanned = synthesised("cfn-lint")
    return {
        name: (each, [*_found(each, linter.validate_template(_decoded(each)))])
        for name, each in scanned.items()
    }


def _decoded(scanned: Scanned) -> object:
    template, errors = decode.decode_str(scanned.template)
    assert errors == []
    return template


def _found(scanned: Scanned, matches: Iterable[_Match]) -> Iterator[Finding]:
    for match in matches:
        yield scanned.finding(match.rule.id, str(match.path[1]), match.message)


def test_what_is_found_is_what_is_listed(scans: Scans) -> None:
    everything = [scanned for scanned, _ in scans.values()]
    found = [finding for _, findings in scans.values() for finding in findings]

    left = {name: open_findings(*each) for name, each in scans.items()}
    assert {name: findings for name, findings in left.items() if findings} == {}
    assert unused_acknowledgments(everything, found) == set()
