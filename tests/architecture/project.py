"""Where the project's files are, and what they define; read without importing them."""

import ast
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

__all__ = [
    "ROOT",
    "SOURCES",
    "Module",
    "documents",
    "files",
    "modules",
    "output",
]

ROOT: Final = Path(__file__).parents[2]

SOURCES: Final = {
    "signal9_core": ROOT / "packages/signal9-core/src/signal9_core",
    "signal9_constructs": ROOT / "packages/signal9-constructs/src/signal9_constructs",
    "signal9_handlers": ROOT / "packages/signal9-handlers/src/signal9_handlers",
    "signal9_deploy": ROOT / "deploy/src/signal9_deploy",
}
"""The folder of every package that is built here."""


class Module(NamedTuple):
    """A Python file of a package."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def uses_cdk(self) -> bool:
        """Whether it describes infrastructure."""
        return self.name.startswith(("signal9_constructs.", "signal9_deploy.stacks."))


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the packages, by name."""
    read = [
        _read(package, folder, path)
        for package, folder in SOURCES.items()
        for path in folder.rglob("*.py")
    ]
    return tuple(sorted(read, key=lambda module: module.name))


@cache
def files() -> tuple[Path, ...]:
    """Return every file that belongs to the project, new ones included."""
    listed = output("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    paths = (ROOT / name for name in sorted(set(listed.split("\0"))) if name)
    return tuple(path for path in paths if path.is_file())


def documents() -> dict[Path, str]:
    """Return the text of every Markdown file by its path in the project."""
    return {
        path.relative_to(ROOT): path.read_text(encoding="utf-8")
        for path in files()
        if path.suffix == ".md"
    }


def output(*command: str | Path) -> str:
    """Return what a command prints in the project's folder; it must succeed.

    It runs unmeasured, since a coverage tool at work loads modules and opens files of its own.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    shown = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        command, cwd=ROOT, env=plain | shown, check=False, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, f"{command[0]} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


def _read(package: str, folder: Path, path: Path) -> Module:
    parts = path.relative_to(folder).with_suffix("").parts
    name = ".".join((package, *parts)).removesuffix(".__init__")
    text = path.read_text(encoding="utf-8")
    return Module(name, path, text, ast.parse(text))
