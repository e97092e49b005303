"""What the tour shows is what the API answers; `…` there stands for anything."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.runtime import application
from tests.architecture.project import ROOT
from tests.core.cli.stocked import stocked

from .conftest import serving

PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
EXAMPLES = [
    example
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for example in re.split(r"^\$ ", block, flags=re.MULTILINE)
    if example
]
CURL = shutil.which("curl")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The whole sample, served; examples only read it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGNAL9_HOME", str(stocked(tmp_path_factory).home))
        application.cache_clear()
        with application(), serving(LocalServer(Site(None))) as address:
            yield f"{address}/api/v1"
        application.cache_clear()


@pytest.mark.skipif(CURL is None, reason="curl is not installed here")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("\n")[0])
def test_the_tour_shows_what_is_answered(served: str, example: str, tmp_path: Path) -> None:
    command, _, expected = example.partition("\n")
    assert command.startswith("curl ")

    done = subprocess.run(
        ["sh", "-c", command],
        env={"S9": served, "PATH": f"{Path(CURL or '').parent}:/bin"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )

    pattern = ".*".join(map(re.escape, expected.strip().split("…")))
    assert re.fullmatch(pattern, done.stdout.replace("\r\n", "\n").strip()), done.stdout


def test_the_tour_is_more_than_a_few_commands() -> None:
    assert len(EXAMPLES) >= 12
