import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset
from signal9_core.errors import PayloadError, ProviderUnavailableError, StoreUnavailableError
from signal9_core.events import NewsIngested
from signal9_core.ports import utc_now
from signal9_core.provider_port import History
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.repositories.companies import AssetRepository
from signal9_core.schemas.operations import IngestAnswer
from signal9_core.schemas.users import NotificationSettingsPatch, RecordPatch, WatchlistPut
from signal9_core.settings import load_settings
from tests.fakes import FakeProvider

from .shell import Shell

UseProvider = Callable[[FakeProvider], None]


def test_an_ingest_counts_what_is_stored_and_what_is_new(
    empty_shell: Shell, use_provider: UseProvider
) -> None:
    use_provider(FakeProvider())

    first, second = empty_shell.run("ingest"), empty_shell.run("ingest", "--json")

    counts = {line.split()[0]: line.split()[1:] for line in first.out.splitlines()[2:]}
    assert first.code == second.code == 0
    assert list(counts) == ["listing", "overview", "prices", "financials", "news"]
    assert counts["prices"][0] == counts["prices"][1] != "0"
    again = IngestAnswer.model_validate_json(second.out)
    assert set(again.changed.values()) == {0}
    assert again.stored["prices"] > 0
    assert (second.err, second.out.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("what", "stored"),
    [("news, prices", ["actions", "prices", "news"]), ("earnings", ["financials"])],
)
def test_companies_and_data_sets_can_be_chosen(
    empty_shell: Shell, what: str, stored: list[str]
) -> None:
    outcome = empty_shell.run("ingest", "aapl", "IBM", "--what", what, "--json")

    assert list(IngestAnswer.model_validate_json(outcome.out).stored) == stored
    assert empty_shell.run("show", "IBM").code == 0
    assert empty_shell.run("show", "MSFT").code == 1


def test_a_company_without_data_at_the_provider_is_refused(empty_shell: Shell) -> None:
    outcome = empty_shell.run("ingest", "ZZZZ")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "error: sample has no data for ZZZZ; it has AAPL, FB, GOOG, IBM, MSFT\n"


