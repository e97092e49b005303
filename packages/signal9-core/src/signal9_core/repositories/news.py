"""Articles, a copy under each company that they mention; the first copy is also listed by month."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from ..domain import NewsArticle, Ticker
from ..ports import Cursor, Item, Span, Store, Stored
from ..tables import MONTH_INDEX, NEWS, STATE
from .changes import change_item
from .codec import instant_key, to_item
from .paging import Slice, scan, take

__all__ = ["ArticlePage", "NewsRepository"]

NO_COMPANY: Final = "-"
"""The partition of articles that mention no company; no ticker looks like it."""

_MONTHS: Final = "news/months"
_PAGE: Final = 100
_PLACE: Final = frozenset({"ticker", "timestamp", "month", "other"})

Accept = Callable[[NewsArticle], bool]


class ArticlePage(NamedTuple):
    """Part of a list of articles; `cursor` continues it and is `None` at the end."""

    items: list[NewsArticle]
    cursor: Cursor | None


class NewsRepository:
    """Every article, by company and by month."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def sync(self, articles: Iterable[NewsArticle]) -> list[NewsArticle]:
        """Store what is new or different; return those articles.

        A tone that was worked out here is no difference, as long as the text is the same.
        """
        changed = []
        for article in articles:
            self._widen_months(_month(article))
            differs = [self._sync_copy(ticker, article) for ticker in _companies(article)]
            if any(differs):
                changed.append(article)
        return changed

    def put_score(self, article: NewsArticle) -> None:
        """Store the tone of an article in all its copies, unless its text has changed meanwhile."""
        for ticker in _companies(article):
            key = {"ticker": ticker, "timestamp": _position(article)}
            change_item(self._store, NEWS, key, _with_score(article))

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
        part = Slice(NEWS, ticker, span=_span(first, last), newest_first=True)
        items = scan(self._store, part, cursor, _PAGE)
        return ArticlePage(*take(items, limit, _reader(accept), part))

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
        months = list(self._months(first, last, cursor))
        part = Slice(NEWS, "", MONTH_INDEX, _span(first, last), newest_first=True)
        parts = (replace(part, partition=month) for month in months)
        items = (
            each
            for place, part in enumerate(parts)
            for each in scan(self._store, part, cursor if place == 0 else None, _PAGE)
        )
        return ArticlePage(*take(items, limit, _reader(accept), part))

    def count(self, ticker: Ticker) -> int:
        """Return how many articles mention a company."""
        return len(self._store.query(NEWS, ticker).items)

    def _sync_copy(self, ticker: Ticker, article: NewsArticle) -> bool:
        dropped: set[Ticker] = set()

        def changed(stored: Item | None) -> Item | None:
            if stored is None:
                return _copy(article, ticker)
            before = _article(stored)
            dropped.update(set(_companies(before)) - set(_companies(article)))
            after = _copy(_keeping_score(before, article), ticker)
            return None if after == stored else after

        key = {"ticker": ticker, "timestamp": _position(article)}
        differs = change_item(self._store, NEWS, key, changed)
        for each in dropped:
            self._store.delete(NEWS, key | {"ticker": each})
        return differs

    def _widen_months(self, month: str) -> None:
        def widened(stored: Item | None) -> Item | None:
            first = month if stored is None else min(month, str(stored["first"]))
            last = month if stored is None else max(month, str(stored["last"]))
            after = {"name": _MONTHS, "first": first, "last": last}
            return None if after == stored else after

        change_item(self._store, STATE, {"name": _MONTHS}, widened)

    def _months(
        self, first: datetime | None, last: datetime | None, cursor: Cursor | None
    ) -> Iterator[str]:
        known = self._store.get(STATE, {"name": _MONTHS})
        if known is None:
            return
        oldest, month = str(known.item["first"]), str(known.item["last"])
        if first is not None:
            oldest = max(oldest, instant_key(first)[:7])
        if last is not None:
            month = min(month, instant_key(last)[:7])
        if cursor is not None:
            month = min(month, cursor["month"])
        while month >= oldest:
            yield month
            month = _month_before(month)


def _with_score(article: NewsArticle) -> Callable[[Item | None], Item | None]:
    def scored(stored: Item | None) -> Item | None:
        if stored is None or _article(stored).text != article.text:
            return None
        after = _copy(article, str(stored["ticker"]))
        return None if after == stored else after

    return scored


def _keeping_score(before: NewsArticle, article: NewsArticle) -> NewsArticle:
    scorer, score = before.scored_by, before.sentiment
    if article.sentiment is not None or scorer is None or score is None:
        return article
    return article.scored(score, scorer) if before.text == article.text else article


def _companies(article: NewsArticle) -> list[Ticker]:
    return sorted(each.ticker for each in article.tickers) or [NO_COMPANY]


def _position(article: NewsArticle) -> str:
    return f"{instant_key(article.published_at)}#{article.id}"


def _month(article: NewsArticle) -> str:
    return instant_key(article.published_at)[:7]


def _month_before(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year:04}-{number - 1:02}" if number > 1 else f"{year - 1:04}-12"


def _copy(article: NewsArticle, ticker: Ticker) -> Item:
    item = {**to_item(article), "ticker": ticker, "timestamp": _position(article)}
    return item | {"month": _month(article)} if ticker == _companies(article)[0] else item


def _article(item: Item) -> NewsArticle:
    fields = {name: value for name, value in item.items() if name not in _PLACE}
    other = item.get("other")
    return NewsArticle.model_validate(fields | (other if isinstance(other, dict) else {}))


def _reader(accept: Accept | None) -> Callable[[Stored], NewsArticle | None]:
    def read(stored: Stored) -> NewsArticle | None:
        article = _article(stored.item)
        return article if accept is None or accept(article) else None

    return read


def _span(first: datetime | None, last: datetime | None) -> Span:
    return Span(
        None if first is None else instant_key(first),
        None if last is None else f"{instant_key(last)}$",  # "$" follows "#" in the alphabet
    )
