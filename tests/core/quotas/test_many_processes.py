"""Eight processes with one budget of 200 make exactly 200 calls."""

from pathlib import Path

from .spending import BUDGET, calls_of_processes


def test_eight_processes_never_overdraw_a_budget(tmp_path: Path) -> None:
    assert calls_of_processes(str(tmp_path / "signal9.db")) == BUDGET
