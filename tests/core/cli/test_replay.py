import json
from pathlib import Path

import pytest

from .shell import Shell

OVERVIEW = {"Symbol": "IBM", "Name": "International Business Machines"}


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings" / "alphavantage" / "OVERVIEW"
    folder.mkdir(parents=True)
    (folder / "IBM_2024-01.json").write_text(json.dumps(OVERVIEW))
    (folder / "MSFT_2024-01.json").write_text('{"Information": "This is a premium endpoint."}')
    return tmp_path / "recordings"


def test_a_folder_is_replayed_once(empty_shell: Shell, recordings: Path) -> None:
    first = json.loads(empty_shell.run("replay", str(recordings), "--json").out)
    second = json.loads(empty_shell.run("replay", str(recordings), "--json").out)

    assert first["files"] == 2
    assert first["stored"] == {"overview": 1}
    assert [first["changed"], second["changed"]] == [1, 0]
    (skipped,) = first["skipped"]
    assert skipped["file"] == "alphavantage/OVERVIEW/MSFT_2024-01.json"
    assert "premium" in skipped["reason"]


def test_people_read_what_was_stored_and_what_was_not(empty_shell: Shell, recordings: Path) -> None:
    found = empty_shell.run("replay", str(recordings))

    assert found.code == 0
    assert "overview" in found.out
    assert "MSFT_2024-01.json" in found.out
    assert "1 new or changed, from 2 files" in found.err


def test_an_empty_cache_is_nothing_to_replay(empty_shell: Shell) -> None:
    found = json.loads(empty_shell.run("replay", "--json").out)

    assert found == {"files": 0, "stored": {}, "changed": 0, "skipped": []}


def test_a_folder_that_is_none_is_one_line(empty_shell: Shell, tmp_path: Path) -> None:
    found = empty_shell.run("replay", str(tmp_path / "nowhere"))

    assert found.code == 1
    assert found.err.startswith("error: ")
    assert "there is no such folder" in found.err


def test_secrets_say_where_and_never_what(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_ALPHAVANTAGE_KEY", "do-not-tell")

    for option in ((), ("--json",)):
        found = empty_shell.run("secrets", *option)
        assert found.code == 0
        assert "environment" in found.out
        assert "SIGNAL9_ALPACA_SECRET" in found.out
        assert "do-not-tell" not in found.out + found.err


def test_status_shows_what_is_left_of_the_quotas(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_ALPHAVANTAGE_KEY", "do-not-tell")

    found = empty_shell.run("status")

    row = next(line for line in found.out.splitlines() if line.startswith("alphavantage"))
    assert row.split()[:4] == ["alphavantage", "day", "25", "25"]
    assert row.endswith("UTC")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--provider", "nobody"), "--provider: 'nobody' is none of sample, alphavantage, alpaca"),
        (("--provider", "alphavantage"), "SIGNAL9_ALPHAVANTAGE_KEY"),
        (("--what", "gossip"), "earnings, all"),
    ],
)
def test_what_cannot_be_ingested_is_said(
    empty_shell: Shell, arguments: tuple[str, ...], message: str
) -> None:
    found = empty_shell.run("ingest", "IBM", *arguments)

    assert found.code in {1, 2}
    assert message in found.err


def test_earnings_come_with_the_reports(empty_shell: Shell) -> None:
    found = json.loads(
        empty_shell.run("ingest", "IBM", "--what", "earnings", "--provider", "sample", "--json").out
    )

    assert list(found["stored"]) == ["financials"]
