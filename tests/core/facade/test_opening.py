import io
import sys
from pathlib import Path

import pytest

from signal9_core import bootstrap as adapters
from signal9_core.bootstrap import App
from signal9_core.errors import PayloadError, SettingsError, StoreError
from signal9_core.notebook.client import Signal9
from signal9_core.notebook.results import ProgressLine
from signal9_core.settings import load_settings
from tests.fakes import FakeProvider


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_opened_until_it_is_used(tmp_path: Path) -> None:
    s9 = Signal9(tmp_path / "home")

    assert repr(s9) == f"Signal9(home={str(tmp_path / 'home')!r})"
    assert not (tmp_path / "home").exists()


def test_the_first_use_of_a_home_brings_the_sample_and_says_so_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Signal9(tmp_path / "home") as s9:
        assert len(s9.prices("AAPL")) > 3000
    said = capsys.readouterr().err
    assert said == f"First use of {tmp_path / 'home'}: ingesting the bundled sample, once.\n"

    with Signal9(tmp_path / "home") as s9:
        assert len(s9.prices("AAPL")) > 3000
    assert capsys.readouterr().err == ""


def test_an_ingest_that_was_broken_off_is_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapters, "make_provider", lambda *_: FakeProvider())
    with App(load_settings(home=tmp_path)) as app:
        app.ingest(tickers=["MSFT"])

    with Signal9(tmp_path) as s9:
        assert len(s9.prices("AAPL")) > 0


def test_what_could_not_be_ingested_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = FakeProvider(failing={"prices": PayloadError("fake sent a riddle")})
    monkeypatch.setattr(adapters, "make_provider", lambda *_: provider)

    with Signal9(tmp_path) as s9:
        s9.status()

    assert "Not ingested: AAPL prices: fake sent a riddle\n" in capsys.readouterr().err


def test_a_home_from_the_environment_is_used(
    stocked_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_HOME", str(stocked_home))

    with Signal9() as s9:
        assert s9.status().location == str(stocked_home / "signal9.db")


def test_settings_given_count_before_the_environment(
    stocked_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_STAGE", "dev")

    with Signal9(stocked_home, stage="test") as s9:
        assert s9.status().stage == "test"


def test_a_setting_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no such setting: hmoe"):
        Signal9(hmoe=tmp_path)


def test_a_wrong_setting_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SIGNAL9_REFRESH_BATCH"):
        Signal9(tmp_path, refresh_batch=0)


def test_a_closed_one_opens_again_when_it_is_used(stocked_home: Path) -> None:
    s9 = Signal9(stocked_home)
    s9.status()
    s9.close()
    s9.close()

    with s9:
        assert s9.asset("IBM").ticker == "IBM"


def test_a_home_that_is_a_file_raises_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")

    with pytest.raises(StoreError):
        Signal9(tmp_path / "file").status()


def test_progress_is_one_line_per_data_set_on_a_terminal() -> None:
    terminal = Terminal()
    draw = ProgressLine(terminal)

    draw("prices", 1, 2)
    draw("prices", 2, 2)
    draw("news", 0, 0)

    lines = terminal.getvalue().split("\n")
    assert [line.split("\r")[-1].split()[-1] for line in lines[:2]] == ["2/2", "0/0"]
    assert "###############..............." in lines[0]


def test_progress_is_drawn_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setitem(sys.modules, "ipykernel", sys)

    ProgressLine(stream)("prices", 1, 1)

    assert "1/1" in stream.getvalue()


def test_progress_is_silent_where_nobody_watches() -> None:
    stream = io.StringIO()

    ProgressLine(stream)("prices", 1, 1)

    assert stream.getvalue() == ""
