"""Articles, a copy under each company that they mention; the first copy is also listed by month.

The record of an article says where its copies are, and keeps its earlier versions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ..domain.news import NewsArticle, article_id
from ..errors import ConflictError
from ..ports import ABSENT, Span
from ..tables import MONTH_INDEX, NEWS, STATE
from .optimistic import (
    ItemRange,
    ResultPage,
    change_item,
    fields_of,
    instant_key,
    key_of,
    scan,
    take_page,
    to_item,
)
from .versions import Version, fingerprint, just_after, merge_versions, seen_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from ..domain.model import Ticker
    from ..ports import Cursor, Item, Key, Store, Stored
    from ..provider_port import Vintage

__all__ = [
    "NO_COMPANY",
    "ArticleChange",
    "ArticlePage",
    "ArticleVersion",
    "CopyChange",
    "NewsRepository",
    "ReceivedArticle",
]

NO_COMPANY: Final = "-"
"""The partition of articles that mention no company; no ticker looks like it."""

_MONTHS: Final = {"name": "news/months"}
_PAGE: Final = 100
_PLACE: Final = frozenset({"ticker", "timestamp", "month", "digest"})
_RECORD: Final = "article#"
"""Begins the partition of an article's record; no ticker looks like it."""

_Places = dict[str, list[str]]
"""The companies of an article's copies, by position; it has several while it is moved."""

_HashedKey = tuple[tuple[str, str], ...]
_StoredItems = dict[_HashedKey, "Stored"]

Accept = Callable[[NewsArticle], bool]
ArticlePage = ResultPage[NewsArticle]


class ReceivedArticle(NamedTuple):
    """An article of a response, and when the response came; `recorded` if that is not just now."""

    article: NewsArticle
    digest: str
    at: datetime
    recorded: bool


class CopyChange(NamedTuple):
    """A copy of an article under one company: to be written, or deleted if it has no `item`."""

    ticker: Ticker
    position: str
    item: Item | None
    stored: Stored | None

    @property
    def key(self) -> Key:
        """The key of the copy."""
        return {"ticker": self.ticker, "timestamp": self.position}

    @property
    def added(self) -> int:
        """How many more articles the company has with it."""
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


