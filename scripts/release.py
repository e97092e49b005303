"""Checks that a tag can be released, and writes the notes of the release.

`python scripts/release.py v1.2.0` needs that all wheels have the version 1.2.0, and that
`CHANGELOG.md` and the changelog of the constructs have a section for it. The project's section
becomes `dist/notes.md`.
"""

import re
import sys
from pathlib import Path
from typing import Final

VERSIONS: Final = (
    "packages/signal9-core/src/signal9_core/version.py",
    "packages/signal9-constructs/src/signal9_constructs/__init__.py",
    "packages/signal9-handlers/src/signal9_handlers/__init__.py",
)
"""The files from which the wheels take their versions."""

CHANGELOGS: Final = ("CHANGELOG.md", "packages/signal9-constructs/CHANGELOG.md")

_TAG: Final = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")
_VERSION: Final = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)


class ReleaseError(Exception):
    """A tag cannot be released."""


def release_notes(tag: str, root: Path) -> str:
    """Return the changelog's section for `tag`, once everything agrees with the tag."""
    match = _TAG.fullmatch(tag)
    if match is None:
        raise ReleaseError(f"tag {tag!r}: must be a version such as v1.2.0")
    version = match.group(1)
    for file in VERSIONS:
        found = _VERSION.findall((root / file).read_text("utf-8"))
        if found != [version]:
            raise ReleaseError(f"tag {tag}: {file} has the version {', '.join(found) or 'none'}")
    sections = [_section(version, root, file) for file in CHANGELOGS]
    return sections[0]


def _section(version: str, root: Path, file: str) -> str:
    """Return the text below the heading `## VERSION`, with or without a date."""
    heading = rf"^## \[?{re.escape(version)}\]?(?: [^\n]*)?\n(.*?)(?=^## |\Z)"
    text = (root / file).read_text("utf-8")
    match = re.search(heading, text, re.MULTILINE | re.DOTALL)
    if match is None or not match.group(1).strip():
        raise ReleaseError(f"{file}: no section for {version}")
    return match.group(1).strip() + "\n"


def main(tag: str) -> None:
    """Write the notes of a tag to `dist`, or end with the reason why it cannot be released."""
    root = Path(__file__).parents[1]
    try:
        notes = release_notes(tag, root)
    except ReleaseError as error:
        sys.exit(f"error: {error}")
    target = root / "dist" / "notes.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(notes, "utf-8")
    print(f"{tag}: versions and changelogs agree; notes in dist/notes.md")


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]))
