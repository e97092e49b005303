"""How fast items get into the store on this machine."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from signal9_core.ports import Item
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import NEWS

from .measure import Measure
from .timing import milliseconds

__all__ = ["measures"]

ARTICLE: Final[dict[str, Any]] = {
    "ticker": "AAPL",
    "timestamp": "2024-01-05T14:30:00Z#6b1f0c2d9ae84c7f5e3d",
    "month": "2024-01",
    "id": "6b1f0c2d9ae84c7f5e3d",
    "publishedAt": "2024-01-05T14:30:00Z",
    "title": "Chip makers lead the market up as Apple and Microsoft reclaim their averages",
    "summary": "Shares of large technology companies rose on Friday after a week of losses. " * 3,
    "url": "https://example.com/2024/01/05/chip-makers-lead-the-market-up.html",
    "source": "Example Wire",
    "topics": ["technology", "financial_markets", "earnings"],
    "tickers": [
        {"ticker": "AAPL", "relevance": Decimal("0.812345"), "sentiment": Decimal("0.254321")},
        {"ticker": "MSFT", "relevance": Decimal("0.431092"), "sentiment": Decimal("0.118273")},
        {"ticker": "NVDA", "relevance": Decimal("0.120934"), "sentiment": Decimal("-0.041237")},
    ],
    "sentiment": Decimal("0.187654"),
}
"""An article as the news repository stores it: mostly texts, a few numbers, two lists."""

_ITEMS: Final = 20_000
_LOADS: Final = 3


def measures() -> Iterator[Measure]:
    """Yield puts a second."""
    items: list[Item] = [
        ARTICLE | {"ticker": f"T{number % 500}", "timestamp": f"2024-01-05T14:30:00Z#{number:020}"}
        for number in range(_ITEMS)
    ]
    puts = _ITEMS / min(_load_ms(items) for _ in range(_LOADS)) * 1_000
    yield Measure("store_puts", puts, "items/s", 10_000, "higher")


def _load_ms(items: list[Item]) -> float:
    with TemporaryDirectory() as folder, SqliteStore.open(Path(folder, "market.db")) as store:
        return milliseconds(lambda: store.put_many(NEWS, iter(items)))
