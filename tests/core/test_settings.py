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
    monkeypatch.setenv("SIGNAL9_NEWS_MAX_AGE_HOURS", "7")
    monkeypatch.setenv("SIGNAL9_CORS_ORIGINS", "https://app.signal9.com, http://localhost:5173")
    monkeypatch.setenv("SIGNAL9_EVENT_BUS", "")

    settings = load_settings()

    assert (settings.stage, settings.news_max_age_hours, settings.event_bus) == ("prod", 7, None)
    assert (settings.table_name("Assets"), settings.table_name("News")) == ("my-assets", "s9-News")
    assert settings.location == "DynamoDB s9-*"
    assert settings.cors_origins == ("https://app.signal9.com", "http://localhost:5173")


def test_overrides_count_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_STAGE", "test")

    assert load_settings(stage="dev").stage == "dev"
    assert load_settings(stage=None).stage == "test"


def test_a_home_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("USERPROFILE", "/somewhere")

    assert load_settings(home="~/data").home == Path("/somewhere/data")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STAGE", "Not A Stage"),
        ("STORE", "punched-cards"),
        ("NEWS_MAX_AGE_HOURS", "a-few"),
        ("SENTIMENT_WINDOW_DAYS", "-98765"),
        ("TABLES", "no-json"),
        ("TABLES", '{"Assets": 123456}'),
        ("TABLES", '["Assets-list"]'),
        ("CORS_ORIGINS", "https://any-page.example/with/path"),
        ("CORS_ORIGINS", "https://one.example,*"),
    ],
)
def test_an_invalid_variable_is_named_without_its_value(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"SIGNAL9_{variable}", value)

    with pytest.raises(SettingsError, match=f"^SIGNAL9_{variable}: ") as caught:
        load_settings()

    assert value not in "".join(traceback.format_exception(caught.value))


def test_every_invalid_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNAL9_STORE", "x")
    monkeypatch.setenv("SIGNAL9_NEWS_MAX_AGE_HOURS", "x")

    with pytest.raises(SettingsError, match=r"SIGNAL9_STORE: .*; SIGNAL9_NEWS_MAX_AGE_HOURS: "):
        load_settings()


def test_secrets_are_shown_nowhere() -> None:
    settings = load_settings(alpaca_key=SecretStr("open-sesame"))

    assert "open-sesame" not in f"{settings!r} {settings} {settings.model_dump_json()}"
    assert settings.alpaca_key == SecretStr("open-sesame")
    with pytest.raises(SettingsError) as caught:
        load_settings(alpaca_key=8_675_309)
    assert "8675309" not in "".join(traceback.format_exception(caught.value))


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().stage = "prod"  # type: ignore[misc]