class NewsRepository:
    """Every article, by company and by month."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def compare(
        self, vintages: Iterable[Vintage[NewsArticle]], *, recorded: bool = False
    ) -> list[ArticleChange]:
        """Return what is new in these responses, which may have come before what is stored.

        A score added by Signal9 does not count as a difference while the text is the same.
        """
        return self._compare(_by_id(vintages, recorded=recorded))

    def write(self, changes: Sequence[ArticleChange]) -> None:
        """Store changed articles, and delete copies where one has moved or left a company.

        An article of which somebody else has stored another version meanwhile is compared again.
        """
        while changes and (outdated := self._write(changes)):
            changes = self._compare({change.article.id: change.received for change in outdated})

    def versions(self, article_id: str) -> list[ArticleVersion]:
        """Return all versions of an article, oldest first; the last is the one that counts."""
        record = self._store.get(NEWS, _record_key(article_id))
        if record is None:
            return []
        copies = self._read(_copy_keys(_places_of(record.item))).values()
        bodies = _bodies({}, copies, record)
        return [
            ArticleVersion(_article(bodies[digest]), version.first, version.last)
            for version in _versions(record.item)
            if (digest := str(version.content["digest"])) in bodies
        ]

    def put_score(self, article: NewsArticle) -> None:
        """Store the score of an article in all its copies whose text is still the same."""
        for ticker in _companies(article):
            change_item(self._store, NEWS, _key(ticker, article), partial(_with_score, article))

    def of_company(
        self,
        ticker: Ticker,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        limit: int,
        cursor: Cursor | None = None,
        accept: Accept | None = None,
    ) -> ArticlePage:
        """Return accepted articles that mention a company, from `first` to `last`, newest first."""
        part = ItemRange(NEWS, ticker, span=_span(first, last), newest_first=True)
        items = scan(self._store, part, cursor, _PAGE)
        return take_page(items, limit, _article, accept, part)

    def recent(
        self,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        limit: int,
        cursor: Cursor | None = None,
        accept: Accept | None = None,
    ) -> ArticlePage:
        """Return accepted articles of all companies, from `first` to `last`, newest first."""
        months = self._months(first, last, cursor)
        whole = ItemRange(NEWS, "", MONTH_INDEX, _span(first, last), newest_first=True)
        items = (
            stored
            for number, month in enumerate(months)
            for stored in scan(
                self._store, replace(whole, partition=month), None if number else cursor, _PAGE
            )
        )
        return take_page(items, limit, _article, accept, whole)

    def between(self, ticker: Ticker, first: datetime, last: datetime) -> Iterator[NewsArticle]:
        """Yield every article that mentions a company, from `first` to `last`, newest first."""
        part = ItemRange(NEWS, ticker, span=_span(first, last), newest_first=True)
        return (_article(item) for item, _ in scan(self._store, part, None, _PAGE))

    def count(self, ticker: Ticker) -> int:
        """Return how many articles mention a company; this reads all of them."""
        return len(self._store.query(NEWS, ticker).items)

    def _compare(self, received: Mapping[str, Sequence[ReceivedArticle]]) -> list[ArticleChange]:
        keys = [_record_key(article_id) for article_id in received]
        keys += [key for versions in received.values() for key in _keys_of(versions)]
        stored = self._read(keys)
        records = {
            str(row.item["articleId"]): row for row in stored.values() if "articleId" in row.item
        }
        places = (key for row in records.values() for key in _copy_keys(_places_of(row.item)))
        known = set(map(_hashed, keys))
        if elsewhere := [key for key in places if _hashed(key) not in known]:
            stored |= self._read(elsewhere)
        changes = (
            _compare(versions, records.get(article_id), stored)
            for article_id, versions in received.items()
        )
        return [change for change in changes if change is not None]

    def _read(self, keys: Iterable[Key]) -> _StoredItems:
        return {key_of(NEWS, row.item): row for row in self._store.get_many(NEWS, keys)}

    def _write(self, changes: Sequence[ArticleChange]) -> list[ArticleChange]:
        """Write what somebody else has not changed meanwhile, and return the other changes.

        A record names the place of a copy from before the copy is written until it is deleted.
        """
        copies = [copy for change in changes for copy in change.copies]
        self._widen_months({copy.position[:7] for copy in copies if copy.item})
        written = {change.article.id: self._put_record(change) for change in changes}
        current = [change for change in changes if written[change.article.id] is not None]
        for change in current:
            for copy in change.copies:
                if copy.item is None:
                    self._store.delete(NEWS, copy.key)
        taken = self._put_new(current)
        current = [
            change for change in current if _hashed(_record_key(change.article.id)) not in taken
        ]
        for change in current:
            for copy in change.copies:
                if copy.item and (copy.stored or _hashed(copy.key) in taken):
                    self._put_copy(change.article, copy)
        done = {
            change.article.id
            for change in current
            if self._finish_record(change, written[change.article.id])
        }
        return [change for change in changes if change.article.id not in done]

    def _put_record(self, change: ArticleChange) -> int | None:
        """Write the record of a known article; return its version, `None` if another is stored."""
        if change.stored is None:
            return ABSENT
        if change.first_record == change.stored.item:
            return change.stored.version
        with suppress(ConflictError):
            return self._store.put(NEWS, change.first_record, expected=change.stored.version)
        return None

    def _finish_record(self, change: ArticleChange, version: int | None) -> bool:
        """Take places without a copy from a record; return whether it is still the one written."""
        if change.first_record == change.record:
            return True
        with suppress(ConflictError):
            self._store.put(NEWS, change.record, expected=version)
            return True
        return False

    def _put_new(self, changes: Sequence[ArticleChange]) -> set[_HashedKey]:
        """Write new records and copies; return the keys of those that somebody else has written."""
        items = [change.record for change in changes if change.stored is None]
        copies = [copy for change in changes for copy in change.copies]
        items += [copy.item for copy in copies if copy.item and copy.stored is None]
        return {key_of(NEWS, item) for item in self._store.put_new(NEWS, items)}

    def _put_copy(self, article: NewsArticle, copy: CopyChange) -> None:
        """Write a copy, unless somebody else has written a newer one meanwhile."""
        digest = _digest(article)

        def changed(stored: Item | None) -> Item | None:
            unchanged = stored == (copy.stored.item if copy.stored else None)
            if not unchanged and self._newest(article.id) != digest:
                return stored
            return _copy(_keeping_score(stored, article), copy.ticker, digest)

        change_item(self._store, NEWS, copy.key, changed, known=copy.stored)

    def _newest(self, article_id: str) -> str | None:
        record = self._store.get(NEWS, _record_key(article_id))
        return None if record is None else str(record.item["digest"])

    def _widen_months(self, months: set[str]) -> None:
        def widened(stored: Item | None) -> Item:
            known = set() if stored is None else {str(stored["first"]), str(stored["last"])}
            return {**_MONTHS, "first": min(months | known), "last": max(months | known)}

        change_item(self._store, STATE, _MONTHS, widened)

    def _months(
        self, first: datetime | None, last: datetime | None, cursor: Cursor | None
    ) -> Iterator[str]:
        """Yield the months that may have articles in the span, from the cursor's on."""
        stored = self._store.get(STATE, _MONTHS)
        if stored is None:
            return
        oldest, month = str(stored.item["first"]), str(stored.item["last"])
        if first is not None:
            oldest = max(oldest, instant_key(first)[:7])
        if last is not None:
            month = min(month, instant_key(last)[:7])
        if cursor is not None:
            month = min(month, cursor["month"])
        while month >= oldest:
            yield month
            month = _month_before(month)


