"""The five tones of news, with the thresholds that AlphaVantage documents for NEWS_SENTIMENT."""

from decimal import Decimal
from enum import StrEnum
from typing import Final

__all__ = ["SentimentLabel", "label_of"]


class SentimentLabel(StrEnum):
    """A tone in words, spelled as AlphaVantage's data spells it."""

    BEARISH = "Bearish"
    SOMEWHAT_BEARISH = "Somewhat-Bearish"
    NEUTRAL = "Neutral"
    SOMEWHAT_BULLISH = "Somewhat-Bullish"
    BULLISH = "Bullish"


_MILD: Final = Decimal("0.15")
_STRONG: Final = Decimal("0.35")


def label_of(score: Decimal) -> SentimentLabel:
    """Return the label of a score from -1 to 1; a bound belongs to the stronger tone."""
    if score <= -_STRONG:
        return SentimentLabel.BEARISH
    if score <= -_MILD:
        return SentimentLabel.SOMEWHAT_BEARISH
    if score < _MILD:
        return SentimentLabel.NEUTRAL
    return SentimentLabel.SOMEWHAT_BULLISH if score < _STRONG else SentimentLabel.BULLISH
