"""News articles and their sentiment towards companies."""

import hashlib
import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, model_validator

from .model import Exact, Instant, Model, OpenModel, Score, Ticker


class SentimentLabel(StrEnum):
    """A sentiment in words, spelled as in AlphaVantage's data."""

    BEARISH = "Bearish"
    SOMEWHAT_BEARISH = "Somewhat-Bearish"
    NEUTRAL = "Neutral"
    SOMEWHAT_BULLISH = "Somewhat-Bullish"
    BULLISH = "Bullish"


_MILD: Final = Decimal("0.15")
_STRONG: Final = Decimal("0.35")


def label_of(score: Decimal) -> SentimentLabel:
    """Return the label of a score from -1 to 1; a bound belongs to the stronger one."""
    if score <= -_STRONG:
        return SentimentLabel.BEARISH
    if score <= -_MILD:
        return SentimentLabel.SOMEWHAT_BEARISH
    if score < _MILD:
        return SentimentLabel.NEUTRAL
    return SentimentLabel.SOMEWHAT_BULLISH if score < _STRONG else SentimentLabel.BULLISH


_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")


def topic_of(text: str) -> str:
    """Return a topic's canonical form: `mergers_and_acquisitions` of `Mergers & Acquisitions`."""
    return _SEPARATORS.sub("_", text.lower().replace("&", " and ")).strip("_")


def article_id(*parts: str) -> str:
    """Return a short, stable id made of what identifies an article, such as its address."""
    return hashlib.blake2s("\n".join(parts).encode(), digest_size=10).hexdigest()


Topic = Annotated[str, AfterValidator(topic_of), Field(min_length=1, max_length=64)]
"""A topic tag: lower case words joined by underscores."""


class TickerSentiment(Model):
    """An article's relevance for a company and its sentiment towards it."""

    ticker: Ticker
    relevance: Annotated[Exact, Field(ge=0, le=1)]
    sentiment: Score | None = None

    @property
    def label(self) -> SentimentLabel | None:
        """The sentiment in words."""
        return None if self.sentiment is None else label_of(self.sentiment)


class NewsArticle(OpenModel):
    """A published article; `sentiment` is its overall sentiment."""

    id: str
    published_at: Instant
    title: str = Field(min_length=1)
    summary: str | None = None
    url: str | None = None
    source: str
    topics: tuple[Topic, ...] = ()
    tickers: tuple[TickerSentiment, ...] = ()
    sentiment: Score | None = None
    scored_by: str | None = Field(
        None, description="What scored the sentiment, where the source did not."
    )

    @model_validator(mode="after")
    def _names_each_company_once(self) -> Self:
        tickers = [mention.ticker for mention in self.tickers]
        if len(set(tickers)) != len(tickers):
            raise ValueError(f"article {self.id}: a ticker occurs twice in {tickers}")
        return self

    @property
    def label(self) -> SentimentLabel | None:
        """The sentiment in words."""
        return None if self.sentiment is None else label_of(self.sentiment)

    @property
    def text(self) -> str:
        """Title and summary, for scoring."""
        return f"{self.title}\n{self.summary}" if self.summary else self.title

    def scored(self, score: Exact, scorer: str) -> Self:
        """Return the article with this score wherever its source gave none."""
        mentions = tuple(
            mention.model_copy(update={"sentiment": score})
            if mention.sentiment is None
            else mention
            for mention in self.tickers
        )
        if self.sentiment is not None and mentions == self.tickers:
            return self
        overall = score if self.sentiment is None else self.sentiment
        return self.model_copy(
            update={"tickers": mentions, "sentiment": overall, "scored_by": scorer}
        )
