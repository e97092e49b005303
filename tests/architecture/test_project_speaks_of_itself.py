"""No file of the project tells on which machine, or from where, it was made."""

import re
from pathlib import Path
from typing import Final

from .project import ROOT, files

OF_A_MACHINE: Final = re.compile(r"(?<![\w.:/-])/(?:Users|home|root|work)/[\w.-]")
OF_A_REGISTRY: Final = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.(?:npmjs\.org|yarnpkg\.com)|proxy\.golang\.org"
)
LOCKS: Final = re.compile(r"[\w.-]*lock(?:\.(?:json|toml|txt|yaml))?|requirements[\w.-]*\.txt")
URL: Final = re.compile(r"https?://")


def _texts() -> dict[str, str]:
    found = {}
    for path in files():
        content = path.read_bytes()
        if b"\0" not in content[:1024]:
            found[path.relative_to(ROOT).as_posix()] = content.decode("utf-8", "replace")
    return found


def _lines_with(pattern: re.Pattern[str], texts: dict[str, str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts.items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]


def test_no_file_holds_a_path_of_some_machine() -> None:
    assert _lines_with(OF_A_MACHINE, _texts()) == []


def test_no_file_names_a_package_registry() -> None:
    assert _lines_with(OF_A_REGISTRY, _texts()) == []


def test_no_lock_file_holds_urls() -> None:
    locks = {name: text for name, text in _texts().items() if LOCKS.fullmatch(Path(name).name)}

    assert _lines_with(URL, locks) == []
