"""How long things take."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from statistics import median, quantiles
from time import perf_counter
from timeit import repeat

from .report import say

__all__ = [
    "best_ms",
    "cpu_ms",
    "import_ms",
    "installed",
    "milliseconds",
    "output",
    "p95",
    "run_ms",
]


def milliseconds(call: Callable[[], object]) -> float:
    """Return how long one call takes."""
    started = perf_counter()
    call()
    return (perf_counter() - started) * 1_000


def best_ms(*calls: Callable[[], object], rounds: int = 15) -> list[float]:
    """Return the best time of each call, all taken in turns so that none has the quiet moments."""
    times = [[min(repeat(call, number=1, repeat=3)) for call in calls] for _ in range(rounds)]
    return [min(each) * 1_000 for each in zip(*times, strict=True)]


def p95(values: Sequence[float]) -> float:
    """Return the value that 95 of 100 stay below."""
    return quantiles(values, n=20)[-1]


def run_ms(command: Sequence[str], *, runs: int) -> float:
    """Return the median time that a command takes from start to end, after one run to warm up."""
    times = [milliseconds(lambda: output(command)) for _ in range(runs + 1)]
    return median(times[1:])


def import_ms(statement: str, *, runs: int) -> float:
    """Return the median time of an import in a fresh interpreter, above starting one."""
    program = (
        "from time import perf_counter as now\n"
        f"started = now()\n{statement}\nprint((now() - started) * 1_000)"
    )
    times = [float(output([sys.executable, "-c", program])) for _ in range(runs + 1)]
    return median(times[1:])


def cpu_ms(program: str, *, runs: int, environment: Mapping[str, str]) -> float:
    """Return the CPU time that a program takes in a fresh interpreter, above starting one.

    The least of several runs: whatever else the machine does can only add to it.
    """
    command = [sys.executable, "-c"]
    return _cpu_ms([*command, program], runs, environment) - _cpu_ms([*command, ""], runs, {})


def _cpu_ms(command: Sequence[str], runs: int, environment: Mapping[str, str]) -> float:
    times = []
    for _ in range(runs + 1):
        before = _children_s()
        subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
        times.append(_children_s() - before)
    return min(times[1:]) * 1_000


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def installed(module: str, distribution: str) -> bool:
    """Tell whether a peer is there to be measured, and say so where it is not."""
    present = find_spec(module) is not None
    if not present:
        say(f"{distribution} is not installed here: no comparison with it")
    return present


def output(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    """Return what a command prints; it must succeed."""
    done = subprocess.run(
        command, env=environment, check=False, capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return done.stdout
