"""What rule packs find in each construct is what the library says they find."""

import runpy
from collections.abc import Mapping
from typing import Final

import pytest
from aws_cdk import Stack

from signal9_constructs import (
    KNOWN_FINDINGS,
    RulePack,
    Verdict,
    known_findings,
)
from signal9_constructs.rules import judge
from tests.constructs.alone import ALONE, ASKED
from tests.constructs.lab import ENV, app

PACKS: Final = (RulePack.AWS_SOLUTIONS, RulePack.SERVERLESS, RulePack.NIST_800_53_R5)


@pytest.fixture(scope="module")
def verdicts() -> Mapping[str, Verdict]:
    root = app()
    found = {}
    for name, build in (ALONE | ASKED).items():
        stack = Stack(root, name, env=ENV)
        build(stack)
        found[name] = judge(stack, PACKS, known_findings(stack))
    return found


@pytest.mark.parametrize("name", [*ALONE, *ASKED])
def test_nothing_is_found_that_is_not_listed(verdicts: Mapping[str, Verdict], name: str) -> None:
    assert [(finding.path, finding.id) for finding in verdicts[name].open] == []


@pytest.mark.parametrize("name", ALONE)
def test_nothing_is_listed_that_is_not_found(verdicts: Mapping[str, Verdict], name: str) -> None:
    found = {(known.id, known.reason) for each in ASKED for _, known in verdicts[each].acknowledged}
    listed = {(known.id, known.reason) for known in KNOWN_FINDINGS if known.construct == name}

    unused = {(each.id, each.reason) for each in verdicts[name].unused}

    assert unused & listed - found == set()


def test_every_listed_finding_belongs_to_a_construct_and_has_a_reason() -> None:
    assert all(known.construct in ALONE for known in KNOWN_FINDINGS)
    assert all(len(known.reason) > 20 for known in KNOWN_FINDINGS)


def test_the_list_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("signal9_constructs")

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(KNOWN_FINDINGS) + 1
    assert all(len(line.split("\t")) == 4 for line in lines)
