"""`signal9 demo`, as somebody without any key runs it."""

import re
from pathlib import Path

import pytest

from .shell import Shell


@pytest.mark.parametrize("provider", ["alpaca", "alphavantage"])
def test_a_stage_fills_itself_and_a_user_is_notified(empty_shell: Shell, provider: str) -> None:
    found = empty_shell.run("demo", "--companies", "12", "--provider", provider)

    assert found.code == 0, found
    assert re.search(r"^prices +6,0", found.out, re.MULTILINE)
    assert re.search(r"^notified +company", found.out, re.MULTILINE)
    assert re.search(r"^\d{4}-\d\d-\d\d \d\d:\d\d +[A-Z]", found.out, re.MULTILINE)
    assert "tone of the news" in found.out
    assert f"from {provider} in" in found.err


def test_what_it_ingested_stays_in_a_home_that_is_named(empty_shell: Shell) -> None:
    assert empty_shell.run("demo", "--companies", "2").code == 0

    assert "GOOGL" in empty_shell.run("show", "GOOGL").out


def test_simulated_data_are_never_mixed_with_others(empty_shell: Shell) -> None:
    assert empty_shell.run("ingest").code == 0

    found = empty_shell.run("demo", "--companies", "2")

    assert found.code != 0
    assert "name an empty folder with --home" in found.err
    assert "GOOGL" not in empty_shell.run("status").out


def test_without_a_home_it_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SIGNAL9_HOME")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    found = Shell(tmp_path / "home").run_bare("demo", "--companies", "1")

    assert found.code == 0, found
    assert list(tmp_path.iterdir()) == []


def test_it_never_reaches_what_the_environment_leads_to(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_STORE", "dynamodb")
    monkeypatch.setenv("SIGNAL9_EVENT_BUS", "signal9-events-prod")
    monkeypatch.setenv("SIGNAL9_CACHE_BUCKET", "signal9-cache-prod")

    assert empty_shell.run("demo", "--companies", "1").code == 0
    assert (empty_shell.home / "signal9.db").exists()
