"""Runs the benchmarks: `python -m tests.benchmarks [--only NAME] [--json]`.

A goal that is missed is shown and does not fail the run; a benchmark that crashes does.
"""

import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from .measure import Measure
from .report import as_json, heading, row, say, working

__all__ = ["BENCHMARKS", "main"]

BENCHMARKS: Final = (
    "startup",
    "search",
    "stores",
    "ingest",
    "prices",
    "providers",
    "serve",
    "api",
    "constructs",
)
"""The modules that have `measures()`, in the order in which they run."""

_OUTPUT: Final = Path("benchmarks.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, write `benchmarks.json` here, and return the exit code."""
    parser = ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="run just this one")
    parser.add_argument("--json", action="store_true", help="print the JSON on stdout as well")
    options = parser.parse_args(arguments)
    measured, crashed = run(options.only or BENCHMARKS)
    document = as_json(measured)
    _OUTPUT.write_text(document, encoding="utf-8")
    if options.json:
        sys.stdout.write(document)
    _conclude(measured, crashed)
    return 1 if crashed else 0


def run(names: Sequence[str]) -> tuple[list[Measure], list[str]]:
    """Return what was measured, and the names of the benchmarks that crashed."""
    measured: list[Measure] = []
    crashed: list[str] = []
    heading()
    for name in names:
        try:
            for measure in _measures(name):
                row(measure)
                measured.append(measure)
        except Exception:  # noqa: BLE001  one that crashes must not hide the others
            crashed.append(name)
            say(traceback.format_exc())
    return measured, crashed


def _measures(name: str) -> Iterator[Measure]:
    """Yield from a benchmark, showing that it is at work whenever it is."""
    with working(name):
        yield from import_module(f".{name}", __package__).measures()


def _conclude(measured: Sequence[Measure], crashed: Sequence[str]) -> None:
    missed = [each.name for each in measured if not each.met]
    say(f"{len(measured)} measures in {_OUTPUT}; goals missed: {', '.join(missed) or 'none'}")
    if crashed:
        say(f"crashed: {', '.join(crashed)}")


if __name__ == "__main__":
    sys.exit(main())
