"""Search over tickers and names: the index is built on first use, kept, and renewed."""

from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Final

from ..answers import SearchAnswer, SearchHit
from ..errors import InputError, StoreUnavailableError
from ..repositories import AssetRepository, ListedName, ListingRepository
from ..search import Entry, SearchIndex
from .parameters import check_limit

__all__ = ["CompanyFinder", "SearchCompanies"]

LIMIT: Final = 50
RENEWED_AFTER_S: Final = 60.0
_LONGEST: Final = 200


class CompanyFinder:
    """The search index over the listing: the compact one, or all companies where there is none."""

    def __init__(self, assets: AssetRepository, listing: ListingRepository) -> None:
        self._assets = assets
        self._listing = listing
        self._lock = Lock()
        self._index: SearchIndex | None = None
        self._version: str | None = None
        self._looked_at = 0.0

    def index(self) -> SearchIndex:
        """Return the index; once a minute, look whether there is a newer listing."""
        with self._lock:
            now = monotonic()
            if self._index is None:
                self._looked_at, self._index = now, self._built()
            elif now - self._looked_at >= RENEWED_AFTER_S:
                self._looked_at = now
                self._index = self._renewed(self._index)
            return self._index

    def publish(self) -> None:
        """Write the compact listing anew where companies have changed, and use it from now on."""
        self._listing.publish(
            ListedName(each.ticker, each.name, each.exchange, each.rank)
            for each in self._assets.listed()
        )
        self.forget()

    def forget(self) -> None:
        """Have the index made anew when it is next needed."""
        with self._lock:
            self._index = None

    def nearest(self, ticker: str) -> tuple[str, ...]:
        """Return up to three tickers that may have been meant."""
        return tuple(self.index().nearest(ticker, 3))

    def _renewed(self, index: SearchIndex) -> SearchIndex:
        try:
            return index if self._listing.version() == self._version else self._built()
        except StoreUnavailableError:
            return index  # a listing of yesterday is better than none

    def _built(self) -> SearchIndex:
        self._version, companies = self._listing.load() or (None, self._assets.listed())
        return SearchIndex(
            Entry(each.ticker, each.name, each.exchange, each.rank) for each in companies
        )


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
