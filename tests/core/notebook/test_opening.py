import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signal9_core import Signal9
from signal9_core.bootstrap import App
from signal9_core.errors import PayloadError, SettingsError, StoreError
from signal9_core.notebook.frames import ProgressLine
from signal9_core.settings import load_settings
from tests.fakes import FakeProvider


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_opened_until_it_is_used(tmp_path: Path) -> None:
    s9 = Signal9(tmp_path / "home")

    assert repr(s9) == f"Signal9(home={str(tmp_path / 'home')!r})"
    assert not (tmp_path / "home").exists()


def test_an_empty_home_is_filled_with_the_sample_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Signal9(tmp_path / "home") as s9:
        assert len(s9.prices("AAPL")) > 3000
    shown = capsys.readouterr().err
    assert shown == f"First use of {tmp_path / 'home'}: ingesting the bundled sample, once.\n"

    with Signal9(tmp_path / "home") as s9:
        assert len(s9.prices("AAPL")) > 3000
    assert capsys.readouterr().err == ""


def test_an_interrupted_ingest_is_completed_and_failures_are_named(
    tmp_path: Path,
    use_provider: Callable[[FakeProvider], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    use_provider(FakeProvider(failing={"financials": PayloadError("bad payload")}))
    with App(load_settings(home=tmp_path)) as app:
        app.ingest(tickers=["MSFT"])

    with Signal9(tmp_path) as s9:
        assert len(s9.prices("AAPL")) > 0

    assert "Not ingested: AAPL financials: bad payload\n" in capsys.readouterr().err


def test_arguments_override_the_environment(
    sample_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_HOME", str(sample_home))
    monkeypatch.setenv("SIGNAL9_STAGE", "dev")

    with Signal9(stage="test") as s9:
        assert s9.status().location == str(sample_home / "signal9.db")
        assert s9.status().stage == "test"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hmoe": "folder"}, "no such setting: hmoe"),
        ({"news_max_age_hours": 0}, "SIGNAL9_NEWS_MAX_AGE_HOURS"),
        ({"token": "secret"}, "token requires the url of an API"),
        ({"url": "https://api.example.com", "stage": "test"}, "url cannot be combined"),
    ],
)
def test_wrong_arguments_are_refused_at_once(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Signal9(**arguments)


def test_a_closed_one_opens_again_when_it_is_used(sample_home: Path) -> None:
    s9 = Signal9(sample_home)
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


@pytest.mark.parametrize("is_notebook", [True, False])
def test_progress_elsewhere_is_drawn_in_notebooks_only(
    monkeypatch: pytest.MonkeyPatch, is_notebook: bool
) -> None:
    stream = io.StringIO()
    if is_notebook:
        monkeypatch.setitem(sys.modules, "ipykernel", sys)

    ProgressLine(stream)("prices", 1, 1)

    assert ("1/1" in stream.getvalue()) is is_notebook
