"""What a caller looked at."""

from dataclasses import dataclass

from ..personal import ViewedAnswer
from ..queries.parameters import Nearest, existing
from ..repositories import AssetRepository, ViewedRepository

__all__ = ["NoteViewed"]


@dataclass(frozen=True)
class NoteViewed:
    """Note that the caller looked at a company.

    Its own call rather than part of reading the company, so that reading never waits for a write.
    """

    viewed: ViewedRepository
    assets: AssetRepository
    nearest: Nearest

    def __call__(self, user_id: str, ticker: str) -> ViewedAnswer:
        """Return the list, latest first; `NotFoundError` for an unknown ticker."""
        found = existing(self.assets, ticker, self.nearest).asset.ticker
        self.viewed.add(user_id, found)
        return ViewedAnswer(viewed=self.viewed.of_user(user_id))
