"""The search index follows the listing, without being built for every search."""

import pytest

from signal9_core.bootstrap import App
from signal9_core.domain import Asset
from signal9_core.errors import StoreUnavailableError
from signal9_core.services import queries as module


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(module, "monotonic", lambda: 60 * now[0])
    return now


def _first(app: App, query: str) -> str | None:
    found = app.search(query).items
    return found[0].ticker if found else None


def _lists(app: App, ticker: str, name: str) -> None:
    """Have another process list a company and publish the listing."""
    app.assets.sync([Asset(ticker=ticker, name=name)])
    other = module.CompanyFinder(app.assets, app.listing)
    other.publish()


def test_a_newer_listing_is_found_within_a_minute(app: App, minutes: list[float]) -> None:
    _lists(app, "AAA", "Aardvark")
    assert _first(app, "aardvark") == "AAA"
    _lists(app, "BBB", "Beaver")

    assert _first(app, "beaver") is None
    minutes[0] += 1
    assert _first(app, "beaver") == "BBB"


def test_the_index_is_not_built_again_for_the_same_listing(app: App, minutes: list[float]) -> None:
    _lists(app, "AAA", "Aardvark")
    index = app.finder.index()
    minutes[0] += 1

    assert app.finder.index() is index


def test_companies_are_found_where_no_listing_was_published(app: App, minutes: list[float]) -> None:
    app.assets.sync([Asset(ticker="AAA", name="Aardvark")])

    assert app.listing.version() is None
    assert _first(app, "aardvark") == "AAA"


def test_a_store_that_is_away_does_not_end_searching(
    app: App, minutes: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _lists(app, "AAA", "Aardvark")
    assert _first(app, "aardvark") == "AAA"

    def away() -> str:
        raise StoreUnavailableError("throttled")

    monkeypatch.setattr(app.listing, "version", away)
    minutes[0] += 1

    assert _first(app, "aardvark") == "AAA"
