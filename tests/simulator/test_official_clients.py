"""The providers' own clients work with the simulator: so it is faithful."""

import json
import subprocess
import sys
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import pytest

from signal9_core.domain.prices import PriceSeries
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.providers.simulator.simulator import Simulator, running
from tests.simulator.recent import RecentSample, action

UNMOVED = date(2013, 3, 8)
"""The day on which a `RecentSample` is the bundled sample."""
ACTIONS = [
    action("AAPL", "dividend", date(2013, 2, 7), amount=Decimal("2.65")),
    action("AAPL", "split", date(2012, 6, 1), ratio=Decimal("0.125")),
    action("AAPL", "split", date(2005, 2, 28), ratio=Decimal(2)),
]


@pytest.fixture(scope="module")
def seen() -> Any:
    """What both clients make of one simulator, in a process of their own."""
    if find_spec("alpha_vantage") is None or find_spec("alpaca") is None:
        pytest.skip("alpha_vantage or alpaca-py is not installed")
    with running(Simulator(RecentSample(UNMOVED, ACTIONS))) as address:
        command = [sys.executable, "-m", "tests.simulator.official", address]
        done = subprocess.run(
            command, check=False, capture_output=True, encoding="utf-8", timeout=120
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def series() -> PriceSeries:
    history = SampleProvider().history("IBM")
    assert history is not None
    assert history.bars is not None
    return history.bars


def test_alpha_vantage_finds_everything_in_its_place(seen: Any, series: PriceSeries) -> None:
    seen = seen["alphavantage"]

    assert (seen["bars"], seen["compact"]) == (len(series), 100)
    assert seen["newest"]["4. close"] == f"{series.price('close', -1):.4f}"
    assert Decimal(seen["adjusted"]) == series.price("close", -1)
    assert seen["symbol"] == ["IBM"] * 3
    assert seen["table"][0] == ["timestamp", "open", "high", "low", "close", "volume"]
    assert seen["table"][1][0] == "2013-03-01"
    assert seen["revenue"].isdigit()
    assert "Invalid API call" in seen["bad symbol"]
    assert "apikey is invalid" in seen["bad key"]


def test_alpaca_py_finds_everything_on_every_page(seen: Any, series: PriceSeries) -> None:
    seen, sample = seen["alpaca"], SampleProvider()

    assert seen["bars"]["IBM"] == len(series.between(date(2012, 1, 1)))
    assert seen["newest"] == ["2013-03-01 05:00:00+00:00", float(series.price("close", -1))]
    assert seen["news"] == min(60, len(list(sample.news("AAPL"))))
    assert seen["actions"] == {
        "cash_dividends": [["2013-02-07", 2.65]],
        "reverse_splits": [["2012-06-01", 8]],
    }
    assert seen["assets"] == len(list(sample.assets()))
    assert seen["apple"].upper().startswith("APPLE")
    assert "verification" in seen["bad key"]