def test_progress_is_drawn_on_a_terminal_only(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "━" not in empty_shell.run("ingest", "AAPL").err

    monkeypatch.setenv("FORCE_COLOR", "1")
    outcome = empty_shell.run("ingest", "AAPL")

    for data_set in ("overview", "prices", "financials", "news"):
        assert data_set in outcome.err
    assert "━" in outcome.err
    assert "━" not in outcome.out


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_failures_are_listed_and_end_with_one(
    empty_shell: Shell, use_provider: UseProvider, option: tuple[str, ...]
) -> None:
    down = ProviderUnavailableError("fake is down")
    use_provider(FakeProvider(failing={"prices": down, "news": PayloadError("bad payload")}))

    outcome = empty_shell.run("ingest", *option)

    assert outcome.code == 1
    assert "fake is down" in outcome.out
    assert "bad payload" in outcome.out
    assert ("fake is down (trying again later may help)" in outcome.out) is (not option)
    assert "payload (trying" not in outcome.out
    nothing_stored = empty_shell.run("ingest", "AAPL", "--what", "prices")
    assert nothing_stored.code == 1
    assert "stored" not in nothing_stored.out


def test_an_age_says_what_is_fetched_again(empty_shell: Shell, use_provider: UseProvider) -> None:
    provider = FakeProvider(at=utc_now())
    use_provider(provider)
    empty_shell.run("ingest", "AAPL")
    provider.requests.clear()

    assert empty_shell.run("ingest", "AAPL", "--max-age", "2h").code == 0
    assert provider.requests == []
    assert empty_shell.run("ingest", "AAPL", "--max-age", "0m", "--what", "news").code == 0
    assert [method for method, *_ in provider.requests] == ["news"]


@pytest.mark.parametrize(
    "options", [("--max-age", "soon"), ("--max-age", "-1d"), ("--max-age", "1h", "--force")]
)
def test_an_age_that_says_nothing_is_refused(empty_shell: Shell, options: tuple[str, ...]) -> None:
    outcome = empty_shell.run("ingest", *options)

    assert outcome.code != 0
    assert "max-age" in outcome.err


def test_a_run_and_the_status_tell_when_the_budget_will_have_sufficed(
    empty_shell: Shell, use_provider: UseProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_PROVIDER", "alphavantage")
    monkeypatch.setenv("SIGNAL9_ALPHAVANTAGE_KEY", "key")
    listing = [Asset(ticker=f"T{number}", rank=number) for number in range(1, 31)]
    provider = FakeProvider(name="alphavantage", covering=None, listing=listing, at=utc_now())
    provider.calls = AlphaVantageClient.calls
    use_provider(provider)

    ran, status = empty_shell.run("run"), empty_shell.run("status", width=120)

    assert "27 due are left for the next run; the budget refills at" in ran.out + ran.err
    assert "and suffices at" in ran.out + ran.err
    due = "due +27 companies and lists, 187 calls, until .* at the earliest"
    assert re.search(due, status.out)


def test_ctrl_c_leaves_what_was_stored(empty_shell: Shell, use_provider: UseProvider) -> None:
    class Interrupted(FakeProvider):
        def history(self, ticker: str, first: date | None = None) -> History | None:
            raise KeyboardInterrupt

    use_provider(Interrupted())

    outcome = empty_shell.run("ingest", "AAPL")

    assert (outcome.code, outcome.out) == (130, "")
    assert outcome.err == "stopped; stored data stays, and running the command again continues\n"
    assert empty_shell.run("show", "AAPL").code == 0


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    folder = tmp_path / "recordings" / "alphavantage" / "OVERVIEW"
    folder.mkdir(parents=True)
    overview = {"Symbol": "IBM", "Name": "International Business Machines"}
    (folder / "IBM_2024-01.json").write_text(json.dumps(overview))
    (folder / "MSFT_2024-01.json").write_text('{"Information": "This is a premium endpoint."}')
    return tmp_path / "recordings"


def test_a_replay_changes_tables_once_and_lists_skipped_files(
    empty_shell: Shell, recordings: Path
) -> None:
    first = json.loads(empty_shell.run("replay", str(recordings), "--json").out)
    second = empty_shell.run("replay", str(recordings))

    assert (first["files"], first["stored"], first["changed"]) == (2, {"overview": 1}, 1)
    (skipped,) = first["skipped"]
    assert skipped["file"] == "alphavantage/OVERVIEW/MSFT_2024-01.json"
    assert "premium" in skipped["reason"]
    assert second.code == 0
    assert "overview" in second.out
    assert "MSFT_2024-01.json" in second.out
    assert "0 new or changed, from 2 files" in second.err


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_a_replay_lists_what_failed_and_ends_with_one(
    empty_shell: Shell, recordings: Path, option: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailableError("the disk is full")

    monkeypatch.setattr(AssetRepository, "change", refuse)

    outcome = empty_shell.run("replay", str(recordings), *option)

    assert outcome.code == 1
    for text in ("IBM", "overview", "the disk is full", "MSFT_2024-01.json"):
        assert text in outcome.out


def test_the_progress_of_a_replay_is_drawn_on_a_terminal(
    empty_shell: Shell, recordings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")

    outcome = empty_shell.run("replay", str(recordings))

    assert all(text in outcome.err for text in ("files", "stored", "━"))


def test_an_empty_cache_is_nothing_to_replay_and_a_missing_folder_an_error(
    empty_shell: Shell, tmp_path: Path
) -> None:
    empty = json.loads(empty_shell.run("replay", "--json").out)
    missing = empty_shell.run("replay", str(tmp_path / "nowhere"))

    assert empty == {"files": 0, "stored": {}, "changed": 0, "skipped": [], "failed": []}
    assert missing.code == 1
    assert missing.err.startswith("error: ")
    assert "nowhere" in missing.err


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_secrets_show_where_a_key_comes_from_and_never_the_key(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SIGNAL9_ALPHAVANTAGE_KEY", "do-not-show")

    outcome = empty_shell.run("secrets", *option)

    assert outcome.code == 0
    assert "environment" in outcome.out
    assert "SIGNAL9_ALPACA_SECRET" in outcome.out
    assert "do-not-show" not in outcome.out + outcome.err


def test_status_shows_the_quotas_and_what_to_run_on_an_empty_store(
    empty_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_ALPHAVANTAGE_KEY", "do-not-show")

    outcome = empty_shell.run("status")

    row = next(line for line in outcome.out.splitlines() if line.startswith("alphavantage"))
    assert row.split()[:4] == ["alphavantage", "day", "25", "25"]
    assert row.endswith("UTC")
    assert "nothing yet" in outcome.out
    assert "signal9 ingest" in outcome.err


def test_a_run_says_how_many_notifications_it_has_sent(own_shell: Shell) -> None:
    with App(load_settings(home=own_shell.home)) as app:
        app.users.get("ada", "ada@example.com")
        app.users.patch("ada", RecordPatch(notifications=NotificationSettingsPatch(email=True)))
        app.users.put_watchlist("ada", WatchlistPut(watchlist=["IBM"]))
        at = app.list_news(ticker="IBM", limit=1).items[0].published_at
        app.notify(NewsIngested(at=at, ticker="IBM", first=at, last=at, count=1))

    outcomes = [own_shell.run("run") for _ in range(2)]

    assert "notifications sent: 1, mails: 1" in outcomes[0].err
    assert "notifications" not in outcomes[1].err
