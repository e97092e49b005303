from datetime import date

import pytest

from signal9_core import bootstrap as adapters
from signal9_core.errors import PayloadError, ProviderError, ProviderUnavailableError
from signal9_core.ports import History
from signal9_core.schemas import IngestAnswer
from tests.fakes import FakeProvider

from .shell import Shell


def test_an_ingest_counts_what_is_stored_and_what_is_new(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "make_provider", lambda *_: FakeProvider())

    found = empty_shell.run("ingest")

    assert found.code == 0
    counts = {line.split()[0]: line.split()[1:] for line in found.out.splitlines()[2:]}
    assert list(counts) == ["listing", "overview", "prices", "financials", "news"]
    assert counts["prices"][0] == counts["prices"][1] != "0"


def test_a_second_ingest_changes_nothing(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "make_provider", lambda *_: FakeProvider())
    empty_shell.run("ingest")

    answer = IngestAnswer.model_validate_json(empty_shell.run("ingest", "--json").out)

    assert set(answer.changed.values()) == {0}
    assert answer.stored["prices"] > 0


def test_json_stands_alone(own_shell: Shell) -> None:
    found = own_shell.run("ingest", "AAPL", "--json")

    assert (found.code, found.err, found.out.count("\n")) == (0, "", 1)


def test_companies_and_data_sets_can_be_chosen(empty_shell: Shell) -> None:
    found = empty_shell.run("ingest", "aapl", "IBM", "--what", "news, prices", "--json")

    answer = IngestAnswer.model_validate_json(found.out)
    assert list(answer.stored) == ["prices", "news"]
    assert empty_shell.run("prices", "IBM").code == 0
    assert empty_shell.run("prices", "MSFT").code == 1


def test_a_company_of_which_the_provider_has_nothing_is_refused(own_shell: Shell) -> None:
    found = own_shell.run("ingest", "ZZZZ")

    assert (found.code, found.out) == (1, "")
    assert found.err == "error: sample knows nothing of ZZZZ; it has AAPL, FB, GOOG, IBM, MSFT\n"
    assert own_shell.run("show", "ZZZZ").code == 1


def test_there_is_no_progress_where_nobody_watches(empty_shell: Shell) -> None:
    assert "━" not in empty_shell.run("ingest", "AAPL").err


def test_progress_is_drawn_on_a_terminal_for_each_data_set(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    found = empty_shell.run("ingest", "AAPL")

    for data_set in ("overview", "prices", "financials", "news"):
        assert data_set in found.err
    assert "━" in found.err
    assert "━" not in found.out


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_failures_are_listed_and_end_with_one(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    provider = FakeProvider(
        failing={
            "prices": ProviderUnavailableError("fake is away"),
            "news": PayloadError("fake sent a riddle"),
        }
    )
    monkeypatch.setattr(adapters, "make_provider", lambda *_: provider)

    found = empty_shell.run("ingest", *option)

    assert found.code == 1
    assert "fake is away" in found.out
    assert "fake sent a riddle" in found.out
    if not option:
        assert "fake is away (trying again later may help)" in found.out
        assert "riddle (trying" not in found.out


def test_where_nothing_is_stored_there_is_no_empty_table(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = ProviderUnavailableError("fake is away")
    failing: dict[str, ProviderError] = {"overview": away, "prices": away}
    monkeypatch.setattr(adapters, "make_provider", lambda *_: FakeProvider(failing=failing))

    found = empty_shell.run("ingest", "AAPL", "--what", "overview,prices")

    assert found.code == 1
    assert "stored" not in found.out


def test_ctrl_c_is_said_to_leave_what_was_stored(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(FakeProvider):
        def history(self, ticker: str, first: date | None = None) -> History | None:
            raise KeyboardInterrupt

    monkeypatch.setattr(adapters, "make_provider", lambda *_: Stopped())

    found = empty_shell.run("ingest", "AAPL")

    assert (found.code, found.out) == (130, "")
    assert found.err == "stopped; what was stored stays, and the same command goes on there\n"
    monkeypatch.setattr(adapters, "make_provider", lambda *_: FakeProvider())
    assert empty_shell.run("show", "AAPL").code == 0


@pytest.mark.parametrize("provider", ["alphavantage", "alpaca"])
def test_what_is_stored_can_be_looked_at_without_a_key(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    empty_shell.run("ingest", "AAPL")
    monkeypatch.setenv("SIGNAL9_PROVIDER", provider)

    for command in ("status", "show AAPL", "prices AAPL", "news AAPL", "financials AAPL"):
        found = empty_shell.run(*command.split())
        assert found.code == 0, found
        # What people must know is of where the data are from, whatever would be asked today.
        assert ("Bundled sample" in found.err) is (command != "status")

    refused = empty_shell.run("ingest", "AAPL")
    assert (refused.code, refused.out) == (1, "")
    assert f"SIGNAL9_{provider.upper()}_KEY is not set" in refused.err
    assert "`signal9 secrets`" in refused.err
