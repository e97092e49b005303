"""The README and the pages of docs/ show what the API answers; `…` stands for anything."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.architecture.project import ROOT

from .sample import Target


def _examples(page: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    text = text.replace("http://127.0.0.1:8000/api/v1", "$S9")
    return [
        example
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL)
        for example in re.split(r"^\$ ", block, flags=re.MULTILINE)
        if "$S9" in example
    ]


EXAMPLES = [*_examples("README.md"), *_examples("docs/api.md")]
CURL = shutil.which("curl")


@pytest.mark.skipif(CURL is None, reason="curl is not installed here")
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("\n")[0])
def test_an_example_shows_what_the_api_answers(
    sample: Target, example: str, tmp_path: Path
) -> None:
    _check(sample, example, tmp_path)


@pytest.mark.skipif(CURL is None, reason="curl is not installed here")
def test_the_examples_about_the_record_show_what_the_api_answers(
    sample: Target, tmp_path: Path
) -> None:
    if sample.token is not None:
        pytest.skip("would delete a real record")
    with sample.client() as client:
        client.delete("/users/me").raise_for_status()

        for example in _examples("docs/api-users.md"):
            _check(sample, example, tmp_path)

        client.delete("/users/me").raise_for_status()


def _check(sample: Target, example: str, tmp_path: Path) -> None:
    command, _, expected = example.partition("\n")
    assert command.startswith("curl ")
    command = command.replace("curl ", f"curl {sample.curl_options} ", 1)

    done = subprocess.run(
        ["sh", "-c", command],
        env={"S9": sample.url, "PATH": f"{Path(CURL or '').parent}:/bin"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        encoding="utf-8",
    )

    pattern = ".*".join(map(re.escape, expected.strip().split("…")))
    assert re.fullmatch(pattern, done.stdout.replace("\r\n", "\n").strip()), done.stdout


def test_the_examples_are_found() -> None:
    assert len(_examples("README.md")) == 1
    assert len(EXAMPLES) >= 13
