"""Eight processes with one budget of 200 make exactly 200 calls."""

import os
import subprocess
import sys
from pathlib import Path

from .spending import BUDGET

PROCESSES = 8


def test_eight_processes_never_overdraw_a_budget(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.core.quotas.spending", str(tmp_path / "signal9.db")]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ)
        for _ in range(PROCESSES)
    ]

    outputs = [process.communicate(timeout=60)[0] for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES
    assert sum(map(int, outputs)) == BUDGET
