"""Which provider there is, by setting; and a provider of one's own, as the how-to says."""

import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from signal9_core.adapters import ProviderPackage, make_provider, provider_notice
from signal9_core.bootstrap import App
from signal9_core.domain.companies import Asset, DataSet
from signal9_core.domain.prices import Bar, PriceSeries
from signal9_core.errors import SettingsError
from signal9_core.provider_port import History, Provider, ProviderFormat
from signal9_core.providers import PROVIDERS, alpaca, alphavantage, sample
from signal9_core.settings import Settings, load_settings
from tests.fakes import FakeProvider, SetClock

from .wire import KEY

PACKAGES: tuple[ProviderPackage, ...] = (alpaca, alphavantage, sample)


@pytest.mark.parametrize(
    ("chosen", "name", "has_notice"),
    [
        ({"provider": "alphavantage", "alphavantage_key": KEY}, "alphavantage", True),
        (
            {
                "provider": "alphavantage",
                "alphavantage_key": KEY,
                "alphavantage_per_minute": 75,
            },
            "alphavantage",
            False,
        ),
        ({"provider": "alpaca", "alpaca_key": KEY, "alpaca_secret": KEY}, "alpaca", True),
        ({"provider": "sample"}, "sample", True),
    ],
)
def test_the_setting_chooses_the_provider(
    chosen: dict[str, Any], name: str, *, has_notice: bool
) -> None:
    settings = load_settings(**chosen)

    provider = make_provider(settings, SetClock())

    assert provider.name == name
    assert (provider.notice is not None) == has_notice
    assert provider_notice(settings, name) == provider.notice


@pytest.mark.parametrize(
    ("chosen", "missing"),
    [
        ({"provider": "alphavantage"}, "SIGNAL9_ALPHAVANTAGE_KEY"),
        ({"provider": "alpaca", "alpaca_key": KEY}, "SIGNAL9_ALPACA_SECRET"),
    ],
)
def test_a_missing_key_is_named(
    chosen: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing, raising=False)

    with pytest.raises(SettingsError, match=f"{missing} is not set"):
        make_provider(load_settings(**chosen), SetClock())


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "signal9_core.providers.alphavantage.client", raising=False)
    monkeypatch.delitem(sys.modules, "signal9_core.providers.http", raising=False)
    monkeypatch.setitem(sys.modules, "httpx2", None)

    with pytest.raises(SettingsError, match=r"signal9-core\[live\]"):
        make_provider(load_settings(provider="alphavantage"), SetClock())


@pytest.mark.parametrize("url", ["ftp://host", "https://host?apikey=1", "https://me@host", "host"])
def test_an_address_that_is_more_than_a_place_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="SIGNAL9_ALPHAVANTAGE_URL"):
        load_settings(alphavantage_url=url)


CSV = "2024-01-04,10\n2024-01-05,11\n"


def _parse(body: bytes, ticker: str | None) -> Iterator[PriceSeries]:
    """A parser of the tiny provider: a table of days and closes."""
    assert ticker is not None
    rows = (line.split(",") for line in body.decode().splitlines())
    bars = [_bar(ticker, day, Decimal(close)) for day, close in rows]
    yield PriceSeries.from_bars(ticker, bars)


def _bar(ticker: str, day: str, close: Decimal) -> Bar:
    at = date.fromisoformat(day)
    return Bar(ticker=ticker, day=at, open=close, high=close, low=close, close=close, volume=1)


class TinyProvider(FakeProvider):
    """A provider that has one table."""

    def history(self, ticker: str, since: date | None = None) -> History | None:
        (series,) = _parse(CSV.encode(), ticker)
        return History(series.between(since))


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a provider that is registered for one test."""
    package = ModuleType("tests.tiny_provider")
    listing = [Asset(ticker="TINY")]
    package.create = lambda settings, **parts: TinyProvider(  # type: ignore[attr-defined]
        name="tiny", notice="Two days.", listing=listing, covering=["TINY"]
    )
    package.notice = lambda settings: "Two days."  # type: ignore[attr-defined]
    package.response_format = lambda: ProviderFormat(  # type: ignore[attr-defined]
        {"closes": _parse},
        str.upper,
        {"closes": DataSet.PRICES},
        frozenset(),
        lambda function, count: True,
    )
    monkeypatch.setitem(sys.modules, package.__name__, package)
    monkeypatch.setitem(PROVIDERS, "tiny", package.__name__)
    return load_settings().model_copy(update={"provider": "tiny"})


def test_a_registered_provider_is_ingested_and_replayed(tiny: Settings, tmp_path: Path) -> None:
    recorded = tmp_path / "recordings" / "tiny" / "closes" / "TINY_2024.csv"
    recorded.parent.mkdir(parents=True)
    recorded.write_text(CSV, encoding="utf-8")

    with App(tiny.model_copy(update={"home": tmp_path}), clock=SetClock()) as app:
        ingested = app.ingest(tickers=["TINY"], data_sets=[DataSet.PRICES])
        replayed = app.replay(tmp_path / "recordings")
        notice = app.notice_of("tiny")

    assert (ingested.provider, ingested.failed, notice) == ("tiny", [], "Two days.")
    assert (replayed.files, replayed.skipped) == (1, [])
    assert ingested.stored["prices"] == replayed.stored["prices"] == 2


def test_every_registered_provider_names_itself() -> None:
    settings = load_settings(alphavantage_key=KEY, alpaca_key=KEY, alpaca_secret=KEY)
    providers: list[Provider] = [
        package.create(settings, quota=None, cache=None, clock=SetClock()) for package in PACKAGES
    ]

    assert [provider.name for provider in providers] == sorted(PROVIDERS)
