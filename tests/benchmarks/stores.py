"""How fast items get into the store on this machine, and how fast they take DynamoDB's form."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from timeit import timeit
from typing import Any, Final

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from signal9_core.ports import Item
from signal9_core.stores import dynamodb as wire
from signal9_core.stores.sqlite import SqliteStore
from signal9_core.tables import NEWS

from .measure import Measure
from .timing import installed, milliseconds

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
_CALLS: Final = 2_000
_ROUNDS: Final = 9


def measures() -> Iterator[Measure]:
    """Yield puts a second, and how many times faster than its peers the codec is."""
    yield Measure("store_puts", _puts_a_second(), "items/s", 20_000, "higher")
    yield _compared("codec_boto3", "boto3 TypeSerializer", _boto3())
    if installed("pynamodb", "PynamoDB"):
        yield _compared("codec_pynamodb", "PynamoDB", _pynamodb())


def _puts_a_second() -> float:
    items: list[Item] = [
        ARTICLE | {"ticker": f"T{number % 500}", "timestamp": f"2024-01-05T14:30:00Z#{number:020}"}
        for number in range(_ITEMS)
    ]
    return _ITEMS / min(_load_ms(items) for _ in range(_LOADS)) * 1_000


def _load_ms(items: list[Item]) -> float:
    with TemporaryDirectory() as folder, SqliteStore.open(Path(folder, "market.db")) as store:
        return milliseconds(lambda: store.put_many(NEWS, iter(items)))


def _compared(name: str, peer: str, theirs: Callable[[], object]) -> Measure:
    ours_us, theirs_us = _times_us(_ours, theirs)
    ratio = theirs_us / ours_us
    return Measure(name, ratio, "times as fast", 5, "higher", peer, ratio)


def _ours() -> object:
    return wire.item_of(wire.attributes_of(ARTICLE))


def _boto3() -> Callable[[], object]:
    serializer, deserializer = TypeSerializer(), TypeDeserializer()

    def round_trip() -> object:
        attributes = {name: serializer.serialize(value) for name, value in ARTICLE.items()}
        return {name: deserializer.deserialize(value) for name, value in attributes.items()}

    return round_trip


def _pynamodb() -> Callable[[], object]:
    """Return a round trip through PynamoDB, which takes floats for numbers instead of decimals."""
    models, kinds = import_module("pynamodb.models"), import_module("pynamodb.attributes")
    text, number, members = kinds.UnicodeAttribute, kinds.NumberAttribute, kinds.MapAttribute
    mention = type(
        "Mention", (members,), {"ticker": text(), "relevance": number(), "sentiment": number()}
    )
    attributes = {name: text() for name, value in ARTICLE.items() if isinstance(value, str)}
    attributes |= {
        "ticker": text(hash_key=True),
        "timestamp": text(range_key=True),
        "topics": kinds.ListAttribute(of=text),
        "tickers": kinds.ListAttribute(of=mention),
        "sentiment": number(),
        "Meta": type("Meta", (), {"table_name": "News"}),
    }
    article_type: Any = type("Article", (models.Model,), attributes)
    article = article_type(**_with_floats(ARTICLE))
    return lambda: article_type.from_raw_data(article.serialize())


def _with_floats(value: Any) -> Any:
    match value:
        case Decimal():
            return float(value)
        case dict():
            return {name: _with_floats(each) for name, each in value.items()}
        case list():
            return [_with_floats(each) for each in value]
    return value


def _times_us(*calls: Callable[[], object]) -> list[float]:
    """Return the best time of each call, all taken in turns so that none has the quiet moments."""
    rounds = [[timeit(call, number=_CALLS) for call in calls] for _ in range(_ROUNDS)]
    return [min(times) / _CALLS * 1e6 for times in zip(*rounds, strict=True)]
