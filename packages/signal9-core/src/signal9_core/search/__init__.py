"""Finding companies by ticker or name, however they are typed."""

from .index import Entry, Match, SearchIndex

__all__ = ["Entry", "Match", "SearchIndex"]