def _by_id(
    vintages: Iterable[Vintage[NewsArticle]], *, recorded: bool
) -> dict[str, list[ReceivedArticle]]:
    """Return the versions of every article; of two in one response the last counts."""
    received: dict[str, list[ReceivedArticle]] = defaultdict(list)
    for vintage in vintages:
        for article in {article.id: article for article in vintage.records}.values():
            before = received[article.id][-1:]
            same = bool(before) and before[0].article == article
            digest = before[0].digest if same else _digest(article)
            received[article.id].append(ReceivedArticle(article, digest, vintage.at, recorded))
    return received


def _compare(
    received: Sequence[ReceivedArticle], record: Stored | None, stored: _StoredItems
) -> ArticleChange | None:
    versions = _merged([] if record is None else _versions(record.item), received)
    digest = str(versions[-1].content["digest"])
    articles = {each.digest: each.article for each in received}
    article = articles.get(digest, received[-1].article)
    known = {} if record is None else _places_of(record.item)
    keys = [*_copy_keys(known), *_keys_of(received)]
    before = {place: stored[place] for place in map(_hashed, keys) if place in stored}
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


def _changed_copies(
    article: NewsArticle, digest: str, before: _StoredItems
) -> Iterator[CopyChange]:
    """Yield the copies that an article needs and does not have."""
    copies = before.values()
    scored = reduce(lambda latest, copy: _keeping_score(copy.item, latest), copies, article)
    for key in _copy_keys(_places(article)):
        item, known = _copy(scored, key["ticker"], digest), before.get(_hashed(key))
        if known is None or known.item != item:
            yield CopyChange(key["ticker"], key["timestamp"], item, known)


def _left_copies(places: _Places, before: _StoredItems) -> Iterator[CopyChange]:
    """Yield the copies where an article is no longer."""
    wanted = set(map(_hashed, _copy_keys(places)))
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
        **_record_key(article_id),
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
    places, more = _places_of(record), _places_of(other)
    both = {
        position: sorted({*places.get(position, ()), *more.get(position, ())})
        for position in sorted({*places, *more})
    }
    return {**record, "copies": both}


def _places(article: NewsArticle) -> _Places:
    return {_position(article): _companies(article)}


def _places_of(record: Item) -> _Places:
    copies = record["copies"]
    if not isinstance(copies, Mapping):
        return {}
    return {
        position: list(map(str, tickers))
        for position, tickers in copies.items()
        if isinstance(tickers, list)
    }


def _copy_keys(places: _Places) -> list[dict[str, str]]:
    return [
        {"ticker": ticker, "timestamp": position}
        for position, tickers in places.items()
        for ticker in tickers
    ]


def _keys_of(received: Iterable[ReceivedArticle]) -> Iterator[dict[str, str]]:
    """Yield the keys of all copies that these versions have."""
    articles = {each.digest: each.article for each in received}
    for article in articles.values():
        yield from _copy_keys(_places(article))


def _record_key(article_id: str) -> dict[str, str]:
    return {"ticker": f"{_RECORD}{article_id}", "timestamp": "-"}


def _hashed(key: Key) -> _HashedKey:
    return key_of(NEWS, key)


def _digest(article: NewsArticle) -> str:
    return article_id(fingerprint(to_item(article)))


def _body(item: Item) -> Item:
    return {name: value for name, value in item.items() if name not in _PLACE}


def _with_score(article: NewsArticle, stored: Item | None) -> Item | None:
    if stored is None:
        return None
    scored = _taking_score(_article(stored), article)
    return _copy(scored, str(stored["ticker"]), str(stored.get("digest")))


def _keeping_score(stored: Item | None, article: NewsArticle) -> NewsArticle:
    return article if stored is None else _taking_score(article, _article(stored))


def _taking_score(article: NewsArticle, scored: NewsArticle) -> NewsArticle:
    """Return `article` with the score of ours that `scored` has, if it needs one and fits."""
    scorer, score = scored.scored_by, scored.sentiment
    if article.sentiment is not None or scorer is None or score is None:
        return article
    return article.scored(score, scorer) if scored.text == article.text else article


def _companies(article: NewsArticle) -> list[Ticker]:
    return sorted(mention.ticker for mention in article.tickers) or [NO_COMPANY]


def _key(ticker: Ticker, article: NewsArticle) -> dict[str, str]:
    return {"ticker": ticker, "timestamp": _position(article)}


def _position(article: NewsArticle) -> str:
    return f"{instant_key(article.published_at)}#{article.id}"


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year:04}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"


def _copy(article: NewsArticle, ticker: Ticker, digest: str) -> Item:
    item = {**to_item(article), **_key(ticker, article), "digest": digest}
    return item | {"month": _position(article)[:7]} if ticker == _companies(article)[0] else item


def _article(item: Item) -> NewsArticle:
    return NewsArticle.model_validate(fields_of(item, _PLACE))


def _span(first: datetime | None, last: datetime | None) -> Span:
    return Span(
        None if first is None else instant_key(first),
        None if last is None else f"{instant_key(last)}$",  # "$" follows "#" in the alphabet
    )
