"""Keys come from the environment, `.env`, the keyring or Secrets Manager, in this order."""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pydantic import SecretStr

from signal9_core.bootstrap import App
from signal9_core.credentials import (
    KeyName,
    KeyringKeys,
    SecretsManagerKeys,
    find_key,
    secrets_client,
    with_keys,
)
from signal9_core.errors import SecretNotSetError, SettingsError
from signal9_core.settings import Settings, load_settings
from tests.emulator import CREDENTIALS


@dataclass
class Kept:
    """A source with some keys."""

    name: str
    keys: Mapping[str, str]

    def get(self, key: KeyName) -> SecretStr | None:
        found = self.keys.get(key)
        return None if found is None else SecretStr(found)


def test_the_first_source_that_has_a_key_is_taken() -> None:
    sources = (
        Kept("first", {}),
        Kept("second", {"alpaca_key": "a"}),
        Kept("third", {"alpaca_key": "b"}),
    )

    found = find_key("alpaca_key", sources)

    assert found is not None
    assert (found.source, found.value.get_secret_value()) == ("second", "a")
    assert find_key("alpaca_secret", sources) is None
    assert list(with_keys(("alpaca_key", "alpaca_secret"), sources)) == ["alpaca_key"]


class KeyringError(Exception):
    pass


class NoKeyringError(KeyringError):
    pass


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, str], str | Exception]:
    """A keyring in the place of the package `keyring`, which is not needed otherwise."""
    kept: dict[tuple[str, str], str | Exception] = {}

    def get_password(service: str, name: str) -> str | None:
        found = kept.get((service, name))
        if isinstance(found, Exception):
            raise found
        return found

    module: Any = ModuleType("keyring")
    module.__spec__ = ModuleSpec("keyring", None)
    module.get_password = get_password
    errors: Any = SimpleNamespace(KeyringError=KeyringError, NoKeyringError=NoKeyringError)
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return kept


def test_a_key_of_the_keyring_is_found(
    keyring: dict[tuple[str, str], str | Exception],
) -> None:
    keyring["signal9", "alphavantage_key"] = "secret"

    found = KeyringKeys().get("alphavantage_key")

    assert found == SecretStr("secret")
    assert KeyringKeys().get("alpaca_key") is None


def test_no_keyring_is_no_key_and_a_locked_one_is_an_error(
    keyring: dict[tuple[str, str], str | Exception],
) -> None:
    keyring["signal9", "alpaca_key"] = NoKeyringError()
    keyring["signal9", "alpaca_secret"] = KeyringError("locked")

    assert KeyringKeys().get("alpaca_key") is None
    with pytest.raises(SettingsError, match="does not give alpaca_secret: locked"):
        KeyringKeys().get("alpaca_secret")


def test_without_the_package_there_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signal9_core.credentials.find_spec", lambda _: None)

    assert KeyringKeys().get("alpaca_key") is None


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("secretsmanager")


def test_keys_of_a_stage_are_in_its_secrets(secrets: Any) -> None:
    value = json.dumps({"apiKey": "id", "secretKey": "secret"})
    secrets.create_secret(Name="signal9/alpaca/prod", SecretString=value)
    secrets.create_secret(Name="signal9/alphavantage/prod", SecretString='{"apiKey": ""}')
    keys = SecretsManagerKeys(secrets_client(), "prod")

    assert keys.get("alpaca_key") == SecretStr("id")
    assert keys.get("alpaca_secret") == SecretStr("secret")
    assert keys.get("alphavantage_key") is None
    assert SecretsManagerKeys(secrets_client(), "dev").get("alpaca_key") is None


def test_a_secret_at_its_placeholder_is_named_with_the_remedy_until_it_is_set(
    secrets: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNAL9_STORE", "dynamodb")
    monkeypatch.setenv("SIGNAL9_STAGE", "prod")
    name = "signal9/alphavantage/prod"
    secrets.create_secret(Name=name, SecretString='{"apiKey": "set-me"}')

    with App(load_settings(provider="alphavantage")) as app:
        with pytest.raises(SecretNotSetError) as raised:
            _ = app.provider
        places = {each.setting: each.source for each in app.list_credentials().keys}
        secrets.put_secret_value(SecretId=name, SecretString='{"apiKey": "key"}')
        assert app.provider.name == "alphavantage"

    assert str(raised.value) == (
        f"secret {name} still holds its placeholder: `hatch run deploy:secrets prod` sets it"
    )
    assert places["SIGNAL9_ALPHAVANTAGE_KEY"] is None


def test_a_secret_that_is_no_object_is_named_without_its_value(secrets: Any) -> None:
    secrets.create_secret(Name="signal9/alpaca/prod", SecretString="my-secret-key")
    secrets.create_secret(Name="signal9/alphavantage/prod", SecretString="[1]")
    keys = SecretsManagerKeys(secrets_client(), "prod")

    for key in ("alpaca_key", "alphavantage_key"):
        with pytest.raises(SettingsError, match="is no JSON object") as raised:
            keys.get(key)
        assert "my-secret-key" not in str(raised.value)


def test_the_environment_counts_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGNAL9_ALPACA_KEY", "of-environment")
    lines = ("ALPACA_KEY=of-file", "ALPACA_SECRET=of-file")
    (tmp_path / ".env").write_text("\n".join(f"SIGNAL9_{line}" for line in lines))

    settings = load_settings()
    with App(settings) as app:
        places = {each.setting: each.source for each in app.list_credentials().keys}

    assert settings.alpaca_key == SecretStr("of-environment")
    assert settings.alpaca_secret == SecretStr("of-file")
    assert places["SIGNAL9_ALPACA_KEY"] == "environment"
    assert places["SIGNAL9_ALPACA_SECRET"] == ".env"
    assert places["SIGNAL9_ALPHAVANTAGE_KEY"] is None


def test_a_key_from_elsewhere_reaches_the_provider(
    keyring: dict[tuple[str, str], str | Exception],
) -> None:
    keyring["signal9", "alphavantage_key"] = "secret"
    settings = Settings.model_validate({"provider": "alphavantage"})

    with App(settings) as app:
        assert app.provider.name == "alphavantage"
        assert app.list_credentials().keys[0].source == "keyring"


def test_on_aws_secrets_manager_is_asked_last(secrets: Any) -> None:
    secrets.create_secret(Name="signal9/alphavantage/dev", SecretString='{"apiKey": "key"}')
    settings = Settings.model_validate({"store": "dynamodb", "stage": "dev"})

    with App(settings) as app:
        assert app.list_credentials().keys[0].source == "Secrets Manager"
