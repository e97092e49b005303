"""What a search found."""

from dataclasses import dataclass

from ..answers import SearchHit
from .display import Grid, shortened
from .rows import Rows

__all__ = ["Hits"]


@dataclass(frozen=True, repr=False)
class Hits(Rows[SearchHit]):
    """Companies that are like a query, best first."""

    query: str

    def grid(self) -> Grid:
        """Return what to show."""
        rows = shortened(self.items, _row)
        title = f"{len(self)} companies like {self.query!r}"
        return Grid(title, ("ticker", "name", "exchange", "score"), rows, (self.notice,))


def _row(hit: SearchHit) -> tuple[str, ...]:
    return hit.ticker, hit.name or "", hit.exchange or "", f"{hit.score:,f}"
