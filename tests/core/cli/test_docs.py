"""The console examples in the documentation show real output; `…` stands for anything."""

import re
from pathlib import Path

import pytest

from .shell import WIDTH, Shell, ingest_sample

ROOT = Path(__file__).parents[3]
PAGES = (
    ROOT / "docs" / "cli.md",
    ROOT / "packages" / "signal9-core" / "README.md",
    ROOT / "README.md",
)
EXAMPLES = [
    example
    for page in PAGES
    for block in re.findall(r"```console\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    for example in re.split(r"^\$ ", block, flags=re.MULTILINE)
    if example.startswith("signal9 ")
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("\n")[0])
def test_the_documentation_shows_what_is_printed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, example: str
) -> None:
    command, _, expected = example.partition("\n")

    if command == "signal9 ingest":
        screen = ingest_sample(tmp_path_factory).screen
    else:
        writes = command.startswith("signal9 ingest")
        shell: Shell = request.getfixturevalue("own_shell" if writes else "shell")
        screen = shell.screen(*command.split()[1:], width=WIDTH)

    pattern = "\n".join(
        ".*".join(map(re.escape, line.rstrip().split("…"))) for line in expected.splitlines()
    )
    shown = "\n".join(line.rstrip() for line in screen.splitlines())
    assert re.fullmatch(pattern.strip(), shown.strip()), shown


def test_every_command_is_documented(empty_shell: Shell) -> None:
    page = PAGES[0].read_text(encoding="utf-8")

    commands = re.findall(r"^│ ([a-z]+) ", empty_shell.run_bare("--help").out, re.MULTILINE)
    assert {"ingest", "secrets", "serve"} < set(commands)
    for command in commands:
        assert f"## {command}\n" in page
