"""Scorers of articles that came without a tone."""

from .scorer import LexiconScorer

__all__ = ["LexiconScorer"]
