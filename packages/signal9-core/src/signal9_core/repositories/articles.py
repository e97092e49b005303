"""How an article is stored: its copies, its record, and what new versions change in them.

An article has a copy under each company that it mentions and under each of its topics. Its record,
one item besides, says where the copies are, and keeps the earlier versions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..domain.news import NewsArticle, article_id
from ..tables import NEWS
from .optimistic import (
    Version,
    fields_of,
    fingerprint,
    instant_key,
    just_after,
    key_of,
    merge_versions,
    seen_fields,
    to_item,
)

if TYPE_CHECKING:
    from datetime import datetime

    from ..domain.model import Ticker
    from ..ports import Item, Key, Stored
    from ..provider_port import Vintage

_NO_COMPANY: Final = "-"
"""The partition of articles that mention no company; no ticker looks like it."""

_TOPIC: Final = "topic#"
"""Begins the partition of the articles on a topic; no ticker looks like it."""

_PLACE: Final = frozenset({"ticker", "timestamp", "month", "digest"})
_RECORD: Final = "article#"
"""Begins the partition of an article's record; no ticker looks like it."""

_Places = dict[str, list[str]]
"""The partitions of an article's copies, by position; it has several while it is moved."""

HashedKey = tuple[tuple[str, str], ...]
StoredItems = dict[HashedKey, "Stored"]


class ReceivedArticle(NamedTuple):
    """An article of a response, and when the response came; `recorded` if that is not just now."""

    article: NewsArticle
    digest: str
    at: datetime
    recorded: bool


class CopyChange(NamedTuple):
    """A copy of an article in one partition: to be written, or deleted if it has no `item`."""

    partition: str
    position: str
    item: Item | None
    stored: Stored | None

    @property
    def key(self) -> Key:
        """The key of the copy."""
        return {"ticker": self.partition, "timestamp": self.position}

    @property
    def ticker(self) -> Ticker | None:
        """The company of the partition, if it is a company's."""
        is_other = self.partition == _NO_COMPANY or self.partition.startswith(_TOPIC)
        return None if is_other else self.partition

    @property
    def added(self) -> int:
        """How many more articles the partition has with it."""
        return int(self.item is not None) - int(self.stored is not None)


class ArticleChange(NamedTuple):
    """The newest version of an article, its record, and the copies that differ.

    Without copies only earlier versions or times are new, and readers see no difference.
    `received` is what was compared.
    """

    article: NewsArticle
    record: Item
    stored: Stored | None
    copies: Sequence[CopyChange]
    received: Sequence[ReceivedArticle]

    @property
    def first_record(self) -> Item:
        """The record with all places where there are copies before or after the change."""
        return self.record if self.stored is None else _with_places(self.record, self.stored.item)


class ArticleVersion(NamedTuple):
    """A version of an article, and the first and the last time that it was received."""

    article: NewsArticle
    first: datetime
    last: datetime


def received_by_id(
    vintages: Iterable[Vintage[NewsArticle]], *, recorded: bool
) -> dict[str, list[ReceivedArticle]]:
    """Return the versions of every article; of two in one response the last counts."""
    received: dict[str, list[ReceivedArticle]] = defaultdict(list)
    for vintage in vintages:
        for article in {article.id: article for article in vintage.records}.values():
            before = received[article.id][-1:]
            same = bool(before) and before[0].article == article
            digest = before[0].digest if same else digest_of(article)
            received[article.id].append(ReceivedArticle(article, digest, vintage.at, recorded))
    return received


def compare_article(
    received: Sequence[ReceivedArticle], record: Stored | None, stored: StoredItems
) -> ArticleChange | None:
    """Return what these versions change, `None` if nothing; `stored` has every copy there is."""
    versions = _merged([] if record is None else _versions(record.item), received)
    digest = str(versions[-1].content["digest"])
    articles = {each.digest: each.article for each in received}
    article = articles.get(digest, received[-1].article)
    known = {} if record is None else places_of(record.item)
    keys = [*copy_keys(known), *keys_of_copies(received)]
    before = {place: stored[place] for place in map(hashed, keys) if place in stored}
    places = _places(article) if digest in articles else known  # else what is stored is newer
    copies = list(_changed_copies(article, digest, before)) if digest in articles else []
    copies += _left_copies(places, before)
    after = _record(article.id, places, versions, _bodies(articles, before.values(), record))
    if record is not None and record.item == after and not copies:
        return None
    return ArticleChange(article, after, record, copies, received)


def _merged(known: Sequence[Version], received: Sequence[ReceivedArticle]) -> Sequence[Version]:
    """Return all versions of an article.

    When the newest was received again is left out unless that is recorded: a refresh without news
    writes nothing.
    """
    arrived = []
    for _, digest, at, recorded in received:
        content = {"digest": digest}
        first = at if recorded else just_after(known, content, at)
        arrived.append(Version(content, first, first))
    versions = merge_versions([*known, *arrived])
    again = len(versions) == len(known) and not any(each.recorded for each in received)
    return known if again else versions


def _changed_copies(article: NewsArticle, digest: str, before: StoredItems) -> Iterator[CopyChange]:
    """Yield the copies that an article needs and does not have."""
    copies = before.values()
    scored = reduce(lambda latest, copy: keep_score(copy.item, latest), copies, article)
    for key in copy_keys(_places(article)):
        item, known = to_copy(scored, key["ticker"], digest), before.get(hashed(key))
        if known is None or known.item != item:
            yield CopyChange(key["ticker"], key["timestamp"], item, known)


