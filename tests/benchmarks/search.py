"""How fast, and how well, mistyped queries find companies in the whole listing."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from rapidfuzz import fuzz, process, utils

from signal9_core.domain.companies import ListedAsset
from signal9_core.providers.sample.provider import SampleProvider
from signal9_core.search import SearchIndex

from ..core.mistyped import MISTYPED
from .measure import Measure
from .timing import milliseconds, p95

__all__ = ["measures"]

_PEER: Final = "rapidfuzz WRatio"
_ROUNDS: Final = 3

First = Callable[[str], str]
"""Returns the ticker of the first company that a query finds."""


def measures() -> Iterator[Measure]:
    """Yield the time to build the index, and speed and hit rate beside a plain fuzzy scan."""
    listing = [
        ListedAsset(asset.ticker, asset.name, asset.exchange, asset.rank)
        for asset in SampleProvider().assets()
    ]
    build = min(milliseconds(lambda: SearchIndex(listing)) for _ in range(_ROUNDS))
    yield Measure("search_build", build, "ms", 500, "lower")

    ours, theirs = _index(listing), _scan(listing)
    slow, slower = _p95(ours, _ROUNDS), _p95(theirs, 1)
    yield Measure("search_p95", slow, "ms", 10, "lower", _PEER, slower / slow)
    hits, fewer = _hit_rate(ours), _hit_rate(theirs)
    yield Measure("search_first_hit", hits, "%", 90, "higher", _PEER, hits / fewer)


def _index(listing: list[ListedAsset]) -> First:
    index = SearchIndex(listing)
    return lambda query: index.search(query)[0].ticker


def _scan(listing: list[ListedAsset]) -> First:
    names = {each.ticker: utils.default_process(each.name or "") for each in listing}

    def first(query: str) -> str:
        wanted = utils.default_process(query)
        best: list[tuple[str, float, str]] = process.extract(
            wanted, names, scorer=fuzz.WRatio, limit=10
        )
        return best[0][2]

    return first


def _p95(first: First, rounds: int) -> float:
    queries = [mistyped.query for mistyped in MISTYPED] * rounds
    return p95([milliseconds(partial(first, query)) for query in queries])


def _hit_rate(first: First) -> float:
    hits = sum(first(mistyped.query) == mistyped.ticker for mistyped in MISTYPED)
    return 100 * hits / len(MISTYPED)
