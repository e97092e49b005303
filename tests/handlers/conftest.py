"""A server on a free port with a few made-up companies, and the application behind it."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Bar, PriceSeries
from signal9_core.settings import Settings
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.runtime import application
from tests.core.cli.stocked import stocked
from tests.fakes import ARTICLES, SERIES, FakeProvider, article

from .sample import Target, serving, target

EXACT = Decimal("123.45678901234567")
"""A price that no float holds."""


def _long_series() -> PriceSeries:
    days = [date(2023, 1, 2) + timedelta(days=at) for at in range(25)]
    bars = [
        Bar(
            ticker="MSFT",
            day=day,
            open=EXACT,
            high=EXACT + 1,
            low=EXACT,
            close=EXACT,
            volume=at,
            adjusted_close=EXACT,
        )
        for at, day in enumerate(days)
    ]
    return PriceSeries.from_bars("MSFT", bars)


def _unadjusted_series() -> PriceSeries:
    bar = Bar(
        ticker="BRK.B",
        day=date(2024, 1, 2),
        open=Decimal("702.10"),
        high=Decimal("702.10"),
        low=Decimal("702.10"),
        close=Decimal("702.10"),
        volume=1,
    )
    return PriceSeries.from_bars("BRK.B", [bar])


def provider() -> FakeProvider:
    later = [article(f"Apple {day}", f"2024-01-{day:02}T08:00", "AAPL") for day in range(10, 17)]
    more = {"MSFT": _long_series(), "BRK.B": _unadjusted_series()}
    return FakeProvider(articles=[*ARTICLES, *later], series={**SERIES, **more})


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    with App(Settings(home=folder), provider=provider()) as app:
        app.ingest()
    return folder


@pytest.fixture
def app(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.setenv("SIGNAL9_HOME", str(home))
    application.cache_clear()
    with application() as app:
        yield app
    application.cache_clear()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with serving(LocalServer(Site("Made up & small."))) as address:
        yield address


@pytest.fixture
def client(address: str, app: App) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=address) as client:
        yield client


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The whole sample behind an API; tests only read it."""
    with target(stocked(tmp_path_factory).home) as found:
        yield found
