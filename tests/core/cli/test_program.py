import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import run

import pytest

from signal9_core import __version__

from .shell import Shell

COMMANDS = (
    "ingest", "status", "search", "show", "prices", "news", "financials", "replay", "secrets",
)  # fmt: skip


def test_the_version_is_one_line(empty_shell: Shell) -> None:
    process = empty_shell.start("--version")

    assert process.communicate(timeout=60) == (f"signal9 {__version__}\n", "")
    assert process.returncode == 0
    assert empty_shell.run_bare("--version") == (0, f"signal9 {__version__}\n", "")


@pytest.mark.parametrize(
    "code",
    [
        "import signal9_core.cli; signal9_core.cli.make_program()",
        "from signal9_core import Signal9",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_used(code: str) -> None:
    heavy = {"msgspec", "pandas", "pydantic", "rich.console"}
    script = f"import sys; {code}; print(sorted({heavy} & set(sys.modules)))"

    process = run([sys.executable, "-c", script], capture_output=True, check=True, timeout=60)

    assert process.stdout.decode().strip() == "[]"


def test_help_names_every_command_and_each_explains_itself(empty_shell: Shell) -> None:
    overview = empty_shell.run_bare("--help")

    assert overview.code == 0
    assert "Commands" in "".join(empty_shell.run_bare()[1:])
    for command in COMMANDS:
        assert f" {command} " in overview.out
        assert "--json" in empty_shell.run(command, "--help").out
    assert not empty_shell.home.exists()


def test_a_shell_completes_commands_and_choices(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_SIGNAL9_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "signal9 prices IBM --interval ")
    monkeypatch.setenv("COMP_CWORD", "4")

    process = empty_shell.start()

    assert process.communicate(timeout=60)[0].split() == ["1d", "1w", "1mo"]


def test_the_home_can_come_from_the_environment(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_HOME", str(sample_home))

    assert Shell(sample_home).run_bare("show", "AAPL").code == 0


@pytest.mark.parametrize("arguments", [("--json",), ()])
def test_a_closed_pipe_is_not_an_error(shell: Shell, arguments: tuple[str, ...]) -> None:
    process = shell.start("prices", "IBM", *arguments)
    assert process.stdout is not None

    process.stdout.close()

    assert process.stderr is not None
    with process:
        shown = process.stderr.read()
    assert "Traceback" not in shown
    assert "Exception ignored" not in shown


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a package that adds one command, in a module that no other test has imported."""

    def install(code: str, name: str = "stay") -> None:
        folder = tmp_path / "site"
        module = f"hotel_{abs(hash(str(folder)))}"
        info = folder / "hotel-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_text(code, encoding="utf-8")
        metadata = "Name: hotel\nVersion: 1.0\nSummary: Rooms for the night.\n"
        (info / "METADATA").write_text(metadata, encoding="utf-8")
        entry = f"[signal9.commands]\n{name} = {module}:stay\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)

    return install


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
def test_an_interrupt_ends_a_command_without_a_traceback(
    install: Callable[..., None], empty_shell: Shell
) -> None:
    install("import time\ndef stay():\n    print('here', flush=True)\n    time.sleep(60)")
    process = empty_shell.start("stay")
    assert process.stdout is not None
    assert process.stdout.readline() == "here\n"

    process.send_signal(signal.SIGINT)

    assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 130


def test_a_plug_in_runs_under_its_name_with_its_options_and_home(
    install: Callable[..., None], empty_shell: Shell
) -> None:
    install(
        "import os\n"
        "def stay(place: str, nights: int = 1):\n"
        "    'Book a room.'\n"
        "    print(place, nights, os.environ['SIGNAL9_HOME'])"
    )

    outcome = empty_shell.run("stay", "inn", "--nights", "3")

    assert outcome == (0, f"inn 3 {empty_shell.home}\n", "")
    assert "Book a room." in empty_shell.run("stay", "--help").out
    wrong = empty_shell.run("stay", "inn", "--nights", "many")
    assert wrong.code == 2
    assert "--nights" in wrong.err


def test_an_error_of_signal9_in_a_plug_in_is_one_line(
    install: Callable[..., None], empty_shell: Shell
) -> None:
    install("from signal9_core.errors import StoreError\ndef stay():\n    raise StoreError('full')")

    assert empty_shell.run("stay") == (1, "", "error: full\n")


@pytest.mark.parametrize("code", ["import nowhere_to_be_found", "other = 1", "def stay(:"])
def test_a_broken_plug_in_breaks_no_other_command(
    install: Callable[..., None], shell: Shell, code: str
) -> None:
    install(code)

    assert shell.run("show", "AAPL").code == 0
    assert "From hotel: Rooms for the night." in shell.run_bare("--help").out
    outcome = shell.run("stay")
    assert outcome.code == 1
    assert outcome.err.startswith("error: the command stay of hotel_")
    assert outcome.err.count("\n") == 1


def test_a_plug_in_cannot_replace_a_command(install: Callable[..., None], shell: Shell) -> None:
    install("def stay():\n    print('mine')", name="status")

    assert "mine" not in shell.run("status").out
