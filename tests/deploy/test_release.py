"""A tag is released only if versions and changelogs agree with it."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from tests.architecture.project import ROOT

CHANGELOG: Final = """# Changelog

## Unreleased

- Not yet.

## 1.2.0 (2026-11-25)

- A change.

## 1.1.0

- Another.
"""


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "scripts/release.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(release: ModuleType, tmp_path: Path) -> Path:
    for file in release.VERSIONS:
        _write(tmp_path / file, '__version__ = "1.2.0"\n')
    for file in release.CHANGELOGS:
        _write(tmp_path / file, CHANGELOG)
    return tmp_path


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


def test_the_notes_are_the_section_of_the_version(release: ModuleType, root: Path) -> None:
    assert release.release_notes("v1.2.0", root) == "- A change.\n"


@pytest.mark.parametrize("tag", ["1.2.0", "v1.2", "v1.2.0-beta", "v1.2.0/../x", ""])
def test_a_tag_that_is_no_version_is_refused(release: ModuleType, root: Path, tag: str) -> None:
    with pytest.raises(release.ReleaseError, match=r"must be a version such as v1\.2\.0"):
        release.release_notes(tag, root)


def test_a_wheel_of_another_version_is_named(release: ModuleType, root: Path) -> None:
    _write(root / release.VERSIONS[2], '__version__ = "1.1.0"\n')

    with pytest.raises(release.ReleaseError, match=r"signal9_handlers.* has the version 1\.1\.0"):
        release.release_notes("v1.2.0", root)


@pytest.mark.parametrize("text", ["## Unreleased\n- x\n", "## 1.2.0\n\n## 1.1.0\n- x\n"])
def test_a_changelog_without_a_section_is_named(release: ModuleType, root: Path, text: str) -> None:
    _write(root / release.CHANGELOGS[1], text)

    with pytest.raises(release.ReleaseError, match=r"CHANGELOG\.md: no section for 1\.2\.0"):
        release.release_notes("v1.2.0", root)


def test_the_wheels_have_their_versions_where_the_check_looks(release: ModuleType) -> None:
    for file in (*release.VERSIONS, *release.CHANGELOGS):
        assert (ROOT / file).exists()
    for file in release.VERSIONS:
        assert '__version__ = "' in (ROOT / file).read_text("utf-8")
