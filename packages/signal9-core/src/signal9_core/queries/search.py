"""Search over tickers and names: the index is built on first use and then kept."""

from dataclasses import dataclass
from threading import Lock
from typing import Final

from ..answers import SearchAnswer, SearchHit
from ..errors import InputError
from ..repositories import AssetRepository
from ..search import Entry, SearchIndex
from .parameters import check_limit

__all__ = ["CompanyFinder", "SearchCompanies"]

LIMIT: Final = 50
_LONGEST: Final = 200


class CompanyFinder:
    """The search index over the stored listing."""

    def __init__(self, assets: AssetRepository) -> None:
        self._assets = assets
        self._lock = Lock()
        self._index: SearchIndex | None = None

    def index(self) -> SearchIndex:
        """Return the index, built from the listing the first time."""
        with self._lock:
            if self._index is None:
                self._index = SearchIndex(
                    Entry(each.ticker, each.name, each.exchange, each.rank)
                    for each in self._assets.listed()
                )
            return self._index

    def forget(self) -> None:
        """Have the index built anew when it is next needed, since the listing has changed."""
        with self._lock:
            self._index = None

    def nearest(self, ticker: str) -> tuple[str, ...]:
        """Return up to three tickers that may have been meant."""
        return tuple(self.index().nearest(ticker, 3))


@dataclass(frozen=True)
class SearchCompanies:
    """Companies by ticker or name, however they are typed."""

    finder: CompanyFinder

    def __call__(self, q: str, *, limit: int = 10) -> SearchAnswer:
        """Return what is most like `q`, best first."""
        check_limit(limit, LIMIT)
        if not q.strip() or len(q) > _LONGEST:
            raise InputError("q", f"needs 1 to {_LONGEST} characters")
        return SearchAnswer(
            items=[
                SearchHit(
                    ticker=each.ticker, name=each.name, exchange=each.exchange, score=each.score
                )
                for each in self.finder.index().search(q, limit)
            ]
        )