def _left_copies(places: _Places, before: StoredItems) -> Iterator[CopyChange]:
    """Yield the copies at places that an article has left."""
    wanted = set(map(hashed, copy_keys(places)))
    for place, copy in before.items():
        if place not in wanted:
            yield CopyChange(str(copy.item["ticker"]), str(copy.item["timestamp"]), None, copy)


def _record(
    article_id: str, places: _Places, versions: Sequence[Version], bodies: Mapping[str, Item]
) -> Item:
    """Return the record of an article: its places, and its versions but the newest one's text."""
    earlier = [
        {**version.content, **seen_fields(version), "article": bodies[digest]}
        for version in versions[:-1]
        if (digest := str(version.content["digest"])) in bodies
    ]
    record = {
        **record_key(article_id),
        "articleId": article_id,
        "copies": places,
        **versions[-1].content,
        **seen_fields(versions[-1]),
    }
    return {**record, "earlier": earlier} if earlier else record


def _bodies(
    articles: Mapping[str, NewsArticle], copies: Iterable[Stored], record: Stored | None
) -> dict[str, Item]:
    """Return the known versions of an article by their digests."""
    bodies: dict[str, Item] = {digest: to_item(article) for digest, article in articles.items()}
    for copy in copies:
        bodies[str(copy.item.get("digest"))] = _body(copy.item)
    for version in () if record is None else _earlier(record.item):
        bodies[str(version["digest"])] = _body(version["article"])
    return bodies


def _versions(record: Item) -> list[Version]:
    return [
        Version.of_item(version, {"digest": version["digest"]})
        for version in (*_earlier(record), record)
    ]


def _earlier(record: Item) -> Sequence[Mapping[str, Any]]:
    earlier = record.get("earlier")
    return earlier if isinstance(earlier, list) else ()


def _with_places(record: Item, other: Item) -> Item:
    """Return a record with the places of another one as well."""
    places, more = places_of(record), places_of(other)
    both = {
        position: sorted({*places.get(position, ()), *more.get(position, ())})
        for position in sorted({*places, *more})
    }
    return {**record, "copies": both}


def _places(article: NewsArticle) -> _Places:
    return {_position(article): partitions_of(article)}


def places_of(record: Item) -> _Places:
    """Return the places of the copies that a record names."""
    copies = record["copies"]
    if not isinstance(copies, Mapping):
        return {}
    return {
        position: list(map(str, partitions))
        for position, partitions in copies.items()
        if isinstance(partitions, list)
    }


def copy_keys(places: _Places) -> list[dict[str, str]]:
    """Return the keys of the copies at these places."""
    return [
        {"ticker": partition, "timestamp": position}
        for position, partitions in places.items()
        for partition in partitions
    ]


def keys_of_copies(received: Iterable[ReceivedArticle]) -> Iterator[dict[str, str]]:
    """Yield the keys of all copies that these versions have."""
    articles = {each.digest: each.article for each in received}
    for article in articles.values():
        yield from copy_keys(_places(article))


def record_key(article_id: str) -> dict[str, str]:
    """Return the key of an article's record."""
    return {"ticker": f"{_RECORD}{article_id}", "timestamp": "-"}


def hashed(key: Key) -> HashedKey:
    """Return a key in a form that can be hashed."""
    return key_of(NEWS, key)


def digest_of(article: NewsArticle) -> str:
    """Return a short text that stands for the content of an article."""
    return article_id(fingerprint(to_item(article)))


def _body(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in _PLACE}


def keep_score(stored: Item | None, article: NewsArticle) -> NewsArticle:
    """Return an article with the score of ours that its stored copy has, if it fits."""
    return article if stored is None else take_score(article, to_article(stored))


def take_score(article: NewsArticle, scored: NewsArticle) -> NewsArticle:
    """Return `article` with the score of ours that `scored` has, if it needs one and fits."""
    scorer, score = scored.scored_by, scored.sentiment
    if article.sentiment is not None or scorer is None or score is None:
        return article
    return article.scored(score, scorer) if scored.text == article.text else article


def topic_partition(topic: str) -> str:
    """Return the partition of the articles on a topic."""
    return f"{_TOPIC}{topic}"


def partitions_of(article: NewsArticle) -> list[str]:
    """Return where an article has copies: under its companies or under none, and its topics."""
    return [*_companies_of(article), *sorted(set(map(topic_partition, article.topics)))]


def _companies_of(article: NewsArticle) -> list[str]:
    return sorted(mention.ticker for mention in article.tickers) or [_NO_COMPANY]


def copy_key(partition: str, article: NewsArticle) -> dict[str, str]:
    """Return the key of an article's copy in a partition."""
    return {"ticker": partition, "timestamp": _position(article)}


def _position(article: NewsArticle) -> str:
    return f"{instant_key(article.published_at)}#{article.id}"


def to_copy(article: NewsArticle, partition: str, digest: str) -> Item:
    """Return the copy of an article in a partition; the first company's is listed by month."""
    item = {**to_item(article), **copy_key(partition, article), "digest": digest}
    is_first = partition == _companies_of(article)[0]
    return item | {"month": _position(article)[:7]} if is_first else item


def to_article(item: Item) -> NewsArticle:
    """Return the article that a copy or a version holds."""
    return NewsArticle.model_validate(fields_of(item, _PLACE))


def article_versions(record: Stored, copies: Iterable[Stored]) -> list[ArticleVersion]:
    """Return all versions of an article, oldest first."""
    bodies = _bodies({}, copies, record)
    return [
        ArticleVersion(to_article(bodies[digest]), version.first, version.last)
        for version in _versions(record.item)
        if (digest := str(version.content["digest"])) in bodies
    ]
