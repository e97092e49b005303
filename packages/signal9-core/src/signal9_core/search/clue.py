"""What the indexes say of a query: which companies it may mean, and how likely each is.

| clue | points |
|---|---|
| the exact ticker | 100 |
| the exact name | 97 |
| the beginning of the name, the more of it typed; whole words | 83 to 91; 88 to 96 |
| the beginning of the ticker, the more of it typed | 86 to 92 |
| words of the name in any order, whole, begun or mistyped | 60 to 85 |
| the whole name or ticker, mistyped | 60 to 85 |

Size counts against all but the exact ticker: a company ten times further down the listing has
2 points less. So what is meant by `micro` is Microsoft rather than the smallest Micro of all.
"""

from collections.abc import Iterator

__all__ = ["Clues"]

Clues = Iterator[tuple[int, float]]
"""Places in the listing, each with its points; of several for one place the best counts."""
