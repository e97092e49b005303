"""Which provider there is, by setting."""

import sys

import pytest

from signal9_core.adapters import make_provider
from signal9_core.errors import SettingsError
from signal9_core.providers.alpaca.provider import AlpacaProvider
from signal9_core.providers.alphavantage.provider import AlphaVantageProvider
from signal9_core.settings import load_settings
from tests.fakes import SetClock

from .wire import KEY


def test_a_free_key_of_alphavantage() -> None:
    settings = load_settings(provider="alphavantage", alphavantage_key=KEY)

    provider = make_provider(settings, SetClock())

    assert isinstance(provider, AlphaVantageProvider)
    assert provider.notice is not None


def test_a_premium_key_of_alphavantage() -> None:
    settings = load_settings(
        provider="alphavantage", alphavantage_key=KEY, alphavantage_per_minute=75
    )

    assert make_provider(settings, SetClock()).notice is None


def test_a_pair_of_keys_of_alpaca() -> None:
    settings = load_settings(provider="alpaca", alpaca_key=KEY, alpaca_secret=KEY)

    assert isinstance(make_provider(settings, SetClock()), AlpacaProvider)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"provider": "alphavantage"}, "SIGNAL9_ALPHAVANTAGE_KEY"),
        ({"provider": "alpaca", "alpaca_key": KEY}, "SIGNAL9_ALPACA_SECRET"),
    ],
)
def test_a_key_that_is_missing_is_named(
    given: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing, raising=False)

    with pytest.raises(SettingsError, match=f"{missing} is not set"):
        make_provider(load_settings(**given), SetClock())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signal9_core.providers.alphavantage.client")
    monkeypatch.setitem(sys.modules, "httpx2", None)

    with pytest.raises(SettingsError, match=r"signal9-core\[live\]"):
        make_provider(load_settings(provider="alphavantage"), SetClock())


@pytest.mark.parametrize("url", ["ftp://host", "https://host?apikey=1", "https://me@host", "host"])
def test_an_address_with_more_than_a_place_in_it_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="SIGNAL9_ALPHAVANTAGE_URL"):
        load_settings(alphavantage_url=url)
