"""The mutation score of the rules on which everything depends: `hatch run mutation:all [SUBJECT…]`.

mutmut changes one thing at a time (an operator, a number, a condition) and runs the tests that
reach it; a change that no test notices has survived. It wants `src` at the root, so it gets a copy.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
BUILD: Final = ROOT / "build" / "mutation"
SOURCE: Final = ROOT / "packages" / "signal9-core" / "src" / "signal9_core"

SUBJECTS: Final = {
    "planner": (
        ["services/planner.py"],
        ["services/test_planner.py", "services/test_run.py"],
    ),
    "changes": (
        ["domain/timeseries.py", "domain/coverage.py", "repositories/optimistic.py"],
        [
            "domain/test_timeseries.py",
            "domain/test_coverage.py",
            "repositories/test_optimistic.py",
            "repositories/test_versions.py",
            "repositories/test_reports.py",
            "repositories/test_prices.py",
        ],
    ),
    "quota": (
        ["quota.py", "repositories/state.py"],
        [
            "test_quota.py",
            "test_dead_letters.py",
            "repositories/test_state.py",
            "services/test_queued_work.py",
        ],
    ),
    "codec": (
        ["repositories/price_codec.py"],
        ["repositories/test_price_codec.py", "repositories/test_prices.py"],
    ),
    "formulas": (
        ["domain/adjustment.py", "domain/figures.py"],
        ["domain/test_adjustment.py", "domain/test_figures.py", "services/test_insights.py"],
    ),
}
"""What is changed, and the tests that must notice it, both relative to core."""

_CONFIGURATION: Final = """[tool.mutmut]
source_paths = ["src"]
only_mutate = {modules}
also_copy = ["docs"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "--hypothesis-profile=mutation"]
pytest_add_cli_args_test_selection = {tests}
use_setproctitle = false
track_dependencies = false
use_git_change_detection = false

"""


def measure(subject: str) -> dict[str, object]:
    """Return how many changes of a subject were noticed, and which were not."""
    modules, tests = SUBJECTS[subject]
    folder = BUILD / subject
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SOURCE, folder / "src" / "signal9_core")
    for part in ("tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    configuration = _CONFIGURATION.format(
        modules=json.dumps([f"src/signal9_core/{module}" for module in modules]),
        tests=json.dumps([f"tests/core/{test}" for test in tests]),
    )
    (folder / "pyproject.toml").write_text(configuration, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.environ.get("MUT", "")}
    mutmut = [sys.executable, "-m", "mutmut"]
    subprocess.run([*mutmut, "run"], cwd=folder, env=environment, check=True)
    results = subprocess.run(
        [*mutmut, "results", "--all", "true"],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    outcomes = dict(line.strip().rsplit(": ", 1) for line in results.stdout.splitlines() if line)
    survivors = [name for name, outcome in outcomes.items() if outcome in _UNNOTICED]
    return {
        "subject": subject,
        "changes": len(outcomes),
        "score": round(1 - len(survivors) / len(outcomes), 3),
        "survivors": survivors,
    }


_UNNOTICED: Final = ("survived", "no tests")


def main() -> None:
    """Measure the named subjects, or all, and print the scores as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subjects", nargs="*", choices=[[], *SUBJECTS], metavar="SUBJECT")
    chosen = parser.parse_args().subjects or list(SUBJECTS)
    sys.stdout.write(json.dumps([measure(subject) for subject in chosen], indent=1))


if __name__ == "__main__":
    main()
