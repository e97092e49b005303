"""The providers' own clients are satisfied with the simulator: that is how faithful it is."""

import json
import subprocess
import sys
from datetime import date
from importlib.util import find_spec
from typing import Any

import pytest

from signal9_core.domain import CorporateAction
from signal9_core.providers.sample.provider import SampleProvider
from tests.simulator import RecentSample, Simulator, running

END = date(2013, 3, 8)
"""The day on which the bundled sample is as recent as a `RecentSample` makes it."""
ACTIONS = [
    CorporateAction.model_validate({"ticker": "AAPL", "kind": kind, "exDate": day, **figure})
    for kind, day, figure in (
        ("dividend", "2013-02-07", {"amount": "2.65"}),
        ("split", "2012-06-01", {"ratio": "0.125"}),
        ("split", "2005-02-28", {"ratio": "2"}),
    )
]


@pytest.fixture(scope="module")
def seen() -> Any:
    """What both clients make of one simulator, in a process of their own."""
    if find_spec("alpha_vantage") is None or find_spec("alpaca") is None:
        pytest.skip("alpha_vantage or alpaca-py is not installed here")
    with running(Simulator(RecentSample(END, ACTIONS))) as address:
        command = [sys.executable, "-m", "tests.simulator.official", address]
        done = subprocess.run(
            command, check=False, capture_output=True, encoding="utf-8", timeout=120
        )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_alpha_vantage_finds_everything_in_its_place(seen: Any) -> None:
    series = SampleProvider().prices("IBM")
    assert series is not None

    seen = seen["alphavantage"]

    assert seen["bars"] == len(series)
    assert seen["compact"] == 100
    assert seen["intraday"]["1. open"] == f"{series.price('open', -1):.4f}"
    assert seen["newest"]["4. close"] == f"{series.price('close', -1):.4f}"
    assert seen["adjusted"] == str(series.adjusted_closes()[-1])
    assert seen["symbol"] == ["IBM"] * 3
    assert seen["table"][0] == ["timestamp", "open", "high", "low", "close", "volume"]
    assert seen["table"][1][0] == "2013-03-01"
    assert seen["search"] == "IBM"
    assert seen["revenue"].isdigit()
    assert "Invalid API call" in seen["bad symbol"]
    assert "apikey is invalid" in seen["bad key"]


def test_alpaca_py_finds_everything_on_every_page(seen: Any) -> None:
    provider = SampleProvider()
    series = provider.prices("IBM")
    assert series is not None

    seen = seen["alpaca"]

    assert seen["bars"]["IBM"] == sum(
        day.year >= 2012 for day in map(series.day, range(len(series)))
    )
    assert seen["newest"] == ["2013-03-01 05:00:00+00:00", float(series.price("close", -1))]
    assert seen["news"] == min(60, len(list(provider.news("AAPL"))))
    assert seen["actions"] == {
        "cash_dividends": [["2013-02-07", 2.65]],
        "reverse_splits": [["2012-06-01", 8]],
    }
    assert seen["assets"] == len(list(provider.assets()))
    assert seen["apple"].upper().startswith("APPLE")
    assert "verification" in seen["bad key"]
