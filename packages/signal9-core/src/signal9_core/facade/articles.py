"""Articles about companies."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..answers import ArticleAnswer
from .display import Grid, shortened
from .rows import Rows

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

__all__ = ["Articles"]


@dataclass(frozen=True, repr=False)
class Articles(Rows[ArticleAnswer]):
    """Articles, newest first; `ticker` is the company that was asked for, if one was."""

    ticker: str | None

    def to_pandas(self) -> "pd.DataFrame":
        """Return a data frame by `publishedAt` (UTC), newest first."""
        from .frames import pandas_articles

        return pandas_articles(self.items)

    def to_polars(self) -> "pl.DataFrame":
        """Return a data frame, newest first, with `publishedAt` in UTC."""
        from .frames import polars_articles

        return polars_articles(self.items)

    def grid(self) -> Grid:
        """Return what to show."""
        rows = shortened(self.items, _row)
        title = f"{len(self):,} articles{f' about {self.ticker}' if self.ticker else ''}"
        return Grid(title, ("published", "tone", "source", "title"), rows, (self.notice,))


def _row(article: ArticleAnswer) -> tuple[str, ...]:
    tone = "" if article.sentiment is None else f"{article.sentiment:+.2f}"
    return f"{article.published_at:%Y-%m-%d}", tone, article.source, article.title
