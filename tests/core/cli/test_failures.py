import pytest

from .shell import Shell

USAGE_ERRORS = {
    "prices AAPL --from 2013-02-30": "invalid date '2013-02-30'",
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
    "ingest --what gossip": "--what: 'gossip' must be one of overview, prices",
    "ingest --provider nobody": "--provider",
    "status --verbose": "--verbose",
    "statsu": "status",
}


@pytest.mark.parametrize("command", USAGE_ERRORS)
def test_a_wrong_option_is_named_and_ends_with_two(shell: Shell, command: str) -> None:
    outcome = shell.run(*command.split())

    assert (outcome.code, outcome.out) == (2, "")
    assert USAGE_ERRORS[command] in outcome.err


@pytest.mark.parametrize("command", ["show", "prices", "financials", "news"])
@pytest.mark.parametrize("option", [(), ("--json",)])
def test_an_unknown_ticker_is_answered_with_the_nearest_ones(
    shell: Shell, command: str, option: tuple[str, ...]
) -> None:
    outcome = shell.run(command, "AAPPL", *option)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: no ticker 'AAPPL'; did you mean AAPL")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize("command", ["search apple", "show AAPL", "prices AAPL --json", "news"])
def test_an_empty_store_names_the_command_that_fills_it(empty_shell: Shell, command: str) -> None:
    outcome = empty_shell.run(*command.split())

    assert (outcome.code, outcome.out) == (1, "")
    assert f"run `signal9 --home {empty_shell.home} ingest` first" in outcome.err


def test_a_home_that_cannot_be_created_is_one_clear_line(empty_shell: Shell) -> None:
    empty_shell.home.parent.mkdir(exist_ok=True)
    empty_shell.home.write_text("in the way", encoding="utf-8")

    outcome = empty_shell.run_bare("--home", str(empty_shell.home / "deeper"), "status")

    assert outcome.code == 1
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1


def test_a_wrong_setting_is_named_without_its_value(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_STORE", "attic")

    outcome = shell.run("status")

    assert outcome.code == 1
    assert outcome.err.startswith("error: SIGNAL9_STORE: ")
    assert "attic" not in outcome.err


@pytest.mark.parametrize("provider", ["alphavantage", "alpaca"])
def test_only_an_ingest_needs_a_key(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    empty_shell.run("ingest", "AAPL")
    monkeypatch.setenv("SIGNAL9_PROVIDER", provider)

    for command in ("status", "show AAPL", "prices AAPL", "news AAPL", "financials AAPL"):
        outcome = empty_shell.run(*command.split())
        assert outcome.code == 0, outcome
        # The notice belongs to the source of the data, not to the provider in use today.
        assert ("Bundled sample" in outcome.err) is (command != "status")

    refused = empty_shell.run("ingest", "AAPL")
    assert (refused.code, refused.out) == (1, "")
    assert f"SIGNAL9_{provider.upper()}_KEY is not set" in refused.err
    assert "`signal9 secrets`" in refused.err
