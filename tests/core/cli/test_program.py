import os
import signal
import sys
from pathlib import Path
from subprocess import run

import pytest

from signal9_core.version import __version__

from .shell import Shell

COMMANDS = ("ingest", "status", "search", "show", "prices", "news", "financials")


def test_the_version_is_one_line(empty_shell: Shell) -> None:
    assert empty_shell.run_bare("--version") == (0, f"signal9 {__version__}\n", "")


def test_the_package_runs_as_a_module(empty_shell: Shell) -> None:
    process = empty_shell.start("--version")

    assert process.communicate(timeout=60) == (f"signal9 {__version__}\n", "")
    assert process.returncode == 0


def test_the_version_loads_neither_models_nor_anything_that_draws() -> None:
    script = (
        "import sys, signal9_core.cli\n"
        "signal9_core.cli.make_program()\n"
        "print(sorted({'msgspec', 'pydantic', 'rich.console'} & set(sys.modules)))"
    )

    found = run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)

    assert found.stdout.decode().strip() == "[]"


def test_importing_the_package_and_its_facade_loads_no_models() -> None:
    script = (
        "import sys, signal9_core\n"
        "from signal9_core import Signal9\n"
        "print(sorted({'msgspec', 'pandas', 'pydantic', 'typer'} & set(sys.modules)))"
    )

    found = run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)

    assert found.stdout.decode().strip() == "[]"


def test_help_names_every_command(empty_shell: Shell) -> None:
    found = empty_shell.run_bare("--help")

    assert found.code == 0
    for command in COMMANDS:
        assert f" {command} " in found.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(empty_shell: Shell, command: str) -> None:
    found = empty_shell.run(command, "--help")

    assert found.code == 0
    assert "--json" in found.out
    assert not empty_shell.home.exists()


def test_a_shell_completes_commands_and_choices(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_SIGNAL9_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "signal9 prices IBM --interval ")
    monkeypatch.setenv("COMP_CWORD", "4")

    process = empty_shell.start()

    assert process.communicate(timeout=60)[0].split() == ["1d", "1w", "1mo"]


def test_without_arguments_the_help_is_shown(empty_shell: Shell) -> None:
    assert "Commands" in "".join(empty_shell.run_bare()[1:])


def test_the_home_is_taken_from_the_environment_too(
    stocked_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_HOME", str(stocked_home))

    assert Shell(stocked_home).run_bare("show", "AAPL").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_an_interrupt_ends_a_command_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _contribute(
        tmp_path, "import time, sys\ndef stay():\n    print('here', flush=True)\n    time.sleep(60)"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    process = Shell(tmp_path / "home").start("stay")
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"

    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 130


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_a_closed_pipe_is_no_error_to_talk_about(shell: Shell, arguments: tuple[str, ...]) -> None:
    process = shell.start("prices", "IBM", *arguments)
    assert process.stdout is not None

    process.stdout.close()

    assert process.stderr is not None
    with process:
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_a_contributed_command_runs_under_its_name_with_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_shell: Shell
) -> None:
    _contribute(
        tmp_path,
        "import os\n"
        "def stay(place: str, nights: int = 1):\n"
        "    'Stay somewhere.'\n"
        "    print(place, nights, os.environ['SIGNAL9_HOME'])",
    )
    monkeypatch.syspath_prepend(tmp_path)

    found = empty_shell.run("stay", "home", "--nights", "3")

    assert found == (0, f"home 3 {empty_shell.home}\n", "")
    assert "Stay somewhere." in empty_shell.run("stay", "--help").out


def test_a_wrong_option_of_a_contributed_command_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_shell: Shell
) -> None:
    _contribute(tmp_path, "def stay(nights: int = 1): pass")
    monkeypatch.syspath_prepend(tmp_path)

    found = empty_shell.run("stay", "--nights", "many")

    assert found.code == 2
    assert "--nights" in found.err


def test_what_a_contributed_command_raises_on_purpose_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_shell: Shell
) -> None:
    _contribute(
        tmp_path,
        "from signal9_core.errors import StoreError\ndef stay():\n    raise StoreError('full')",
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert empty_shell.run("stay") == (1, "", "error: full\n")


@pytest.mark.parametrize("code", ["import nowhere_to_be_found", "other = 1", "def stay(:"])
def test_a_contribution_that_cannot_be_loaded_harms_no_other_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell, code: str
) -> None:
    _contribute(tmp_path, code)
    monkeypatch.syspath_prepend(tmp_path)

    assert shell.run("show", "AAPL").code == 0
    assert "From staying: Rooms for the night." in shell.run_bare("--help").out
    found = shell.run("stay")
    assert found.code == 1
    assert found.err.startswith("error: the command stay of staying_")
    assert found.err.count("\n") == 1


def test_a_contribution_cannot_take_a_name_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: Shell
) -> None:
    _contribute(tmp_path, "def stay():\n    print('mine')", name="status")
    monkeypatch.syspath_prepend(tmp_path)

    assert "mine" not in shell.run("status").out


def _contribute(folder: Path, code: str, name: str = "stay") -> None:
    """Install a package that adds one command, in a module that no other test has loaded."""
    module = f"staying_{abs(hash(str(folder)))}"
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    info = folder / "staying-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Name: staying\nVersion: 1.0\nSummary: Rooms for the night.\n", encoding="utf-8"
    )
    (info / "entry_points.txt").write_text(
        f"[signal9.commands]\n{name} = {module}:stay\n", encoding="utf-8"
    )
