import pytest

from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.search import Entry, SearchIndex


@pytest.fixture(scope="session")
def listing() -> list[Entry]:
    return [
        Entry(asset.ticker, asset.name, asset.exchange, asset.rank)
        for asset in SampleProvider().assets()
    ]


@pytest.fixture(scope="session")
def index(listing: list[Entry]) -> SearchIndex:
    return SearchIndex(listing)
