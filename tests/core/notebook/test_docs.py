"""The notebook examples in the documentation show real output; `...` stands for anything."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = (ROOT / "docs" / "notebook.md", ROOT / "packages" / "signal9-core" / "README.md")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_documentation_shows_what_is_returned(
    page: Path, sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_HOME", str(sample_home))
    text = page.read_text(encoding="utf-8")
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", text, re.DOTALL))
    parsed = doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0)
    differences: list[str] = []

    runner = doctest.DocTestRunner(optionflags=FLAGS)
    result = runner.run(parsed, out=differences.append, clear_globs=False)
    parsed.globs["s9"].close()

    assert result.attempted > 3
    assert result.failed == 0, "".join(differences)
