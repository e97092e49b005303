import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from signal9_core.errors import SettingsError
from signal9_core.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SIGNAL9_{name.upper()}", raising=False)


def test_without_any_variable_everything_stays_on_this_machine() -> None:
    settings = load_settings()

    assert (settings.stage, settings.store, settings.provider) == ("local", "sqlite", "sample")
    assert (settings.event_bus, settings.notification_topic) == (None, None)
    assert settings.database == settings.home / "signal9.db"
    assert settings.location == str(settings.database)


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_STAGE", "prod")
    monkeypatch.setenv("SIGNAL9_STORE", "dynamodb")
    monkeypatch.setenv("SIGNAL9_TABLES", '{"Assets": "my-assets"}')
    monkeypatch.setenv("SIGNAL9_TABLE_PREFIX", "s9-")
    monkeypatch.setenv("SIGNAL9_REFRESH_BATCH", "7")

    settings = load_settings()

    assert (settings.stage, settings.refresh_batch) == ("prod", 7)
    assert settings.table_name("Assets") == "my-assets"
    assert settings.table_name("News") == "s9-News"
    assert settings.location == "DynamoDB s9-*"


def test_what_is_given_counts_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_STAGE", "test")

    assert load_settings(stage="dev").stage == "dev"
    assert load_settings(stage=None).stage == "test"


def test_origins_are_listed_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_CORS_ORIGINS", "https://app.signal9.com, http://localhost:5173")

    settings = load_settings()

    assert settings.cors_origins == ("https://app.signal9.com", "http://localhost:5173")


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("EVENT_BUS", "ALPACA_KEY", "REFRESH_BATCH", "TABLES"):
        monkeypatch.setenv(f"SIGNAL9_{name}", "")

    settings = load_settings()

    assert (settings.event_bus, settings.alpaca_key, settings.tables) == (None, None, {})


def test_a_home_with_a_tilde_is_spelled_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("USERPROFILE", "/somewhere")

    assert load_settings(home="~/data").home == Path("/somewhere/data")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STAGE", "Not A Stage"),
        ("STORE", "punched-cards"),
        ("REFRESH_BATCH", "a-few"),
        ("SENTIMENT_WINDOW_DAYS", "-98765"),
        ("TABLES", "no-json"),
        ("TABLES", '{"Assets": 123456}'),
        ("TABLES", '["Assets-list"]'),
        ("CORS_ORIGINS", "https://any-page.example/with/path"),
        ("CORS_ORIGINS", "https://one.example,*"),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SIGNAL9_{variable}", value)

    with pytest.raises(SettingsError, match=f"^SIGNAL9_{variable}: ") as caught:
        load_settings()

    assert value not in "".join(traceback.format_exception(caught.value))


def test_every_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_STORE", "x")
    monkeypatch.setenv("SIGNAL9_REFRESH_BATCH", "x")

    with pytest.raises(SettingsError, match=r"SIGNAL9_STORE: .*; SIGNAL9_REFRESH_BATCH: "):
        load_settings()


def test_a_secret_is_in_no_text_of_the_settings() -> None:
    settings = load_settings(alpaca_key=SecretStr("open-sesame"))

    assert "open-sesame" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.alpaca_key is not None
    assert settings.alpaca_key.get_secret_value() == "open-sesame"


def test_a_wrong_secret_is_not_told() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(alpaca_key=8_675_309)

    assert "8675309" not in "".join(traceback.format_exception(caught.value))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().stage = "prod"  # type: ignore[misc]
