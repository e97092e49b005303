"""Keys come from the environment, `.env`, the keyring or Secrets Manager, in this order."""

import json
import sys
from collections.abc import Iterator, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws
from pydantic import SecretStr

from signal9_core.aws import aws_client
from signal9_core.bootstrap import App
from signal9_core.credentials import (
    Credential,
    Credentials,
    EnvironmentCredentials,
    KeyringCredentials,
    SecretsManagerCredentials,
)
from signal9_core.errors import SecretNotSetError, SettingsError
from signal9_core.settings import load_settings
from tests.emulator import CREDENTIALS

Passwords = dict[tuple[str, str], str | Exception]


def sources(credentials: Credentials) -> Mapping[str, str | None]:
    return {key.setting: key.source for key in credentials.list().keys}


class Fixed:
    """A source with one key."""

    def __init__(self, source: str, key: str, value: str) -> None:
        self._key = key
        self._credential = Credential(SecretStr(value), source)

    def get(self, key: str) -> Credential | None:
        return self._credential if key == self._key else None


def test_the_first_source_that_has_a_key_counts() -> None:
    credentials = Credentials(
        (
            Fixed("first", "alpaca_secret", "a"),
            Fixed("second", "alpaca_key", "b"),
            Fixed("third", "alpaca_key", "c"),
        )
    )

    assert credentials.of("alpaca") == {
        "alpaca_key": SecretStr("b"),
        "alpaca_secret": SecretStr("a"),
    }
    assert credentials.of("alphavantage") == credentials.of("sample") == {}
    assert sources(credentials) == {
        "SIGNAL9_ALPHAVANTAGE_KEY": None,
        "SIGNAL9_ALPACA_KEY": "second",
        "SIGNAL9_ALPACA_SECRET": "first",
    }


def test_a_value_of_the_settings_comes_from_the_environment_or_the_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGNAL9_ALPACA_KEY", "id")
    values = EnvironmentCredentials(
        {"alpaca_key": SecretStr("id"), "alpaca_secret": SecretStr("secret")}
    )

    assert values.get("alpaca_key") == (SecretStr("id"), "environment")
    assert values.get("alpaca_secret") == (SecretStr("secret"), ".env")
    assert values.get("alphavantage_key") is None


class KeyringError(Exception):
    pass


class NoKeyringError(KeyringError):
    pass


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Passwords:
    """A keyring in place of the package `keyring`, which is not needed otherwise."""
    passwords: Passwords = {}

    def get_password(service: str, name: str) -> str | None:
        password = passwords.get((service, name))
        if isinstance(password, Exception):
            raise password
        return password

    module: Any = ModuleType("keyring")
    module.__spec__ = ModuleSpec("keyring", None)
    module.get_password = get_password
    errors: Any = SimpleNamespace(KeyringError=KeyringError, NoKeyringError=NoKeyringError)
    monkeypatch.setitem(sys.modules, "keyring", module)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    return passwords


def test_a_key_of_the_keyring_is_found(keyring: Passwords) -> None:
    keyring["signal9", "alphavantage_key"] = "secret"

    credential = KeyringCredentials().get("alphavantage_key")

    assert credential == (SecretStr("secret"), "keyring")
    assert KeyringCredentials().get("alpaca_key") is None


def test_a_missing_keyring_has_no_keys_and_a_locked_one_is_an_error(
    keyring: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyring["signal9", "alpaca_key"] = NoKeyringError()
    keyring["signal9", "alpaca_secret"] = KeyringError("locked")

    assert KeyringCredentials().get("alpaca_key") is None
    with pytest.raises(SettingsError, match="cannot read alpaca_secret from the keyring: locked"):
        KeyringCredentials().get("alpaca_secret")
    monkeypatch.setattr("signal9_core.credentials.find_spec", lambda _: None)
    assert KeyringCredentials().get("alpaca_secret") is None


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield boto3.client("secretsmanager")


def test_the_keys_of_a_stage_are_in_its_secrets(secrets: Any) -> None:
    value = json.dumps({"apiKey": "id", "secretKey": "secret"})
    secrets.create_secret(Name="signal9/alpaca/prod", SecretString=value)
    secrets.create_secret(Name="signal9/alphavantage/prod", SecretString='{"apiKey": ""}')
    client = aws_client("secretsmanager")

    prod = SecretsManagerCredentials(client, "prod")

    assert prod.get("alpaca_key") == (SecretStr("id"), "Secrets Manager")
    assert prod.get("alpaca_secret") == (SecretStr("secret"), "Secrets Manager")
    assert prod.get("alphavantage_key") is None
    assert SecretsManagerCredentials(client, "dev").get("alpaca_key") is None


def test_a_secret_at_its_placeholder_is_named_with_the_remedy_until_it_is_set(
    secrets: Any,
) -> None:
    name = "signal9/alphavantage/prod"
    secrets.create_secret(Name=name, SecretString='{"apiKey": "set-me"}')
    prod = SecretsManagerCredentials(aws_client("secretsmanager"), "prod")

    with pytest.raises(SecretNotSetError) as raised:
        prod.get("alphavantage_key")
    listed = sources(Credentials([prod]))
    secrets.put_secret_value(SecretId=name, SecretString='{"apiKey": "key"}')

    assert prod.get("alphavantage_key") == (SecretStr("key"), "Secrets Manager")
    assert listed["SIGNAL9_ALPHAVANTAGE_KEY"] is None
    assert str(raised.value) == (
        f"secret {name} still holds its placeholder: set it with `hatch run deploy:secrets prod`"
    )


@pytest.mark.parametrize("text", ["my-secret-key", '["my-secret-key"]'])
def test_a_secret_that_is_not_an_object_is_named_without_its_value(secrets: Any, text: str) -> None:
    secrets.create_secret(Name="signal9/alpaca/prod", SecretString=text)

    with pytest.raises(SettingsError, match="must hold a JSON object") as raised:
        SecretsManagerCredentials(aws_client("secretsmanager"), "prod").get("alpaca_key")

    assert "my-secret-key" not in str(raised.value)


def test_an_application_looks_everywhere(
    secrets: Any, keyring: Passwords, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIGNAL9_ALPACA_KEY", "of-environment")
    lines = ("SIGNAL9_ALPACA_KEY=of-file", "SIGNAL9_ALPACA_SECRET=of-file")
    (tmp_path / ".env").write_text("\n".join(lines))
    secrets.create_secret(Name="signal9/alphavantage/dev", SecretString='{"apiKey": "key"}')
    settings = load_settings(store="dynamodb", stage="dev", provider="alphavantage")

    with App(settings) as app:
        on_aws = {key.setting: key.source for key in app.list_credentials().keys}
        assert app.provider.name == "alphavantage"
    keyring["signal9", "alphavantage_key"] = "secret"
    with App(settings) as app:
        with_keyring = {key.setting: key.source for key in app.list_credentials().keys}

    assert settings.alpaca_key == SecretStr("of-environment")
    assert on_aws == {
        "SIGNAL9_ALPHAVANTAGE_KEY": "Secrets Manager",
        "SIGNAL9_ALPACA_KEY": "environment",
        "SIGNAL9_ALPACA_SECRET": ".env",
    }
    assert with_keyring["SIGNAL9_ALPHAVANTAGE_KEY"] == "keyring"
