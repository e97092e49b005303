"""Articles, by company, topic and month: the first copy of each is also listed by month."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Final

from ..domain.news import NewsArticle
from ..errors import ConflictError
from ..ports import ABSENT, Cursor, Item, Key, Span, Store, Stored
from ..tables import MONTH_INDEX, NEWS, STATE, state_key
from .articles import (
    ArticleChange,
    ArticleVersion,
    CopyChange,
    HashedKey,
    ReceivedArticle,
    StoredItems,
    article_versions,
    compare_article,
    copy_key,
    copy_keys,
    digest_of,
    hashed,
    keep_score,
    keys_of_copies,
    partitions_of,
    places_of,
    received_by_id,
    record_key,
    take_score,
    to_article,
    to_copy,
    topic_partition,
)
from .optimistic import ItemRange, ResultPage, change_item, instant_key, key_of, scan, take_page

if TYPE_CHECKING:
    from datetime import date, datetime

    from ..domain.model import Ticker
    from ..provider_port import Vintage

_MONTHS: Final = state_key("news-months")
_FIRST_YEAR: Final = 1990
"""No provider has older news."""

_PAGE: Final = 100

Accept = Callable[[NewsArticle], bool]
ArticlePage = ResultPage[NewsArticle]


class NewsRepository:
    """Every article, by company, topic and month."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def compare(
        self, vintages: Iterable[Vintage[NewsArticle]], *, recorded: bool = False
    ) -> list[ArticleChange]:
        """Return what is new in these responses, which may have come before what is stored.

        A score added by Signal9 does not count as a difference while the text is the same.
        """
        return self._compare(received_by_id(vintages, recorded=recorded))

    def write(self, changes: Sequence[ArticleChange]) -> None:
        """Store changed articles; delete copies where one has moved, or left a company or topic.

        An article of which somebody else has stored another version meanwhile is compared again.
        """
        while changes and (outdated := self._write(changes)):
            changes = self._compare({change.article.id: change.received for change in outdated})

    def versions(self, article_id: str) -> list[ArticleVersion]:
        """Return all versions of an article, oldest first; the last is the one that counts."""
        record = self._store.get(NEWS, record_key(article_id))
        if record is None:
            return []
        copies = self._read(copy_keys(places_of(record.item)))
        return article_versions(record, copies.values())

    def get(self, article_id: str) -> NewsArticle | None:
        """Return the newest version of an article."""
        versions = self.versions(article_id)
        return versions[-1].article if versions else None

    def put_score(self, article: NewsArticle) -> None:
        """Store the score of an article in all its copies whose text is still the same.

        Companies' copies come last: while one has no score, the article is scored again.
        """
        for partition in reversed(partitions_of(article)):
            key = copy_key(partition, article)
            change_item(self._store, NEWS, key, partial(_with_score, article))

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
        return take_page(items, limit, to_article, accept, part)

    def on_topic(
        self,
        topic: str,
        first: datetime | None = None,
        last: datetime | None = None,
        *,
        limit: int,
        cursor: Cursor | None = None,
    ) -> ArticlePage:
        """Return the articles on a topic, from `first` to `last`, newest first."""
        partition = topic_partition(topic)
        return self.of_company(partition, first, last, limit=limit, cursor=cursor)

    def about_any(
        self,
        tickers: Iterable[Ticker],
        topics: Iterable[str],
        first: datetime | None = None,
        *,
        limit: int,
        cursor: Cursor | None = None,
        accept: Accept | None = None,
    ) -> ArticlePage:
        """Return accepted articles about any of these companies and topics, newest first.

        Its cursor has the attributes of a cursor of `recent`.
        """
        whole = ItemRange(NEWS, "", span=_span(first, None), newest_first=True)
        parts = [
            replace(whole, partition=partition)
            for partition in (*tickers, *map(topic_partition, topics))
        ]
        size = min(limit + 1, _PAGE)
        copies = heapq.merge(
            *(scan(self._store, part, _cursor_in(part, cursor), size) for part in parts),
            key=_position_of,
            reverse=True,
        )
        # The copies of an article have the same position.
        items = (next(same) for _, same in groupby(copies, _position_of))
        page = take_page(items, limit, to_article, accept, whole)
        return page._replace(cursor=page.cursor and {**page.cursor, **_month_of(page.cursor)})

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
        return take_page(items, limit, to_article, accept, whole)

    def between(self, ticker: Ticker, first: datetime, last: datetime) -> Iterator[NewsArticle]:
        """Yield every article that mentions a company, from `first` to `last`, newest first."""
        part = ItemRange(NEWS, ticker, span=_span(first, last), newest_first=True)
        return (to_article(item) for item, _ in scan(self._store, part, size=_PAGE))

    def count(self, ticker: Ticker, first: date | None = None) -> int:
        """Return how many articles mention a company since a day; this reads all of them."""
        span = None if first is None else Span(first.isoformat())
        return len(self._store.query(NEWS, ticker, span=span).items)

    def find_months(self, until: date) -> None:
        """Find the first and the last month with news, where that was lost."""
        months = [
            f"{year}-{month:02}"
            for year in range(_FIRST_YEAR, until.year + 2)
            for month in range(1, 13)
        ]
        used = {
            month
            for month in months
            if self._store.query(NEWS, month, index=MONTH_INDEX, limit=1).items
        }
        if used:
            self._widen_months(used)

    def _compare(self, received: Mapping[str, Sequence[ReceivedArticle]]) -> list[ArticleChange]:
        keys = [record_key(article_id) for article_id in received]
        keys += [key for versions in received.values() for key in keys_of_copies(versions)]
        stored = self._read(keys)
        records = {
            str(row.item["articleId"]): row for row in stored.values() if "articleId" in row.item
        }
        places = (key for row in records.values() for key in copy_keys(places_of(row.item)))
        known = set(map(hashed, keys))
        if elsewhere := [key for key in places if hashed(key) not in known]:
            stored |= self._read(elsewhere)
        changes = (
            compare_article(versions, records.get(article_id), stored)
            for article_id, versions in received.items()
        )
        return [change for change in changes if change is not None]

    def _read(self, keys: Iterable[Key]) -> StoredItems:
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
            change for change in current if hashed(record_key(change.article.id)) not in taken
        ]
        for change in current:
            for copy in change.copies:
                if copy.item and (copy.stored or hashed(copy.key) in taken):
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

    def _put_new(self, changes: Sequence[ArticleChange]) -> set[HashedKey]:
        """Write new records and copies; return the keys of those that somebody else has written."""
        items = [change.record for change in changes if change.stored is None]
        copies = [copy for change in changes for copy in change.copies]
        items += [copy.item for copy in copies if copy.item and copy.stored is None]
        return {key_of(NEWS, item) for item in self._store.put_new(NEWS, items)}

    def _put_copy(self, article: NewsArticle, copy: CopyChange) -> None:
        """Write a copy, unless somebody else has written a newer one meanwhile."""
        digest = digest_of(article)

        def changed(stored: Item | None) -> Item | None:
            unchanged = stored == (copy.stored.item if copy.stored else None)
            if not unchanged and self._newest(article.id) != digest:
                return stored
            return to_copy(keep_score(stored, article), copy.partition, digest)

        change_item(self._store, NEWS, copy.key, changed, known=copy.stored)

    def _newest(self, article_id: str) -> str | None:
        record = self._store.get(NEWS, record_key(article_id))
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


def _with_score(article: NewsArticle, stored: Item | None) -> Item | None:
    if stored is None:
        return None
    scored = take_score(to_article(stored), article)
    return to_copy(scored, str(stored["ticker"]), str(stored.get("digest")))


def _position_of(stored: Stored) -> str:
    return str(stored.item["timestamp"])


def _month_of(cursor: Cursor) -> Cursor:
    return {"month": cursor["timestamp"][:7]}


def _cursor_in(part: ItemRange, cursor: Cursor | None) -> Cursor | None:
    return cursor and {"ticker": part.partition, "timestamp": cursor["timestamp"]}


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year:04}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"


def _span(first: datetime | None, last: datetime | None) -> Span:
    return Span(
        None if first is None else instant_key(first),
        None if last is None else f"{instant_key(last)}$",  # "$" follows "#" in the alphabet
    )
