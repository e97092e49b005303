"""`signal9` as a user at a terminal runs it."""

import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen
from typing import NamedTuple

import pytest
from typer.testing import CliRunner, Result

from signal9_core.cli import make_program

WIDTH = 80


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Shell:
    """Runs commands over one home, in this process or in one of their own."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *arguments: str, width: int = 100) -> Outcome:
        return self.run_bare("--home", str(self.home), *arguments, width=width)

    def run_bare(self, *arguments: str, width: int = 100) -> Outcome:
        result = self._invoke(arguments, width)
        return Outcome(result.exit_code, result.stdout, result.stderr)

    def screen(self, *arguments: str, width: int) -> str:
        """Return what a terminal shows: answers and remarks in their order."""
        return self._invoke(("--home", str(self.home), *arguments), width).output

    def _invoke(self, arguments: Sequence[str], width: int) -> Result:
        environment = {"COLUMNS": str(width), "TERM": "xterm"}
        result = CliRunner(env=environment).invoke(
            make_program(), list(arguments), prog_name="signal9"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def start(self, *arguments: str) -> Popen[str]:
        """Start the real command."""
        return Popen(
            [sys.executable, "-m", "signal9_core", *arguments],
            stdout=PIPE,
            stderr=PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, "SIGNAL9_HOME": str(self.home)},
        )


class Sample(NamedTuple):
    """A home with the whole sample, and what the terminal showed while it was ingested."""

    home: Path
    screen: str


def ingest_sample(factory: pytest.TempPathFactory) -> Sample:
    """Ingest the whole sample once, for all tests that only read it."""
    return _ingest_sample(factory.getbasetemp() / "sample")


@cache
def _ingest_sample(home: Path) -> Sample:
    return Sample(home, Shell(home).screen("ingest", width=WIDTH))
