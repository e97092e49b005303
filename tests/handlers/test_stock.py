"""What the command does and says about what is stored."""

from pathlib import Path

import pytest

from signal9_core.bootstrap import App
from signal9_core.errors import PayloadError
from signal9_core.settings import Settings
from signal9_handlers.local.stock import ingest_once, tell_stock
from tests.fakes import FakeProvider


def test_what_could_not_be_ingested_is_told_and_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = FakeProvider(failing={"news AAPL": PayloadError("fake sent nonsense")})
    with App(Settings(home=tmp_path), provider=provider) as app:
        ingest_once(app)
        first = capsys.readouterr().err
        provider.failing.clear()
        ingest_once(app)
        second = capsys.readouterr().err

        assert app.is_ingested()

    assert first == "not ingested: news of AAPL: fake sent nonsense\n"
    assert second == ""


def test_a_finished_ingest_is_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    provider = FakeProvider()
    with App(Settings(home=tmp_path), provider=provider) as app:
        ingest_once(app)
        provider.failing["news"] = PayloadError("asked again")

        ingest_once(app)

    assert capsys.readouterr().err == ""


def test_what_is_stored_is_told_with_the_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with App(Settings(home=tmp_path), provider=FakeProvider()) as app:
        app.ingest()

        tell_stock(app)

    stored, notice = capsys.readouterr().out.splitlines()
    assert "4 companies, 3 of them with 5 daily prices, 4 reports, 4 articles" in stored
    assert notice == "Made up."
