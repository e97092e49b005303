"""An empty stage fills itself: keys of a provider are all that it is given."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx2
import pytest

from signal9_core.ports import utc_now
from signal9_core.providers.simulator.market import Market
from signal9_core.providers.simulator.simulator import Simulator, running
from signal9_deploy.settings import LOCAL
from tests.e2e.place import STAGE, Place, empty_place, eventually

KEY: Final = "key-of-e2e"
COMPANIES: Final = 6
WITHIN_S: Final = 300


@pytest.fixture(scope="module")
def filling() -> Iterator[Place]:
    """A stage with empty tables, whose provider is simulated."""
    if STAGE != LOCAL:
        pytest.skip("a real stage is not empty")
    simulator = Simulator(Market(utc_now, COMPANIES), keys=frozenset({KEY}))
    with empty_place() as place, running(simulator) as address:
        variables = {
            "SIGNAL9_ALPHAVANTAGE_URL": address,
            "SIGNAL9_ALPHAVANTAGE_PER_MINUTE": "600",
        }
        place.command("deploy", LOCAL, "--no-seed", SIGNAL9_DEPLOY__PROVIDER="alphavantage")
        with place.configured("Plan", **variables), place.configured("Work", **variables):
            keys = json.dumps({"alphavantage": {"apiKey": KEY}})
            place.command("secrets", LOCAL, stdin=keys, SIGNAL9_DEPLOY__PROVIDER="alphavantage")
            yield place


@pytest.fixture(scope="module")
def api(filling: Place) -> Iterator[httpx2.Client]:
    """A client of the API, from the beginning."""
    with filling.api(filling.token()) as client:
        yield client


def _found(api: httpx2.Client, path: str, **query: str) -> Callable[[], Any]:
    """Return a look at the items of a list, or at an answer without items."""

    def look() -> Any:
        answer = api.get(path, params=query)
        content = answer.json() if answer.status_code == 200 else {}
        return content.get("items", content)

    return look


def test_a_stage_fills_itself_and_notifies_a_follower(api: httpx2.Client) -> None:
    listed = eventually(_found(api, "/assets"), within_s=WITHIN_S)
    tickers = [company["ticker"] for company in listed]
    api.put("/users/me/watchlist", json={"watchlist": tickers}).raise_for_status()

    for ticker in tickers:
        prices = eventually(_found(api, f"/assets/{ticker}/prices"), within_s=WITHIN_S)
        assert prices[0]["close"]
        assert eventually(_found(api, f"/financials/{ticker}"), within_s=WITHIN_S)
    news = eventually(_found(api, "/news"), within_s=WITHIN_S)
    sent = eventually(_found(api, "/users/me/notifications"), within_s=WITHIN_S)

    assert len(tickers) == COMPANIES
    assert {article["label"] for article in news}
    assert {notification["ticker"] for notification in sent} <= set(tickers)
    company = api.get(f"/assets/{tickers[0]}").json()
    assert company["insights"]["range52Weeks"]["high"]
    assert set(company["freshness"]) >= {"prices", "news", "financials", "overview"}
