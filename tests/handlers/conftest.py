"""A server on a free port with four made-up companies, and the application behind it."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest

from signal9_core.bootstrap import App
from signal9_core.domain.adjustment import CorporateAction
from signal9_core.domain.prices import Bar, PriceSeries
from signal9_core.settings import Settings
from signal9_handlers.local.server import LocalServer
from signal9_handlers.local.site import Site
from signal9_handlers.runtime import application
from tests.core.cli.shell import ingest_sample
from tests.fakes import ARTICLES, SERIES, FakeProvider, article

from .sample import EXACT, Target, serving, target


def _flat_series(ticker: str, close: Decimal, days: int) -> PriceSeries:
    """Return bars that open and close at the same price, from 2023-01-02 on."""
    return PriceSeries.from_bars(
        ticker,
        [
            Bar(
                ticker=ticker,
                day=date(2023, 1, 2) + timedelta(days=offset),
                open=close,
                high=close + 1,
                low=close,
                close=close,
                volume=offset,
            )
            for offset in range(days)
        ],
    )


def _provider() -> FakeProvider:
    later = [article(f"Apple {day}", f"2024-01-{day:02}T08:00", "AAPL") for day in range(10, 17)]
    series = {
        **SERIES,
        "MSFT": _flat_series("MSFT", EXACT, 25),
        "BRK.B": _flat_series("BRK.B", Decimal("702.10"), 1),
    }
    day = date(2023, 12, 29)
    split = CorporateAction(ticker="AAPL", kind="split", ex_date=day, ratio=Decimal(2))
    return FakeProvider(articles=[*ARTICLES, *later], series=series, actions={"AAPL": [split]})


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    with App(Settings(home=folder), provider=_provider()) as app:
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
    with target(ingest_sample(tmp_path_factory).home) as sample:
        yield sample
