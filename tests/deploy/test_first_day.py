"""The first day in docs/deploy.md: each step is a command that exists, and a test tried it."""

import re
import tomllib
from typing import Final

import pytest

from tests.architecture.project import ROOT

TABLE: Final = (
    (ROOT / "docs/deploy.md")
    .read_text("utf-8")
    .partition("## The first day of prod")[2]
    .partition("\n## ")[0]
)
ROW: Final = re.compile(r"^\| ([a-z ]+) \| `([^`]+)` \| (.+) \| `(test_\w+)` \|$", re.MULTILINE)
STEPS: Final = {step: (command, test) for step, command, _, test in ROW.findall(TABLE)}
TESTED: Final = ("tests/deploy", "tests/e2e")


def _tests() -> set[str]:
    return {
        name
        for folder in TESTED
        for file in (ROOT / folder).glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }


def test_the_first_day_goes_from_the_account_to_its_end() -> None:
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]

    assert len(rows) == len(STEPS)
    assert next(iter(STEPS)) == "account"
    assert {"delegation", "keys", "first fill", "alarm", "restore", "back out"} <= set(STEPS)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_a_command_that_exists(step: str) -> None:
    program, *words = STEPS[step][0].split()
    scripts = tomllib.loads((ROOT / "hatch.toml").read_text("utf-8"))["envs"]["deploy"]["scripts"]

    # The commands of `signal9` are compared with the docs elsewhere; `aws` is not ours.
    assert program in {"hatch", "signal9", "aws"}
    if program == "hatch":
        assert words[0] == "run"
        assert words[1].removeprefix("deploy:") in scripts


@pytest.mark.parametrize("step", STEPS)
def test_a_step_was_tried_by_a_test_that_exists(step: str) -> None:
    assert STEPS[step][1] in _tests()
