import pytest

from .shell import Shell

USAGE = {
    "prices AAPL --from 2013-02-30": "--from",
    "prices AAPL --to 2013-W09-5": "--to",
    "prices AAPL --from 20130301": "--from",
    "prices AAPL --from 2013-02-02 --to 2013-02-01": "--from",
    "prices AAPL --limit 0": "--limit",
    "prices AAPL --limit 10001": "--limit",
    "prices AAPL --limit many": "--limit",
    "prices AAPL --interval 2d": "--interval",
    "prices AAPL --cursor nonsense": "--cursor",
    "prices AAPL --format columns": "--format",
    "prices AAPL --format pictures --json": "--format",
    "prices A*B": "TICKER",
    "prices": "TICKER",
    "news AAPL --ticker IBM": "--ticker",
    "news --limit 1001": "--limit",
    "news --from 2013-02-02 --to 2013-02-01": "--from",
    "financials AAPL --report tales": "--report",
    "financials AAPL --period daily": "--period",
    "financials AAPL --limit 201": "--limit",
    "search apple --limit 51": "--limit",
    "search": "QUERY",
    "ingest --what gossip": "--what",
    "status --verbose": "--verbose",
    "statsu": "status",
}


@pytest.mark.parametrize("command", USAGE)
def test_a_wrong_option_is_named_and_ends_with_two(shell: Shell, command: str) -> None:
    found = shell.run(*command.split())

    assert (found.code, found.out) == (2, "")
    assert USAGE[command] in found.err


@pytest.mark.parametrize("command", ["show", "prices", "financials", "news"])
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_an_unknown_ticker_is_answered_with_the_nearest_ones(
    shell: Shell, command: str, option: tuple[str, ...]
) -> None:
    found = shell.run(command, "AAPPL", *option)

    assert (found.code, found.out) == (1, "")
    assert found.err.startswith("error: no ticker 'AAPPL'; did you mean AAPL")
    assert found.err.count("\n") == 1


@pytest.mark.parametrize("command", ["search apple", "show AAPL", "prices AAPL", "news"])
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_an_empty_store_names_the_command_that_fills_it(
    empty_shell: Shell, command: str, option: tuple[str, ...]
) -> None:
    found = empty_shell.run(*command.split(), *option)

    assert (found.code, found.out) == (1, "")
    assert f"run `signal9 --home {empty_shell.home} ingest` first" in found.err


def test_a_home_that_cannot_be_made_is_one_clear_line(empty_shell: Shell) -> None:
    empty_shell.home.parent.mkdir(exist_ok=True)
    empty_shell.home.write_text("in the way", encoding="utf-8")

    found = empty_shell.run_bare("--home", str(empty_shell.home / "deeper"), "status")

    assert found.code == 1
    assert found.err.startswith("error: ")
    assert found.err.count("\n") == 1


def test_a_wrong_setting_is_named_without_a_traceback(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_STORE", "attic")

    found = shell.run("status")

    assert found.code == 1
    assert found.err.startswith("error: SIGNAL9_STORE: ")
    assert "attic" not in found.err
